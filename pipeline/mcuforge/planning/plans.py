"""All plans of a model that are worth having: from whole tensors down to the fewest rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property

from mcuforge.planning import effort
from mcuforge.planning.plan import Plan, Point

MOST_EXTRA = 0.1  # instructions that a plan adds for the least memory, as a part of all


class Plans:
    """`plain` has whole tensors, but for inputs and outputs that stream; those after it take less
    memory, and more instructions.

    These are made when somebody asks for them, and once. `live_peak` are the bytes of the tensors
    that live together at most, `work` the instructions of an inference, very roughly.
    """

    def __init__(
        self, plain: Plan, live_peak: int, work: int, smaller: Callable[[], Iterator[Plan]]
    ) -> None:
        self.live_peak, self.work = live_peak, work
        self.plain = replace(plain, curve=self.curve)
        self._found = [self.plain]
        self._smaller = smaller

    def __iter__(self) -> Iterator[Plan]:
        """Each with a smaller arena than the one before."""
        at = 0
        while at < len(self._found) or self._find():
            yield self._found[at]
            at += 1

    @property
    def made(self) -> tuple[Plan, ...]:
        """Those that somebody asked for."""
        return tuple(self._found)

    def within(self, budget: int | None) -> Plan:
        """The fastest with an arena of at most `budget` bytes, or else the smallest.

        Raises `ModelError` where even that is beyond any microcontroller.
        """
        plan = self.plain
        for plan in self if budget is not None else ():
            if budget is None or plan.arena.bytes <= budget:
                break
        effort.check_arena(plan)
        return plan

    def smallest(self) -> Plan:
        """The fastest of those whose arena is the smallest, or larger by a hundredth at most.

        Of those that add a moderate part to the work of the model, see `MOST_EXTRA`: ops of few
        operations take twice as long, where they step through a few rows at a time.
        """
        most = self.plain.extra_instructions + round(MOST_EXTRA * self.work)
        least = min(plan.arena.bytes for plan in self if plan.extra_instructions <= most)
        return self.within(least + least // 100)

    def fitting(self, room: int | None = None) -> Plan:
        """The fastest whose arena is no larger than the live tensors, or else the smallest.

        Likewise no larger than `room`, if that is given; see `within`.
        """
        return self.within(self.live_peak if room is None else min(room, self.live_peak))

    def curve(self) -> tuple[Point, ...]:
        """Arena and instructions of each."""
        small = self.smallest()
        return tuple(replace(plan.point, is_small=plan is small) for plan in self)

    @cached_property
    def _left(self) -> Iterator[Plan]:
        return self._smaller()

    def _find(self) -> bool:
        """Look for one more."""
        for plan in self._left:
            if plan.arena.bytes < self._found[-1].arena.bytes:
                self._found.append(replace(plan, curve=self.curve))
                return True
        return False
