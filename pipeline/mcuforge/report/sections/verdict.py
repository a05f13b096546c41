"""Does it fit, is it exact, how good and how fast is it?"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from mcuforge import report as summary
from mcuforge.engines import AOT, TFLM
from mcuforge.report import RunReport, baselines, html_page, occupancy
from mcuforge.report.baselines import Costs, Float32
from mcuforge.report.facts import RunFacts
from mcuforge.report.occupancy import Region
from mcuforge.report.sections.time import Times

ID, TITLE = "verdict", "Verdict"
SAYS = "Whether the device computes what it should, and what that costs. Warnings say what to do."


@dataclass(frozen=True)
class Setting:
    """The board that the run is judged for, and what it is compared with.

    `flash_bytes` and `ram_bytes` are those of the memories that the board's placement names,
    `stack_bytes` what is reserved. `tflm` is None where there is no benchmark of the same model on
    the same board.
    """

    clock_hz: int
    flash_bytes: int
    ram_bytes: int
    stack_bytes: int
    regions: tuple[Region, ...]
    float32: Float32 | None
    tflm: Costs | None


def collect(facts: RunFacts) -> Setting:
    """Sizes of the board, of the network in float32, and of TensorFlow Lite Micro."""
    board, ours = facts.board, facts.engine == AOT
    tflm = baselines.benchmarked(facts.output, facts.plan.graph.model_hash, board.name, TFLM)
    return Setting(
        clock_hz=board.clock_hz,
        flash_bytes=board.flash_bytes,
        ram_bytes=board.ram_bytes,
        stack_bytes=board.placement.stack_bytes if board.placement else 0,
        regions=occupancy.regions(board, facts.built.sizes.sections),
        float32=baselines.float32(facts.plan) if ours else None,
        tflm=tflm if ours else None,
    )


def body(report: RunReport) -> Markup | None:
    """Cards, the verdict in words, and the figures of the run."""
    setting: Setting | None = report.details.get(ID)
    return html_page.render(
        "sections/verdict.html.j2",
        report=report,
        ours=report.engine == AOT,
        decisive=[c for c in report.verdict.comparisons if c.decides],
        metrics=[(summary.metric_label(a.metric), a) for a in report.accuracy],
        setting=setting,
        times=report.details.get("time"),
        against_tflm=_against_tflm(report, setting.tflm) if setting and setting.tflm else [],
        rows=[(label, cells[0]) for label, cells in summary.rows([report])],
        warnings=summary.all_warnings(report),
        float_line=summary.float_line(report),
    )


def headline(report: RunReport) -> tuple[tuple[str, str], ...]:
    """What tells most of a run, for the card that leads to its page: labels and values."""
    setting: Setting | None = report.details.get(ID)
    costs = report.costs
    metrics = [
        (f"{summary.metric_label(a.metric)}, device", f"{a.device:.4g}") for a in report.accuracy
    ]
    return (
        *metrics,
        ("flash", _part(costs.flash, setting.flash_bytes if setting else 0)),
        ("RAM", _part(costs.ram, setting.ram_bytes if setting else 0)),
        _speed(report),
    )


def _part(used: int, whole: int) -> str:
    return f"{used:,} B" + (f", {used / whole:.1%}" if whole else "")


def _speed(report: RunReport) -> tuple[str, str]:
    times: Times | None = report.details.get("time")
    if report.costs.milliseconds is not None:
        return "time", f"{report.costs.milliseconds:.3g} ms"
    if times is not None and times.milliseconds is not None:
        return "time", f"about {times.milliseconds:.3g} ms"
    count = report.costs.instructions
    return "instructions", "-" if count is None else f"{count:,}"


def _against_tflm(report: RunReport, tflm: Costs) -> list[tuple[str, int, int, str]]:
    """What, ours, TFLM's, and how many times that is."""
    costs = report.costs
    pairs = (
        ("instructions", costs.instructions, tflm.instructions),
        ("B of flash", costs.flash, tflm.flash),
        ("B of arena", costs.arena, tflm.arena_used),
    )
    return [
        (what, ours, theirs, f"{theirs / max(ours, 1):.2f}")
        for what, ours, theirs in pairs
        if ours is not None and theirs is not None
    ]
