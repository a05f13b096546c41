"""A port that cannot be opened, is silent or belongs to another model stops at once."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import Outcome, mcuforge
from single_op import Spec, build

from mcuforge import driver
from mcuforge.device.client import Link
from mcuforge.proof import reference


@pytest.fixture(autouse=True)
def relu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model; building and computing would be a mistake."""
    monkeypatch.chdir(tmp_path)

    def too_early(*_: object, **__: object) -> None:
        raise AssertionError("built or computed before the port was tried")

    monkeypatch.setattr(driver, "build", too_early)
    monkeypatch.setattr(driver.project, "emit", too_early)
    monkeypatch.setattr(reference, "compute", too_early)
    path = tmp_path / "relu.tflite"
    spec = Spec((1, 4), scale=0.5)
    path.write_bytes(build("RELU", [spec], [spec]))
    return path


@contextmanager
def _listening(answers: bool) -> Iterator[str]:
    """A port that takes everything in, and says nothing, or hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                while answers and connection.recv(4096):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        thread.join(timeout=10)


def _parity(model: Path, port: str) -> Outcome:
    return mcuforge("parity", model, "--port", port, "-o", "out")


@pytest.mark.parametrize("port", ["/dev/ttyNONE7", "socket://127.0.0.1:1", "COM99"])
def test_it_cannot_be_opened(port: str, relu: Path) -> None:
    _parity(relu, port).refused(1, f"{port} cannot be opened")
    mcuforge("monitor", "--port", port).refused(1, f"{port} cannot be opened")


@pytest.mark.parametrize("port", ["socket://127.0.0.1", "socket://h:x", "socket://h:70000"])
def test_it_is_no_address(port: str, relu: Path) -> None:
    _parity(relu, port).refused(2, f"'{port}' has no port")


def test_nobody_answers(relu: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "Link", lambda baud: Link(2, 0.2, baud=baud))
    with _listening(answers=True) as port:
        _parity(relu, port).refused(1, "No answer to HELLO", "port and baud rate right?")


def test_the_other_end_hangs_up(relu: Path) -> None:
    with _listening(answers=False) as port:
        _parity(relu, port).refused(1, "The link to the device was lost")


def test_nothing_is_left_behind(relu: Path, tmp_path: Path) -> None:
    _parity(relu, "/dev/ttyNONE7").refused(1, "cannot be opened")
    assert not (tmp_path / "out").exists()


_METHODS = {"gdb": "mps2-an386", "openocd": "stm32f4-discovery", "jlink": "nrf52840dk"}


@pytest.mark.parametrize("method", [*_METHODS, "stm32cubeprog", "pyocd"])
def test_a_tool_that_is_missing_is_noticed_before_building_too(
    method: str, relu: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    board = _METHODS.get(method, "stm32f4-discovery")
    assert mcuforge("emit", relu, "--board", board, "-o", "fw").code == 0
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pyocd.core", None)
    outcome = mcuforge("flash", "fw", "--method", method)
    outcome.refused(1, "not installed" if method == "pyocd" else "was not found on PATH. ")
    assert not (tmp_path / "fw" / "build").exists()
