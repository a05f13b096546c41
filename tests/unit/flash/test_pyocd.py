"""Flashing through pyOCD's API: its own exceptions, and a session that only pretends."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest
from flash_job import BOARD, IMAGE, make_job

from mcuforge import boards
from mcuforge.errors import ToolError
from mcuforge.flash import pyocd
from mcuforge.flash.problems import FlashError, Kind

exceptions: Any = pytest.importorskip(
    "pyocd.core.exceptions", reason="pyocd is not installed: pip install 'mcuforge[flash]'"
)


@dataclass
class Pretended:
    """A probe, a chip of which 64 bytes are flash, and what was done to it."""

    serial_numbers: tuple[str, ...] = ("AB12",)
    chip: int = 0x1007_6413
    locked: bool = False
    unreadable: bool = False
    broken_bit: bool = False
    fail_with: Exception | None = None
    open_fails_with: Exception | None = None
    flash: bytearray = field(default_factory=lambda: bytearray(b"\xff" * 64))
    options: dict[str, Any] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def api(self) -> pyocd.Api:
        probes = [SimpleNamespace(unique_id=n, description="ST-Link") for n in self.serial_numbers]
        return pyocd.Api(lambda: probes, self._session, self._programmer, exceptions)

    def _session(self, probe: Any, options: dict[str, Any]) -> Self:
        self.options = options
        self.done.append(f"open {probe.unique_id}")
        return self

    def open(self) -> None:
        if self.open_fails_with:
            raise self.open_fails_with

    def close(self) -> None:
        self.done.append("close")

    @property
    def target(self) -> Self:
        return self

    def is_locked(self) -> bool:
        return self.locked

    def read32(self, address: int) -> int:
        if address == IMAGE.start and self.unreadable:
            raise exceptions.TransferFaultError(address)
        return self.chip if address == 0xE004_2000 else 0

    def _programmer(self, _session: Any, progress: Any) -> Self:
        self._progress = progress
        return self

    def program(self, file: str, file_format: str) -> None:
        assert (Path(file).suffix, file_format) == (".hex", "hex")
        self._progress(0.5)
        if self.fail_with:
            raise self.fail_with
        self.flash[:] = IMAGE.to_binary()
        self.flash[7] ^= self.broken_bit
        self.done.append("program")

    def reset_and_halt(self) -> None:
        self.done.append("halt")

    def read_memory_block8(self, address: int, count: int) -> list[int]:
        return list(self.flash[address - IMAGE.start :][:count])

    def reset(self) -> None:
        self.done.append("run")


def run(tmp_path: Path, pretended: Pretended, **changes: Any) -> list[int]:
    seen: list[int] = []
    job = make_job(tmp_path, **changes)
    pyocd.flash(job, lambda done, _: seen.append(done), pretended.api())
    return seen


def fails(tmp_path: Path, pretended: Pretended, kind: Kind, **changes: Any) -> str:
    with pytest.raises(FlashError) as error:
        run(tmp_path, pretended, **changes)
    assert error.value.kind is kind
    return error.value.message


def test_it_writes_reads_back_and_starts(tmp_path: Path) -> None:
    pretended = Pretended()
    assert run(tmp_path, pretended) == [50, 100]
    assert pretended.done == ["open AB12", "program", "halt", "run", "close"]
    assert pretended.options["auto_unlock"] is False
    assert pretended.options["chip_erase"] == "sector"
    assert pretended.options["target_override"] == "stm32f407vgtx"


def test_the_options_are_pyocds() -> None:
    """A name that pyOCD does not know would be ignored, and auto_unlock erases by default."""
    options: Any = pytest.importorskip("pyocd.core.options")
    known = {info.name: info for info in options.BUILTIN_OPTIONS}
    chosen = pyocd.options(make_job_without_files())
    assert set(chosen) <= set(known)
    assert known["auto_unlock"].default is True


def make_job_without_files() -> Any:
    return SimpleNamespace(board=BOARD, erase=False)


def test_the_wrong_chip_is_left_alone(tmp_path: Path) -> None:
    pretended = Pretended(chip=0x1007_6419)
    assert "as 0x419, not 0x413" in fails(tmp_path, pretended, Kind.WRONG_CHIP)
    assert "program" not in pretended.done


@pytest.mark.parametrize("pretended", [Pretended(locked=True), Pretended(unreadable=True)])
def test_a_locked_chip_is_left_alone(tmp_path: Path, pretended: Pretended) -> None:
    assert "--erase allows that" in fails(tmp_path, pretended, Kind.LOCKED)
    assert "program" not in pretended.done


@pytest.mark.parametrize("error", [exceptions.DebugError("No cores"), KeyError("no core")])
def test_a_chip_that_is_so_locked_that_it_has_no_core(tmp_path: Path, error: Exception) -> None:
    locked = Pretended(locked=True, open_fails_with=error)
    fails(tmp_path, locked, Kind.LOCKED)
    assert locked.done[-1] == "close"
    fails(tmp_path, Pretended(open_fails_with=error), Kind.OTHER)


def test_erase_unlocks(tmp_path: Path) -> None:
    pretended = Pretended(locked=True)
    run(tmp_path, pretended, erase=True)
    assert pretended.options["auto_unlock"] is True
    assert pretended.options["chip_erase"] == "chip"


def test_what_was_written_is_compared(tmp_path: Path) -> None:
    pretended = Pretended(broken_bit=True)
    fails(tmp_path, pretended, Kind.VERIFY)
    assert "run" not in pretended.done


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.ProbeDisconnected("gone"), Kind.LOST),
        (exceptions.TransferError("no ACK"), Kind.LOST),
        (exceptions.ProbeError("usb"), Kind.LOST),
        (OSError(19, "no such device"), Kind.LOST),
        (exceptions.FlashProgramFailure("page", 0x0800_0000), Kind.VERIFY),
        (exceptions.TargetError("?"), Kind.OTHER),
    ],
)
def test_what_pyocd_raises_is_said_in_words(tmp_path: Path, error: Exception, kind: Kind) -> None:
    assert "a board" in fails(tmp_path, Pretended(fail_with=error), kind)


def test_a_chip_that_needs_a_pack(tmp_path: Path) -> None:
    unknown = exceptions.TargetSupportError("not recognized")
    with pytest.raises(ToolError, match="pyocd pack install stm32f407vgtx"):
        run(tmp_path, Pretended(fail_with=unknown))


def test_one_of_several_probes(tmp_path: Path) -> None:
    several = Pretended(serial_numbers=("AB12", "CD34"))
    assert "  CD34  ST-Link" in fails(tmp_path, several, Kind.SEVERAL_PROBES)
    run(tmp_path, several, probe="cd34")
    assert several.done[0] == "open CD34"
    message = fails(tmp_path, several, Kind.NO_PROBE, probe="EF")
    assert "no debug probe 'EF'. Found: AB12 (ST-Link), CD34" in message


def test_no_probe(tmp_path: Path) -> None:
    none = Pretended(serial_numbers=())
    assert "No debug probe was found" in fails(tmp_path, none, Kind.NO_PROBE)


def test_a_probe_that_may_not_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyocd, "not_permitted", lambda _: True)
    message = fails(tmp_path, Pretended(serial_numbers=()), Kind.PERMISSION)
    assert 'ATTRS{idVendor}=="0483"' in message


def test_the_real_pyocd_finds_no_such_probe(tmp_path: Path) -> None:
    with pytest.raises(FlashError) as error:
        pyocd.flash(make_job(tmp_path, probe="no-such-probe"), lambda *_: None)
    assert error.value.kind in (Kind.NO_PROBE, Kind.PERMISSION)


def test_pyocd_can_be_called_so() -> None:
    """What `Pretended` takes, the real classes take, too."""
    target: Any = pytest.importorskip("pyocd.core.soc_target").SoCTarget
    api = pyocd.load_api()
    session, programmer = inspect.signature(api.session), inspect.signature(api.programmer)
    session.bind("probe", options={})
    programmer.bind("session", progress=print)
    inspect.signature(api.programmer.program).bind("self", "file", file_format="hex")  # type: ignore[attr-defined]
    inspect.signature(target.read32).bind("self", 0)
    inspect.signature(target.read_memory_block8).bind("self", 0, 4)
    inspect.signature(target.reset_and_halt).bind("self")
    inspect.signature(target.reset).bind("self")
    assert all(hasattr(api.session, name) for name in ("open", "close", "target"))


def test_pyocd_knows_the_chips_of_the_boards() -> None:
    """Built in, or by a name that its packs have: those of part numbers."""
    targets: Any = pytest.importorskip("pyocd.target")
    for board in boards.available():
        name = board.hardware.targets.get("pyocd", "")
        assert not name or name in targets.TARGET or name.startswith("stm32"), name
