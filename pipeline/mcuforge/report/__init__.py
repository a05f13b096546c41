"""What a run found, as a table and as JSON; `run_page` makes its page of the report's site.

Verdict, metrics, costs -> text. Knows nothing of how they came about, and computes none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from mcuforge import documents
from mcuforge.documents.run import SCHEMA
from mcuforge.files import json_text
from mcuforge.oracle.litert import REFERENCE
from mcuforge.proof.parity import A_FEW_STEPS, ORACLE, Verdict
from mcuforge.report import curve
from mcuforge.report.curve import CurvePoint
from mcuforge.report.gallery import Gallery
from mcuforge.report.judgement import Judgement
from mcuforge.wording import notebook
from mcuforge.wording.tables import Table

if TYPE_CHECKING:
    from mcuforge.proof.variants import Variant  # takes long to import

MEASURED, ESTIMATED = "measured", "estimated"  # where cycles come from
_METRIC_LABELS = {
    "mse": "MSE",
    "auc": "AUC",
    "accuracy": "accuracy",
    "mean_iou": "mean IoU",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R²",
    "r2_worst": "R², worst column",
    "psnr": "PSNR, dB",
    "psnr_gain": "PSNR gain, dB",
    "code_sparsity": "sparsity of the code",
    "code_zeros": "zeros in the code",
}


@dataclass(frozen=True)
class Accuracy:
    """One quality metric of the float model, the int8 model (oracle) and the device."""

    metric: str
    float_model: float | None
    int8_model: float
    device: float


@dataclass(frozen=True)
class FloatDifference:
    """The device's dequantised outputs against the float model's, in real units.

    `step` is the output's scale: what one quantised step is worth.
    """

    largest: float
    mean: float
    step: float


@dataclass(frozen=True)
class Costs:
    """Bytes of flash and RAM in the linked firmware, and instructions of one inference.

    `text` is code, `constants` everything else that stays in flash, `data` the initial values of
    variables; all with the harness. `ram` holds arena, state and the reserved stack. `arena`
    is reserved, `arena_used` what the engine reports to use. `state` is what the model keeps from
    one inference to the next beside the arena (None: within it, as TFLM does). `stack` is the
    high-water mark measured on the device. `instructions` were counted by the simulator (None on
    hardware), and `counted` says from how many runs; they are not cycles. `cycles` and
    `milliseconds` of one inference are measured on hardware; `bench` estimates them, and
    `cycles_from` says which.
    """

    text: int
    constants: int
    arena: int
    arena_used: int
    arena_lower_bound: int
    ram: int
    stack: int
    instructions: int | None
    counted: str | None = None
    state: int | None = 0
    cycles: int | None = None
    milliseconds: float | None = None
    cycles_from: str | None = None
    data: int = 0

    @property
    def flash(self) -> int:
        """Bytes of flash."""
        return self.text + self.constants + self.data


@dataclass(frozen=True)
class RunReport:
    """Everything about one model on one board.

    `quantization` is that of the conversion, where the run made one; `warnings` are those of the
    conversion and of the build. `galleries` are for the HTML page alone. `variants` are other
    models for the same task. `library` tells which TensorFlow Lite Micro was linked, `width` what
    the model computes in (int8 or 16x8), `samples_note` why there were fewer samples than usual,
    `smaller_when_whole` what rows in or out cost.
    `details` are what sections of the page show, by the section's id, see `report.sections`.
    `gates` are what was found of the bounds that were set, `curve` the plans that there are.
    """

    model: str
    sha256: str
    board: str
    engine: str
    verdict: Verdict
    accuracy: tuple[Accuracy, ...]
    float_difference: FloatDifference | None
    costs: Costs
    ops: tuple[dict[str, Any], ...]
    quantization: str | None = None
    warnings: tuple[str, ...] = ()
    galleries: tuple[Gallery, ...] = ()
    variants: tuple[Variant, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    library: str | None = None
    width: str = "int8"
    samples_note: str | None = None
    smaller_when_whole: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cycles(self) -> int | None:
        """Of one inference: measured on hardware, or estimated from the instructions of each op.

        None where a core, or another engine's kernels, are not known.
        """
        times = self.details.get("time")
        return self.costs.cycles if times is None else times.cycles

    def _repr_html_(self) -> str:
        """What notebooks show: the summary. `report_html` makes the whole page."""
        exact = "byte-exact" if self.verdict.exact else "not exact"
        return notebook.table(
            f"{self.model} on {self.board}: {exact}",
            [(label, cells[0]) for label, cells in rows([self])],
            note=" ".join(all_warnings(self)),
        )

    gates: tuple[Judgement, ...] = ()
    curve: tuple[CurvePoint, ...] = ()

    @property
    def key(self) -> str:
        """What tells the ids of this report's page from those of another on the same page."""
        told = "\0".join((self.model, self.sha256, self.board, self.engine))
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:6]


