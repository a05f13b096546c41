"""What each tool would be told, and what is recognised in what it says."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from flash_job import BOARD, HARDWARE, make_job

from mcuforge import boards
from mcuforge.boards.hardware import METHODS
from mcuforge.errors import UsageError
from mcuforge.flash import choose_method, describe
from mcuforge.flash.problems import Kind, explain, not_permitted, recognise, text, udev_rules

ERASES = {"openocd": "erase_sector 0 0 last", "jlink": "\n    erase\n", "stm32cubeprog": "-e all"}


def told(tmp_path: Path, method: str, **changes: object) -> str:
    return "\n".join(describe(make_job(tmp_path, uf2=tmp_path / "f.uf2", **changes), method))


def test_the_first_method_of_the_board_is_the_default() -> None:
    assert choose_method(BOARD, None) == "pyocd"
    assert choose_method(BOARD, "gdb") == "gdb"
    bare = boards.load("mps2-an386")
    assert choose_method(bare, None) == "gdb"
    with pytest.raises(UsageError, match=r"no 'flash.jlink'. It can with: gdb"):
        choose_method(bare, "jlink")
    with pytest.raises(UsageError, match="is not flashed"):
        choose_method(boards.load("host"), None)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_described(method: str, tmp_path: Path) -> None:
    assert ("f.uf2" if method == "uf2" else "firmware") in told(tmp_path, method)


@pytest.mark.parametrize("method", ERASES)
def test_nothing_erases_a_chip_without_being_told(method: str, tmp_path: Path) -> None:
    assert ERASES[method] not in told(tmp_path, method)
    assert ERASES[method] in told(tmp_path, method, erase=True)


def test_pyocd_does_not_unlock_by_itself(tmp_path: Path) -> None:
    assert "auto_unlock=false --erase sector" in told(tmp_path, "pyocd")
    assert "auto_unlock=true --erase chip" in told(tmp_path, "pyocd", erase=True)


@pytest.mark.parametrize("method", ["pyocd", "uf2"])
def test_commands_can_be_pasted_into_a_shell(method: str, tmp_path: Path) -> None:
    folder = tmp_path / "my project"
    folder.mkdir()
    words = [w for li in told(folder, method).splitlines() for w in shlex.split(li, comments=True)]
    name = "f.uf2" if method == "uf2" else "firmware.hex"
    assert str(folder / name) in words


def test_what_cannot_erase_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="boot loader cannot erase"):
        told(tmp_path, "uf2", erase=True)
    with pytest.raises(UsageError, match="gdb cannot erase"):
        told(tmp_path, "gdb", erase=True)


@pytest.mark.parametrize(
    ("method", "option"),
    [
        ("openocd", "-c 'adapter serial \"AB12\"'"),
        ("jlink", "-SelectEmuBySN AB12"),
        ("stm32cubeprog", "sn=AB12"),
        ("pyocd", "--uid AB12"),
    ],
)
def test_one_of_several_probes_is_named(method: str, option: str, tmp_path: Path) -> None:
    assert option in told(tmp_path, method, probe="AB12")
    assert option.split(" AB12")[0] not in told(tmp_path, method)


@pytest.mark.parametrize("method", ["openocd", "jlink", "gdb", "pyocd"])
def test_the_chip_is_looked_at_before_it_is_written(method: str, tmp_path: Path) -> None:
    lines = told(tmp_path, method)
    writes = {"openocd": "write_image", "jlink": "loadfile", "gdb": "load\n", "pyocd": "pyocd load"}
    assert 0 <= lines.index("0xe0042000") < lines.index(writes[method])


def test_openocd_is_told_files_and_commands(tmp_path: Path) -> None:
    parts = "interface/jlink.cfg; transport select swd; target/nrf52.cfg"
    board = replace(BOARD, hardware=replace(HARDWARE, targets={"openocd": parts}))
    command = told(tmp_path, "openocd", board=board).splitlines()[1]
    wanted = "-f interface/jlink.cfg -c 'transport select swd' -f target/nrf52.cfg -f ./flash.cfg"
    assert command == f"openocd {wanted}"


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("Error: open failed", Kind.NO_PROBE),
        ("Error: unable to find a matching CMSIS-DAP device", Kind.NO_PROBE),
        ("Error: No J-Link device found", Kind.NO_PROBE),
        ("Connecting to J-Link via USB...FAILED: Cannot connect to J-Link.", Kind.NO_PROBE),
        ("Error: No debug probe detected.", Kind.NO_PROBE),
        ("localhost:3333: Connection timed out.", Kind.NO_PROBE),
        ("libusb_open() failed with LIBUSB_ERROR_ACCESS", Kind.PERMISSION),
        ("stm32x device protected: read protection is on", Kind.LOCKED),
        ("nRF52 device has AP lock engaged (see UICR APPROTECT register)", Kind.LOCKED),
        ("Remote connection closed", Kind.LOST),
        ("libusb: LIBUSB_ERROR_NO_DEVICE", Kind.LOST),
        ("Error: contents differ", Kind.VERIFY),
        ("something else", Kind.OTHER),
    ],
)
def test_what_tools_say_is_recognised(output: str, kind: Kind) -> None:
    assert recognise(output) is kind
    error = explain(BOARD, "a tool", output)
    assert error.kind is kind
    assert output in error.message
    assert "a board" in error.message


def test_every_problem_has_words() -> None:
    for kind in Kind:
        assert len(text(kind, BOARD, "a tool")) > 20


def test_the_udev_rule_names_the_probe() -> None:
    rules = udev_rules(("0483:374b",))
    wanted = 'ATTRS{idVendor}=="0483", ATTRS{idProduct}=="374b", MODE="0660", TAG+="uaccess"'
    assert rules.splitlines() == [
        f'SUBSYSTEM=="usb", {wanted}',
        f'KERNEL=="hidraw*", {wanted}',
    ]
    assert rules in text(Kind.PERMISSION, BOARD, "pyOCD")
    assert "udevadm" in text(Kind.PERMISSION, BOARD, "pyOCD")


def test_a_probe_that_may_not_be_used_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "sys" / "1-2"
    device.mkdir(parents=True)
    for name, value in (
        ("idVendor", "0483"), ("idProduct", "374b"), ("busnum", "1"), ("devnum", "23")
    ):  # fmt: skip
        (device / name).write_text(value + "\n")
    node = tmp_path / "dev" / "bus" / "usb" / "001" / "023"
    assert not not_permitted(BOARD, tmp_path / "sys", tmp_path / "dev")
    node.parent.mkdir(parents=True)
    node.touch()
    assert not not_permitted(BOARD, tmp_path / "sys", tmp_path / "dev")
    monkeypatch.setattr("mcuforge.flash.problems.os.access", lambda *_: False)  # root may all
    assert not_permitted(BOARD, tmp_path / "sys", tmp_path / "dev")
    assert not not_permitted(boards.load("mps2-an386"), tmp_path / "sys", tmp_path / "dev")
