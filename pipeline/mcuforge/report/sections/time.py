"""Where an inference spends its work, op by op, and what keeps each op from being faster."""

from __future__ import annotations

from dataclasses import dataclass, replace

from markupsafe import Markup

from mcuforge.engines import AOT
from mcuforge.planning import cost, cycles
from mcuforge.report import RunReport, html_page, largest, limits
from mcuforge.report.facts import RunFacts
from mcuforge.report.limits import OpSpent

ID, TITLE = "time", "Time"
SAYS = (
    "What each op costs, and what limits it. Begin where the bar is longest: an op below a few "
    "percent is not worth a change."
)
INSTRUCTIONS, CYCLES = "instructions", "cycles"


@dataclass(frozen=True)
class OpTime:
    """What an op took: `amount` is None where the device could not tell; `limit` are words.

    `cycles` are measured where the unit is cycles; else estimated, or None.
    """

    index: int
    amount: int | None
    share: float | None
    limit: str
    cycles: int | None = None


@dataclass(frozen=True)
class Times:
    """One inference, traced op by op, in `unit`: "instructions", or "cycles" of a real board.

    `whole` is the same inference without a trace, and `step` what the stopwatch can tell apart.
    `problem` says why the device could not tell what its ops took. `cycles` of the whole are
    estimated from instructions, as `mcuforge profile` would but for `error`, a share; or measured.
    """

    unit: str
    whole: int
    step: float
    ops: tuple[OpTime, ...]
    problem: str = ""
    clock_hz: int = 0
    cycles: int | None = None
    error: float | None = None

    @property
    def milliseconds(self) -> float | None:
        """Of the whole at the board's clock."""
        return self.of_cycles(self.cycles)

    @property
    def cycles_text(self) -> str:
        """The cycles of the whole in words, to three digits where they are estimated."""
        if self.cycles is None or self.error is None:
            return f"{self.cycles or 0:,} cycles"
        return f"about {float(f'{self.cycles:.3g}'):,.0f} cycles"

    def of_cycles(self, cycles: int | None) -> float | None:
        """Milliseconds that so many cycles take."""
        return 1000 * cycles / self.clock_hz if cycles is not None and self.clock_hz else None

    @property
    def traced(self) -> int:
        """What the ops took together."""
        return sum(op.amount or 0 for op in self.ops)

    @property
    def outside(self) -> int:
        """What is left of the whole: calls, the end, and rounding to steps."""
        return self.whole - self.traced


def collect(facts: RunFacts) -> Times:
    """The trace of the proof, in instructions of a simulator or in cycles of a board."""
    measured, simulated, board = facts.proof.ops, facts.simulated, facts.board
    amount = board.cycles if simulated is None else simulated.instructions
    step = float(
        board.clock_hz / board.ticks.hz if simulated is None else simulated.instructions_per_tick
    )
    unit = CYCLES if simulated is None else INSTRUCTIONS
    whole = amount(measured.whole)
    amounts: list[int | None] = [amount(ticks) for ticks in measured.ops]
    amounts = amounts or [None] * len(facts.plan.ops)
    ops = tuple(_op(facts, index, spent, whole, unit) for index, spent in enumerate(amounts))
    times = Times(unit, whole, step, ops, measured.problem, board.clock_hz)
    if simulated is None:
        return replace(times, ops=tuple(replace(op, cycles=op.amount) for op in ops), cycles=whole)
    return _with_estimate(facts, times)


def _with_estimate(facts: RunFacts, times: Times) -> Times:
    """The cycles that the instructions take, about: known of our own kernels."""
    counts = [op.amount for op in times.ops if op.amount is not None]
    found = cycles.estimated(facts.plan, facts.board, counts) if facts.engine == AOT else None
    if found is None:
        return times
    ops = tuple(replace(op, cycles=each) for op, each in zip(times.ops, found.ops, strict=True))
    return replace(times, ops=ops, cycles=found.total + times.outside, error=found.error)


def _op(facts: RunFacts, index: int, amount: int | None, whole: int, unit: str) -> OpTime:
    spent = None if amount is None else OpSpent(amount, unit, amount / max(whole, 1))
    op, planned = facts.plan.graph.ops[index], facts.plan.ops[index]
    ours = facts.engine == AOT  # what limits another engine's kernels is not known here
    limit = limits.limit(facts.plan.graph, op, planned, spent) if ours else ""
    return OpTime(index, amount, spent.share if spent else None, limit)


def body(report: RunReport) -> Markup | None:
    """Cards, a bar for each layer, and a row an op."""
    times: Times | None = report.details.get(ID)
    ours = report.engine == AOT
    measured = times is not None and any(op.amount is not None for op in times.ops)
    return html_page.render(
        "sections/time.html.j2",
        report=report,
        ours=ours,
        times=times,
        measured=measured,
        macs=sum(op["macs"] for op in report.ops),
        layers=_layers(report, times) if times and measured else [],
        kernels=_kernels(report, times) if times and measured and ours else {},
        dearest=_dearest(times) if times and measured else None,
        passed_over=cost.passed_over(report.ops),
    )


def _dearest(times: Times) -> OpTime:
    return max(times.ops, key=lambda op: op.amount or 0)


def _layers(report: RunReport, times: Times) -> list[tuple[str, int]]:
    """What each layer took, the dearest first; the cheap ones together."""
    return largest.first(
        (str(op["layer"] or op["kind"]), spent.amount or 0)
        for op, spent in zip(report.ops, times.ops, strict=True)
    )


def _kernels(report: RunReport, times: Times) -> dict[str, int]:
    """What each kernel took, or those together that compute an op together."""
    return dict(
        largest.first(
            (", ".join(dict.fromkeys(op["kernels"])) or "views", spent.amount or 0)
            for op, spent in zip(report.ops, times.ops, strict=True)
        )
    )
