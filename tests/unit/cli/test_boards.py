"""The commands for real boards, as they are typed: flash, monitor, build --toolchain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flash_job import IMAGE
from small_elf import small_elf

from mcuforge.cli import cli, monitor
from mcuforge.device import ports
from mcuforge.device.ports import Port

PORT = Port("/dev/ttyACM7", "0483:374b", "STM32 STLink")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


@pytest.fixture
def firmware(tmp_path: Path) -> str:
    """A HEX file serves where only the bytes are wanted; BIN and map are made or missing."""
    file = tmp_path / "firmware.hex"
    file.write_text(IMAGE.to_hex())
    return str(file)


@pytest.fixture
def project(tmp_path: Path) -> str:
    """As much of a project as the commands look at before they build."""
    described = {"mcuforge": "0", "board": "mps2-an386", "model": "m", "sha256": "00"}
    (tmp_path / "mcuforge.json").write_text(json.dumps(described))
    return str(tmp_path)


def test_an_elf_needs_a_board(firmware: str) -> None:
    result = run("flash", firmware)
    assert result.exit_code == 2
    assert "name it with --board" in result.output


def test_the_project_must_be_for_the_board(project: str) -> None:
    result = run("flash", project, "--board", "nucleo-f767zi")
    assert result.exit_code == 2
    assert "is a project for mps2-an386, not for nucleo-f767zi" in result.output


def test_a_method_that_the_board_does_not_have(project: str) -> None:
    result = run("flash", project, "--method", "uf2")
    assert result.exit_code == 2
    assert "It can with: gdb." in result.output


@pytest.mark.parametrize("server", ["rubbish", "host:99999", "a:1\nshell id", "/dev/ttyACM0", ":0"])
def test_an_address_that_is_none_is_refused(server: str, project: str) -> None:
    result = run("flash", project, "--method", "gdb", "--gdb-server", server)
    assert result.exit_code == 2
    assert "it must be HOST:PORT" in result.output


def test_a_folder_without_a_project(tmp_path: Path) -> None:
    result = run("flash", str(tmp_path))
    assert result.exit_code == 2
    assert "not a firmware project" in result.output


def test_the_host_is_not_flashed(firmware: str) -> None:
    assert "is not flashed" in run("flash", firmware, "--board", "host").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--preset", "host", "--toolchain", "zig"), "leave out --toolchain"),
        (("--toolchain", "icc"), "'icc' is not one of 'gcc', 'clang', 'zig'"),
    ],
)
def test_presets_and_toolchains_that_contradict(
    project: str, arguments: tuple[str, ...], message: str
) -> None:
    result = run("build", project, *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_host_project_has_its_own_presets(tmp_path: Path) -> None:
    described = {"mcuforge": "0", "board": "host", "model": "m", "sha256": "00"}
    (tmp_path / "mcuforge.json").write_text(json.dumps(described))
    result = run("build", str(tmp_path), "--preset", "size")
    assert result.exit_code == 2
    assert "host and host-asan only" in result.output


def test_the_monitor_finds_the_port_of_a_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "connected", lambda: [PORT])
    result = run("monitor", "--board", "nucleo-f767zi", "--seconds", "0")
    assert result.exit_code == 1
    assert "/dev/ttyACM7 cannot be opened" in result.output  # found, but it is not really there


def test_the_monitor_needs_a_port_or_a_board() -> None:
    result = run("monitor", "--seconds", "0")
    assert result.exit_code == 2
    assert "Name the --port" in result.output


def test_the_monitor_says_first_what_is_wrong_with_the_firmware(project: str) -> None:
    closed = ("--port", "socket://127.0.0.1:1")
    other = run("monitor", project, "--board", "nucleo-f767zi", *closed)
    assert other.exit_code == 2
    assert "is a project for mps2-an386, not for nucleo-f767zi" in other.output
    missing = run("monitor", f"{project}/none.elf", *closed)
    assert missing.exit_code == 2
    assert "none.elf: no such file" in missing.output


def test_an_interrupt_is_the_way_to_end_the_monitor(monkeypatch: pytest.MonkeyPatch) -> None:
    class Typing:
        closed = False

        def read(self, _: float) -> bytes:
            raise KeyboardInterrupt

        def close(self) -> None:
            self.closed = True

    transport = Typing()
    monkeypatch.setattr(monitor, "open_url", lambda *_: transport)
    result = run("monitor", "--port", "x")
    assert result.exit_code == 0, result.output
    assert transport.closed


@pytest.mark.parametrize("url", ["socket://127.0.0.1", "socket://h:x", "socket://h:70000"])
def test_a_socket_without_a_port_is_named(url: str) -> None:
    result = run("monitor", "--port", url)
    assert result.exit_code == 2
    assert f"'{url}' has no port: it must be socket://host:port" in result.output


def test_a_firmware_for_other_addresses_is_not_flashed(tmp_path: Path) -> None:
    firmware = tmp_path / "firmware.elf"
    firmware.write_bytes(small_elf())
    for dry in ([], ["--dry-run"]):
        result = run("flash", str(firmware), "--board", "nrf52840dk", *dry)
        assert result.exit_code == 2
        assert "16 bytes at 0x08000000, where nrf52840dk has no memory" in result.output


def test_the_monitor_of_a_project_that_is_not_built(project: str) -> None:
    result = run("monitor", project, "--port", "/dev/null")
    assert result.exit_code == 2
    assert "is not built: mcuforge build" in result.output


def test_a_script_is_not_asked_which_port(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = Port("/dev/ttyACM8", PORT.usb, PORT.description)
    monkeypatch.setattr(ports, "connected", lambda: [PORT, twin])
    result = run("monitor", "--board", "nucleo-f767zi")
    assert result.exit_code == 1
    assert "Several ports" in result.output
    assert "/dev/ttyACM8  STM32 STLink" in result.output
