"""Does a run keep to its bounds? Each is judged by what was measured, and none passes unjudged.

`Gates`, a report and the document of an earlier run -> `Judgement`s, with the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from mcuforge.documents import run as documents
from mcuforge.documents.run import RunDocument
from mcuforge.recipe import metric_names
from mcuforge.recipe.gates import Gates
from mcuforge.report import Costs, RunReport
from mcuforge.report.judgement import GROWTH, Judgement
from mcuforge.wording.tables import Table

Measured = RunReport | documents.Report

_NOT_COUNTED = "only a simulator counts instructions"
_NO_CYCLES = "they are known of our own kernels on a known core alone"
_NO_FIRMWARE = "this is no firmware of a board"
_NO_REFERENCE = "LiteRT's reference kernels did not run"
_NO_GOLDEN = "which needs a recipe's golden samples"


def judged(report: RunReport, gates: Gates, baseline: RunDocument | None = None) -> RunReport:
    """The report with what was found of its gates."""
    return replace(report, gates=judge(report, gates, baseline))


def judge(
    report: RunReport, gates: Gates, baseline: RunDocument | None = None
) -> tuple[Judgement, ...]:
    """All gates of a report, in the order of the recipe's table.

    `baseline` is the document that growth is measured against, where `gates` name one.
    """
    make = partial(Judgement, report.model, report.board, report.engine)
    found = [*_costs(make, report, gates), *_difference(make, report, gates)]
    found += _accuracy(make, report, gates)
    if gates.baseline is not None:
        found += growth(report, baseline, gates.max_growth or 0.0)
    return tuple(found)


def _costs(make: Any, report: RunReport, gates: Gates) -> Iterator[Judgement]:
    costs = report.costs
    unbuilt = None if costs.text else _NO_FIRMWARE
    if gates.max_flash is not None:
        yield make("max-flash", "flash", gates.max_flash, costs.flash, "B", problem=unbuilt)
    if gates.max_ram is not None:
        yield make("max-ram", "RAM", gates.max_ram, costs.ram, "B", problem=unbuilt)
    if gates.max_instructions is not None:
        count = costs.instructions
        yield make(
            "max-instructions", "instructions", gates.max_instructions, count,
            problem=_NOT_COUNTED if count is None else None,
        )  # fmt: skip
    if gates.max_cycles is not None:
        yield make(
            "max-cycles", "cycles", gates.max_cycles, report.cycles,
            problem=_NO_CYCLES if report.cycles is None else None,
        )  # fmt: skip


def _difference(make: Any, report: RunReport, gates: Gates) -> Iterator[Judgement]:
    if gates.max_difference is not None:
        steps = report.verdict.steps_from_reference
        yield make(
            "max-difference", "the difference of TFLM from LiteRT's reference kernels",
            gates.max_difference, steps, "steps", problem=_NO_REFERENCE if steps is None else None,
        )  # fmt: skip


def _accuracy(make: Any, report: RunReport, gates: Gates) -> Iterator[Judgement]:
    measured = {a.metric: a.device for a in report.accuracy}
    if gates.min_accuracy is not None:
        name = metric_names.main(measured)
        yield make(
            "min-accuracy", name or "accuracy", gates.min_accuracy,
            measured.get(name) if name else None, upper=False,
            problem=None if name else _unmeasured("accuracy", measured),
        )  # fmt: skip
    for bounds, upper in ((gates.min_metric, False), (gates.max_metric, True)):
        for name, limit in bounds:
            yield make(
                f"{'max' if upper else 'min'}-metric", name, limit, measured.get(name), upper=upper,
                problem=None if name in measured else _unmeasured(name, measured),
            )  # fmt: skip


def _unmeasured(name: str, measured: dict[str, float]) -> str:
    there = f"only {', '.join(measured)}" if measured else _NO_GOLDEN
    return f"{name} was not measured, {there}"


def growth(report: Measured, baseline: RunDocument | None, share: float) -> Iterator[Judgement]:
    """The gates on growth by a share of what the baseline's report of the same model holds."""
    make = partial(Judgement, report.model, report.board, report.engine)
    key = (report.model, report.board, report.engine)
    reports = baseline.reports if baseline else ()
    earlier = next((r for r in reports if (r.model, r.board, r.engine) == key), None)
    if earlier is None:
        there = ", ".join(f"{r.model} on {r.board} ({r.engine})" for r in reports)
        yield make(
            GROWTH, "anything",
            problem=f"the baseline has no report of it, only of {there or 'nothing'}",
        )  # fmt: skip
        return
    yield from _growing_costs(make, report.costs, earlier.costs, share)
    yield from _losses(make, report, earlier, share)


def _growing_costs(
    make: Any, costs: Costs | documents.Costs, earlier: documents.Costs, share: float
) -> Iterator[Judgement]:
    rows: list[tuple[str, str, int | None, int | None]] = [
        ("flash", "B", costs.flash, earlier.flash),
        ("RAM", "B", costs.ram, earlier.ram),
    ]
    if costs.instructions is None and earlier.instructions is None:  # both on hardware
        rows.append(("cycles", "", costs.cycles, earlier.cycles))
    else:
        rows.append(("instructions", "", costs.instructions, earlier.instructions))
    for subject, unit, now, before in rows:
        if now is None or before is None:
            which = "in the baseline" if now is not None else "in this run"
            yield make(GROWTH, subject, problem=f"they were not measured {which}")
            continue
        # Without the hair that a product of floats may be off.
        limit = before + math.floor(before * share + 1e-6)
        yield make(GROWTH, subject, limit, now, unit, baseline=before)


def _losses(
    make: Any, report: Measured, earlier: documents.Report, share: float
) -> Iterator[Judgement]:
    """Metrics that the baseline has and that have a better: none may be worse by the share."""
    measured = {a.metric: a.device for a in report.accuracy}
    samples, before = report.verdict.samples, earlier.verdict.samples
    for metric, value in ((a.metric, a.device) for a in earlier.accuracy):
        less = metric in metric_names.LESS_IS_BETTER
        if not less and metric not in metric_names.MORE_IS_BETTER:
            continue
        problem = None
        if metric not in measured or value is None:
            where = "in this run" if value is not None else "in the baseline"
            problem = f"it was not measured {where}"
        elif samples != before:
            problem = f"the baseline has {before:,} samples, this run {samples:,}"
        if problem is not None or value is None:
            yield make(GROWTH, metric, problem=problem)
            continue
        limit = value + abs(value) * (share if less else -share)
        yield make(GROWTH, metric, limit, measured[metric], upper=less, baseline=value)


def table(judgements: Sequence[Judgement]) -> Table:
    """The gates for the terminal: limit, actual value, and whether they hold."""
    made = Table(title="Gates")
    several = len({j.model for j in judgements}) > 1
    for heading in (*(("model",) if several else ()), "gate"):
        made.add_column(heading)
    for heading in ("limit", "actual"):
        made.add_column(heading, justify="right")
    made.add_column("verdict")
    for j in judgements:
        made.add_row(
            *((j.model,) if several else ()), j.title, j.shown(j.limit), j.shown(j.actual),
            j.verdict if j.held else f"FAILED: {j.verdict}",
        )  # fmt: skip
    return made
