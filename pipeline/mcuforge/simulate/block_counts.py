"""QEMU's log of the blocks that it runs, read as it comes: only counts are kept.

With `-d exec,in_asm,nochain` QEMU writes a line for every block of instructions that it enters, and
once, before the first such line, the instructions of a new block:

    IN: conv2d
    0x00001536:  f853 2b04  ldr  r2, [r3], #4
    0x0000153a:  d1f9       bne  #0x1530

    Trace 0: 0x7fc1e002d500 [00800408/00001536/00000110/ff000200] conv2d

Then it may find that it cannot enter, and says so: `Stopped execution of TB chain before ...`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

_INSTRUCTION = re.compile(rb"0x([0-9a-f]+):\s+((?:[0-9a-f]{2,8} ?)+)")
_TRACE, _BEGIN, _LINE, _STOPPED = b"Trace ", b"IN:", b"0x", b"Stopped execution"


class Block(NamedTuple):
    """Instructions that run one after the other, from an address up to another."""

    start: int
    end: int


class Step(NamedTuple):
    """A block, and the one that ran before it."""

    before: Block | None
    block: Block


class BlockCounts:
    """Counts of the steps within each measured section of a program, in the sections' order.

    A section begins where the program leaves one function, and ends where it enters another: those
    that start and read the firmware's stopwatch. What runs outside of sections is not kept. So the
    memory that this takes grows with the program's code, not with how long it runs.
    """

    def __init__(self, begins_after: range, ends_before: range) -> None:
        self._begins_after, self._ends_before = begins_after, ends_before
        self._known: dict[bytes, Block] = {}
        self._translated: Block | None = None  # a new block whose first run comes next
        self._armed = False
        self._open: Counter[Step] | None = None
        self._before: Block | None = None
        self._last: tuple[Counter[Step], Step] | None = None
        self.sections: list[Counter[Step]] = []  # that have ended
        self.unknown_blocks = 0  # within sections, whose instructions QEMU did not tell

    def take(self, lines: Iterable[bytes]) -> None:
        """Count what whole lines of the log say."""
        for line in lines:
            if line.startswith(_TRACE):
                self._entered(line)
            elif line.startswith(_LINE):
                self._instruction(line)
            elif line.startswith(_BEGIN):
                self._translated = None
            elif line.startswith(_STOPPED):
                self._not_entered()

    def _instruction(self, line: bytes) -> None:
        found = _INSTRUCTION.match(line)
        if found is None:
            return
        address = int(found[1], 16)
        end = address + len(found[2].replace(b" ", b"")) // 2
        block = self._translated
        self._translated = Block(address if block is None else block.start, end)

    def _entered(self, line: bytes) -> None:
        block = self._known.get(line)
        if block is None or self._translated is not None:
            block = self._new(line)
        if self._open is not None:
            if block.start in self._ends_before:
                self.sections.append(self._open)
                self._open = self._last = None
            else:
                self._count(self._open, block)
        elif block.start in self._begins_after:
            self._armed = True
        elif self._armed:
            self._armed, self._before, self._open = False, None, Counter()
            self._count(self._open, block)

    def _count(self, counts: Counter[Step], block: Block) -> None:
        step = Step(self._before, block)
        counts[step] += 1
        self._last, self._before = (counts, step), block
        if block.start == block.end:
            self.unknown_blocks += 1

    def _new(self, line: bytes) -> Block:
        """The block of a line that came for the first time, or again after a new translation."""
        start = int(line.split(b"/", 2)[1], 16)
        told, self._translated = self._translated, None
        if told is None or told.start != start:
            return self._known.get(line, Block(start, start))
        self._known[line] = told
        return told

    def _not_entered(self) -> None:
        """Take the last count back."""
        if self._last is None:
            return
        counts, step = self._last
        counts[step] -= 1
        if counts[step] == 0:
            del counts[step]
        self._last, self._before = None, step.before
