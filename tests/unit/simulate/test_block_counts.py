"""What QEMU's log of blocks says, line by line."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from mcuforge.errors import DeviceError
from mcuforge.simulate import block_log
from mcuforge.simulate.block_counts import Block, BlockCounts, Step

BEGIN, END = range(0x100, 0x110), range(0x200, 0x210)
LOOP, REST = Block(0x20, 0x26), Block(0x26, 0x28)


def translated(*instructions: tuple[int, str]) -> list[bytes]:
    lines = [f"0x{a:08x}:  {code:<11} some words".encode() for a, code in instructions]
    return [b"----------------", b"IN: f", *lines, b""]


def ran(address: int, block: str = "7f00") -> bytes:
    return f"Trace 0: 0x{block} [00800408/{address:08x}/00000110/ff000200] f".encode()


def counts() -> BlockCounts:
    return BlockCounts(BEGIN, END)


WHOLE = [
    ran(0x300),
    *translated((0x100, "4770")),
    ran(0x100),
    *translated((0x20, "f853 2b04"), (0x24, "d1fc")),
    ran(0x20),
    ran(0x20),
    *translated((0x26, "4770")),
    ran(0x26),
    *translated((0x200, "4770")),
    ran(0x200),
    ran(0x20),
]


def test_steps_between_two_functions_are_counted() -> None:
    found = counts()
    found.take(WHOLE)
    assert found.sections == [
        Counter({Step(None, LOOP): 1, Step(LOOP, LOOP): 1, Step(LOOP, REST): 1})
    ]
    assert found.unknown_blocks == 0


def test_lines_may_come_in_pieces() -> None:
    found = counts()
    for line in WHOLE:
        found.take([line])
    assert sum(found.sections[0].values()) == 3


def test_each_section_is_for_itself() -> None:
    found = counts()
    found.take(WHOLE)
    found.take([ran(0x100), ran(0x26), ran(0x200)])
    assert found.sections[1] == Counter({Step(None, REST): 1})


def test_a_block_that_was_not_entered_is_taken_back() -> None:
    found = counts()
    stopped = b"Stopped execution of TB chain before 0x7f00 [00000026] f"
    at = WHOLE.index(ran(0x26)) + 1
    found.take([*WHOLE[:at], stopped, ran(0x26), *WHOLE[at:]])
    assert found.sections[0][Step(LOOP, REST)] == 1
    assert sum(found.sections[0].values()) == 3


def test_a_shorter_translation_of_an_address_is_another_block() -> None:
    found = counts()
    found.take(WHOLE[: WHOLE.index(ran(0x26))])
    found.take([*translated((0x20, "f853 2b04")), ran(0x20, "7f80"), ran(0x200)])
    assert found.sections[0][Step(LOOP, Block(0x20, 0x24))] == 1


def test_a_block_that_was_never_described_is_told() -> None:
    found = counts()
    found.take([ran(0x100), ran(0x40), ran(0x200)])
    assert found.unknown_blocks == 1


def test_what_runs_outside_of_sections_takes_no_memory() -> None:
    found = counts()
    found.take(ran(0x300) for _ in range(1000))
    assert found.sections == [] and found.unknown_blocks == 0


class FakeQemu:
    """Writes to the log that the monitor's command names."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines, self._pipe = lines, ""
        self.threads: list[threading.Thread] = []

    def command(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        if name == "logfile":
            self._pipe = rest.strip('"')
        elif rest != "none":
            self.threads.append(threading.Thread(target=self._write))
            self.threads[-1].start()

    def _write(self) -> None:
        Path(self._pipe).write_bytes(b"\n".join(self._lines) + b"\n")


def test_a_log_of_any_length_goes_through_a_pipe() -> None:
    qemu, found = FakeQemu([*WHOLE[:10], *([ran(0x20)] * 200_000), *WHOLE[10:]]), counts()
    with block_log.counted(qemu, found):  # type: ignore[arg-type]
        for thread in qemu.threads:
            thread.join()
    assert sum(found.sections[0].values()) == 200_003


def test_a_log_that_cannot_be_read_is_read_to_its_end() -> None:
    damaged = b"Trace 0: 0x7f00 [00800408/none/00000110/ff000200] f"
    qemu = FakeQemu([damaged, *([ran(0x20)] * 20_000)])
    with pytest.raises(ValueError), block_log.counted(qemu, counts()):  # type: ignore[arg-type]
        for thread in qemu.threads:
            thread.join()


def test_a_qemu_that_writes_no_log_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_log, "_START_SECONDS", 0.05)
    silent = FakeQemu([])
    monkeypatch.setattr(silent, "_write", lambda: None)
    with (
        pytest.raises(DeviceError, match="wrote no log"),
        block_log.counted(silent, counts()),  # type: ignore[arg-type]
    ):
        pytest.fail("it went on")