def as_json(reports: Sequence[RunReport]) -> str:
    """The reports as JSON text, without pictures."""
    content: dict[str, Any] = documents.document(SCHEMA, {"reports": []})
    for report in reports:
        values = asdict(report)
        values["verdict"]["exact"] = report.verdict.exact
        values["verdict"]["steps_from_reference"] = report.verdict.steps_from_reference
        values["warnings"] = all_warnings(report)
        del values["galleries"]
        values["gates"] = [judgement.as_json() for judgement in report.gates]
        content["reports"].append(values)
    return json_text.dumps(content)


def rows(reports: Sequence[RunReport]) -> list[tuple[str, list[str]]]:
    """The summary: a label and one cell for each report."""
    metrics = list(dict.fromkeys(a.metric for r in reports for a in r.accuracy))
    decisive = [
        [c for c in r.verdict.comparisons if c.decides and c.against == ORACLE] for r in reports
    ]
    return [
        ("board", [r.board for r in reports]),
        *(
            [("engine", [r.engine for r in reports])]
            if any(r.engine != "aot" for r in reports)
            else []
        ),
        *(
            [("library", [r.library or "-" for r in reports])]
            if any(r.library for r in reports)
            else []
        ),
        *(
            (
                f"{metric_label(m)} (float / {_width(reports)} / device)",
                [_metric(r, m) for r in reports],
            )
            for m in metrics
        ),
        ("samples", [f"{r.verdict.samples:,}" for r in reports]),
        ("bytes compared", [f"{max(c.bytes_compared for c in d):,}" for d in decisive]),
        ("bytes that differ", [f"{max(c.bytes_differing for c in d):,}" for d in decisive]),
        ("flash: code", [f"{r.costs.text:,} B" for r in reports]),
        ("flash: constants", [f"{r.costs.constants:,} B" for r in reports]),
        ("RAM: arena", [f"{r.costs.arena:,} B" for r in reports]),
        *(
            [("RAM: state", [_state(r.costs) for r in reports])]
            if any(r.costs.state != 0 for r in reports)
            else []
        ),
        ("RAM: stack used", [f"{r.costs.stack:,} B" for r in reports]),
        ("instructions / inference", [_instructions(r) for r in reports]),
        *_feature_rows(reports),
        *(
            [
                ("cycles / inference", [_cycles(r.costs) for r in reports]),
                ("time / inference", [_time(r.costs) for r in reports]),
            ]
            if any(r.costs.cycles is not None for r in reports)
            else []
        ),
    ]


def metric_label(metric: str) -> str:
    """What a metric is called for people."""
    return _METRIC_LABELS.get(metric, metric)


def summary_table(reports: Sequence[RunReport]) -> Table:
    """The summary as a table for the terminal, one column a model."""
    table = Table()
    table.add_column("model")
    for report in reports:
        table.add_column(report.model, justify="right")
    for label, cells in rows(reports):
        table.add_row(label, *cells)
    return table


def variant_rows(report: RunReport) -> list[tuple[str, list[str]]]:
    """The model beside its variants: a label and one cell for each of them."""
    made = [_as_variant(report), *report.variants]
    return [
        *(
            (
                f"{metric_label(m)} (float / {report.width})",
                [f"{_number(v.float_model.get(m))} / {_number(v.int8_model.get(m))}" for v in made],
            )
            for m in made[0].int8_model
        ),
        ("multiply-accumulates", [f"{v.macs:,}" for v in made]),
        ("constants", [f"{v.constants:,} B" for v in made]),
        ("arena", [f"{v.arena:,} B" for v in made]),
    ]


def variants_table(report: RunReport) -> Table:
    """The model beside its variants, for the terminal."""
    table = Table(title=f"{report.model} and its variants, on the host")
    table.add_column("")
    for name in (report.model, *(v.name for v in report.variants)):
        table.add_column(name, justify="right")
    for label, cells in variant_rows(report):
        table.add_row(label, *cells)
    return table


def _as_variant(report: RunReport) -> Variant:
    from mcuforge.proof.variants import Variant

    return Variant(
        report.model,
        {a.metric: a.float_model for a in report.accuracy if a.float_model is not None},
        {a.metric: a.int8_model for a in report.accuracy},
        sum(op["macs"] for op in report.ops),
        sum(op["constant_bytes"] for op in report.ops),
        report.costs.arena,
    )


