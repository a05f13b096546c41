"""Links whose other end is open and reads nothing."""

from __future__ import annotations

import os
import socket
import tty
from collections.abc import Iterator

import pytest

from mcuforge.device import transport
from mcuforge.device.transport import LinkError, Transport

MUCH = b"\x55" * (8 * 2**20)  # more than the system holds back for a reader


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_WRITE_SECONDS", 0.3)


def _socket() -> Iterator[Transport]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield transport.open_url(f"socket://127.0.0.1:{server.getsockname()[1]}", 115200)


def _port() -> Iterator[Transport]:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    yield transport.open_url(os.ttyname(theirs), 115200)
    os.close(ours)
    os.close(theirs)


def _program() -> Iterator[Transport]:
    yield transport.spawn(["sleep", "60"])


@pytest.mark.parametrize("links", [_socket, _port, _program])
def test_it_is_lost(links: object) -> None:
    opened = links()  # type: ignore[operator]
    link = next(opened)
    with pytest.raises(LinkError, match=r"does not take what is sent|[Ww]rite timeout"):
        link.write(MUCH)
    link.close()
    next(opened, None)
