"""What templates show of an op: its calls with their parameters, and its outputs."""

from __future__ import annotations

from dataclasses import dataclass

from mcuforge.planning.plan import Join


@dataclass(frozen=True)
class MemberView:
    """One designated initialiser of a struct: its value or, of a struct in it, the members."""

    name: str
    value: str = ""
    members: tuple[MemberView, ...] = ()


@dataclass(frozen=True)
class CallView:
    """One kernel call: its parameter struct and its arguments; a call for each of `runs`."""

    kernel: str
    c_type: str
    params: str
    members: tuple[MemberView, ...]
    arguments: str
    may_fail: bool
    runs: int = 1


@dataclass(frozen=True)
class ResultView:
    """An output of an op: its number among those of all ops, and where it lies.

    With `gaps` it lies in runs of bytes.
    """

    number: int
    name: str
    bytes: int
    gaps: Join | None = None


@dataclass(frozen=True)
class OpView:
    """One op: the comment above it, its calls, and where its outputs lie.

    `segment` numbers the segment that it runs in row by row, if it does.
    """

    index: int
    title: str
    calls: tuple[CallView, ...]
    results: tuple[ResultView, ...]
    segment: int | None = None