def parity_table(report: RunReport) -> Table:
    """Every engine against the oracle."""
    table = Table(title=f"{report.model} on {report.board}: against TFLM")
    table.add_column("engine")
    for heading in ("bytes compared", "differ", "samples", "largest"):
        table.add_column(heading, justify="right")
    table.add_column("decides")
    for c in report.verdict.comparisons:
        table.add_row(
            c.engine,
            f"{c.bytes_compared:,}",
            f"{c.bytes_differing:,}",
            f"{c.samples_differing}",
            f"{c.max_difference:g}",
            "yes" if c.decides else "no",
        )
    return table


def notes(report: RunReport) -> list[str]:
    """One line for each engine that differs, or that could not run: where it starts, or why.

    Before them what is to be said about the quantisation and the samples; `all_warnings` are not
    among them.
    """
    comparisons = report.verdict.comparisons
    found = []
    if report.quantization is not None:
        found.append(f"{report.model} is quantised with: {report.quantization}.")
    if report.samples_note is not None:
        found.append(report.samples_note)
    if report.smaller_when_whole is not None:
        found.append(report.smaller_when_whole)
    features = report.details.get("features")
    if features is not None:
        found.append(
            f"Its features are made on the device: {features.function} in C was compared with "
            f"{features.python}, on {features.samples:,} samples and {features.ends} at the ends "
            "of what a sensor can say."
        )
    return found + [
        f"{c.engine} cannot run: {c.problem}"
        if c.problem is not None
        else f"{c.engine} starts to differ at {c.starts_at}."
        for c in comparisons
        if c.problem is not None or c.starts_at is not None
    ]


def all_warnings(report: RunReport) -> list[str]:
    """What is to be warned of: by conversion and build, and where TFLM strays from LiteRT."""
    stray = _stray(report.verdict)
    return [*report.warnings, *([stray] if stray else [])]


def _stray(verdict: Verdict) -> str | None:
    """TFLM's own kernels may all agree, and compute something else than the file means."""
    steps = verdict.steps_from_reference
    if steps is None or steps <= A_FEW_STEPS:
        return None
    compared = next(c for c in verdict.comparisons if c.engine == REFERENCE)
    place = f", from {compared.strays_at} on" if compared.strays_at else ""
    return (
        f"TFLM and LiteRT's reference kernels differ by up to {steps:.4g} steps of the output"
        f"{place}. TFLM, and with it the device, may compute something else there than the .tflite "
        "means: measure its accuracy with TFLM's outputs, or use another op. (--max-difference N "
        "makes more than N steps a failure.)"
    )


def float_line(report: RunReport) -> str:
    """How far the device is from the float model; nothing where there is none."""
    d = report.float_difference
    if d is None:
        return ""
    return (
        f"{report.model}, device against the float Keras model: largest difference "
        f"{d.largest:.4g}, mean {d.mean:.4g} (one step of the output is {d.step:.4g})."
    )


def curve_line(report: RunReport) -> str:
    """Which plan was taken, and what others there are; nothing where there is but one."""
    line = curve.line(report.curve)
    return f"{report.model}: {line[0].lower()}{line[1:]}" if line else ""


def _feature_rows(reports: Sequence[RunReport]) -> list[tuple[str, list[str]]]:
    """Of models whose input the device makes itself."""
    found = [report.details.get("features") for report in reports]
    if not any(found):
        return []
    return [
        ("feature bytes compared", [f"{f.bytes_compared:,}" if f else "-" for f in found]),
        ("feature bytes that differ", [f"{f.bytes_differing:,}" if f else "-" for f in found]),
        (
            "instructions / features",
            [f"{f.instructions:,}" if f and f.instructions is not None else "-" for f in found],
        ),
    ]


def _state(costs: Costs) -> str:
    return "in the arena" if costs.state is None else f"{costs.state:,} B"


def _metric(report: RunReport, metric: str) -> str:
    for a in report.accuracy:
        if a.metric == metric:
            values = (a.float_model, a.int8_model, a.device)
            return " / ".join(map(_number, values))
    return "-"


def _width(reports: Sequence[RunReport]) -> str:
    widths = {report.width for report in reports}
    return widths.pop() if len(widths) == 1 else "quantised"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _instructions(report: RunReport) -> str:
    count, counted = report.costs.instructions, report.costs.counted or ""
    # A mean of equal counts needs no words.
    note = f" ({counted})" if counted.startswith("least") else ""
    return "-" if count is None else f"{count:,}{note}"


def _cycles(costs: Costs) -> str:
    return "-" if costs.cycles is None else f"{costs.cycles:,} ({costs.cycles_from})"


def _time(costs: Costs) -> str:
    return "-" if costs.milliseconds is None else f"{costs.milliseconds:.3f} ms"
