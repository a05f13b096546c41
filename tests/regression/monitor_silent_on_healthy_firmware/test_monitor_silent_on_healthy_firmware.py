"""The monitor says whether a quiet device is alive."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import mcuforge
from single_op import Spec, build

from mcuforge.device import monitor, protocol
from mcuforge.device.protocol import Message, Request

Answer = Callable[[Message], bytes]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "_QUIET_SECONDS", 0.2)
    monkeypatch.setattr(monitor, "_AGAIN_SECONDS", 0.2)


def _healthy(request: Message) -> bytes:
    body = struct.pack("<5I", 8192, 144, 48, 40, 0)
    return protocol.encode(Message(request.kind | protocol.REPLY, request.sequence, body))


@contextmanager
def _device(answer: Answer) -> Iterator[tuple[str, list[Message]]]:
    """A port, and the requests that came in there."""
    asked: list[Message] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            decoder = protocol.Decoder()
            with connection:
                while data := connection.recv(4096):
                    for request in decoder.feed(data):
                        asked.append(request)
                        connection.sendall(answer(request))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}", asked
        thread.join(timeout=10)


def test_a_healthy_device_is_said_to_be_alive() -> None:
    with _device(_healthy) as (port, asked):
        outcome = mcuforge("monitor", "--port", port, "--seconds", "1.5")
    assert outcome.code == 0
    assert outcome.stdout == (
        "[alive: stack used 144 of 8,192 B, arena used 40 of 48 B, 0 frames lost]\n"
    )
    assert "listening" in outcome.stderr and "Nothing is heard" not in outcome.stderr
    assert len(asked) > 2 and {r.kind for r in asked} == {Request.STATS}  # changes nothing there


def test_nobody_answers() -> None:
    with _device(lambda _: b"") as (port, _):
        outcome = mcuforge("monitor", "--port", port, "--seconds", "2")
    assert (outcome.code, outcome.stdout) == (0, "")
    assert outcome.stderr.count("Nothing is heard") == 1
    assert "baud rate" in outcome.stderr and "Still listening" in outcome.stderr


def test_listening_only() -> None:
    with _device(_healthy) as (port, asked):
        outcome = mcuforge("monitor", "--port", port, "--seconds", "1", "--listen")
    assert (outcome.code, outcome.stdout, asked) == (0, "", [])
    mcuforge("monitor", "--port", port, "--listen", "--ask").refused(2, "--ask", "--listen")


@pytest.mark.sim
def test_the_firmware_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In QEMU, as it is on a board."""
    from mcuforge import boards
    from mcuforge.simulate.choose import choose

    monkeypatch.chdir(tmp_path)
    spec = Spec((1, 4), scale=0.5)
    (tmp_path / "relu.tflite").write_bytes(build("RELU", [spec], [spec]))
    assert mcuforge("emit", "relu.tflite", "-o", "fw").code == 0
    assert mcuforge("build", "fw").code == 0
    choice = choose(boards.load("mps2-an386"), "qemu")
    shown: list[str] = []
    with choice.open(next(Path("fw/build").glob("*/firmware.elf"))) as running:
        transport = running.device._conversation.transport
        pulse = monitor.Pulse(shown.append)
        monitor.watch(transport, monitor.Monitor(), shown.append, 2.0, pulse=pulse)
    assert len(shown) == 1 and shown[0].startswith("[alive: stack used "), shown
