"""What changed from one run to another: in accuracy, bytes, instructions, time, ops and settings.

Two documents of runs -> `Changes`. Reports of the same model on the same board with the same engine
are compared; of others it is told that they are in one run alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import partial
from typing import Any

from mcuforge.documents.run import Op, Report, RunDocument
from mcuforge.recipe import metric_names
from mcuforge.report.history import key

BETTER, WORSE, OTHER, SAME = "better", "worse", "other", "same"
_COUNTS: tuple[tuple[str, Callable[[Report], int]], ...] = (  # neither better nor worse
    ("samples", lambda r: r.verdict.samples),
    ("ops", lambda r: len(r.ops)),
    ("multiply-accumulates", lambda r: sum(op.macs for op in r.ops)),
)
_COSTS: tuple[tuple[str, str, Callable[[Report], float | None]], ...] = (
    ("flash", "B", lambda r: r.costs.flash),
    ("flash: code", "B", lambda r: r.costs.text),
    ("flash: constants", "B", lambda r: r.costs.constants),
    ("flash: initial values", "B", lambda r: r.costs.data),
    ("RAM", "B", lambda r: r.costs.ram),
    ("RAM: arena", "B", lambda r: r.costs.arena),
    ("RAM: state", "B", lambda r: r.costs.state),
    ("RAM: stack used", "B", lambda r: r.costs.stack),
    ("instructions / inference", "", lambda r: r.costs.instructions),
    ("cycles / inference", "", lambda r: r.costs.cycles),
    ("time / inference", "ms", lambda r: r.costs.milliseconds),
)
_WORDS: tuple[tuple[str, Callable[[Report], Any]], ...] = (
    ("bytes", lambda r: "exact" if r.verdict.exact else "differ"),
    ("quantisation", lambda r: r.quantization),
    ("computes in", lambda r: r.width),
    ("library", lambda r: r.library),
    (".tflite", lambda r: r.sha256[:8]),
)
_NOTHING = (0, None)  # of both: not worth a row
_MOST_OPS = 200


@dataclass(frozen=True)
class Figure:
    """A number before and after; None where it was not measured. `unit` is that of both."""

    label: str
    before: float | None
    after: float | None
    unit: str = ""
    less_is_better: bool | None = True

    @property
    def judgement(self) -> str:
        """Whether it became better, worse, or is the same; "other" where neither is better."""
        if self.before == self.after:
            return SAME
        if self.before is None or self.after is None or self.less_is_better is None:
            return OTHER
        return BETTER if (self.after < self.before) is self.less_is_better else WORSE

    @property
    def shown(self) -> tuple[str, str, str]:
        """Before, after, and what lies between, in words."""
        return self._in_words(self.before), self._in_words(self.after), self._change()

    def _in_words(self, value: float | None, sign: str = "") -> str:
        if value is None:
            return "-"
        number = f"{value:{sign},}" if isinstance(value, int) else f"{value:{sign}.4g}"
        return f"{number} {self.unit}".rstrip()

    def _change(self) -> str:
        if self.before == self.after:
            return "="
        if self.before is None or self.after is None:
            return ""
        difference = self._in_words(self.after - self.before, "+")
        if not self.before:
            return difference
        return f"{difference} ({(self.after - self.before) / abs(self.before):+.1%})"


@dataclass(frozen=True)
class Word:
    """Something that is no number, before and after."""

    label: str
    before: str
    after: str

    @property
    def judgement(self) -> str:
        """Another, or the same; bytes that agree are better than others."""
        if self.before == self.after:
            return SAME
        return {"exact": BETTER, "differ": WORSE}.get(self.after, OTHER)

    @property
    def shown(self) -> tuple[str, str, str]:
        """Before, after, and whether they are the same."""
        return self.before, self.after, "=" if self.before == self.after else "changed"


Row = Figure | Word


@dataclass(frozen=True)
class ModelChanges:
    """What changed of one model on one board: rows, and what became of its ops, a line each."""

    model: str
    board: str
    engine: str
    rows: tuple[Row, ...]
    ops: tuple[str, ...]

    @property
    def title(self) -> str:
        """The model, and where it ran."""
        return title((self.model, self.board, self.engine))

    @property
    def is_same(self) -> bool:
        """True where nothing that was measured changed."""
        return not self.ops and all(row.judgement == SAME for row in self.rows)


@dataclass(frozen=True)
class Changes:
    """From the run called `before` to the one called `after`.

    `only_before` and `only_after` name what has no counterpart.
    """

    before: str
    after: str
    models: tuple[ModelChanges, ...]
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()


def between(before: RunDocument, after: RunDocument, names: tuple[str, str]) -> Changes:
    """What changed from one document to the other; `names` are what they are called."""
    earlier, later = ({key(r): r for r in each.reports} for each in (before, after))
    return Changes(
        *names,
        models=tuple(_of_model(earlier[k], report) for k, report in later.items() if k in earlier),
        only_before=tuple(title(k) for k in earlier if k not in later),
        only_after=tuple(title(k) for k in later if k not in earlier),
    )


def title(of: tuple[str, str, str]) -> str:
    """A model, and where it ran, of what `history.key` gives."""
    model, board, engine = of
    return f"{model} on {board}" + (f" with {engine}" if engine != "aot" else "")


def _of_model(before: Report, after: Report) -> ModelChanges:
    return ModelChanges(*key(after), rows=_rows(before, after), ops=_of_ops(before.ops, after.ops))


def _rows(before: Report, after: Report) -> tuple[Row, ...]:
    words = [Word(label, *(_text(value(r)) for r in (before, after))) for label, value in _WORDS]
    counts = [Figure(label, get(before), get(after), "", None) for label, get in _COUNTS]
    costs = [Figure(label, value(before), value(after), unit) for label, unit, value in _COSTS]
    return (
        *(row for row in words if (row.before, row.after) != ("-", "-")),
        *counts,
        *_metrics(before, after),
        *(row for row in costs if row.before not in _NOTHING or row.after not in _NOTHING),
    )


def _text(value: Any) -> str:
    return "-" if value is None else str(value)


def counterpart(document: RunDocument, report: Report) -> Report | None:
    """The report of the same model, board and engine; None where there is none."""
    return next((each for each in document.reports if key(each) == key(report)), None)


def metric(name: str, before: Report | None, after: Report) -> Figure:
    """A metric on the device."""
    was, now = (
        None if report is None else {a.metric: a.device for a in report.accuracy}.get(name)
        for report in (before, after)
    )
    return Figure(name, was, now, less_is_better=metric_names.less_is_better(name))


def _metrics(before: Report, after: Report) -> list[Figure]:
    names = dict.fromkeys(a.metric for report in (before, after) for a in report.accuracy)
    figures = [metric(name, before, after) for name in names]
    return [replace(figure, label=f"{figure.label} on the device") for figure in figures]


def _of_ops(before: Sequence[Op], after: Sequence[Op]) -> tuple[str, ...]:
    """Ops that are gone or new, and those of another kernel or size, a line each."""
    if len(before) + len(after) > _MOST_OPS:  # aligning long lists takes their product in time
        return _counted(before, after)
    match = SequenceMatcher(None, [_name(op) for op in before], [_name(op) for op in after], False)
    found: list[str] = []
    for tag, a, b, c, d in match.get_opcodes():
        if tag == "equal":
            pairs = zip(before[a:b], after[c:d], strict=True)
            found += [line for pair in pairs if (line := _changed(*pair))]
        else:
            found += [f"gone: {_described(op)}" for op in before[a:b]]
            found += [f"new: {_described(op)}" for op in after[c:d]]
    return tuple(found)


def _counted(before: Sequence[Op], after: Sequence[Op]) -> tuple[str, ...]:
    """How many ops there are of each kind, where that changed."""
    earlier, later = (Counter(op.kind for op in ops) for ops in (before, after))
    kinds = sorted(kind for kind in earlier | later if earlier[kind] != later[kind])
    return tuple(f"{kind}: {earlier[kind]:,} before, {later[kind]:,} after" for kind in kinds)


def _name(op: Op) -> tuple[str, str, str]:
    return op.kind, op.layer, op.output


def _described(op: Op) -> str:
    return f"op {op.index}, {op.kind} '{op.layer}', {op.output}"


def _changed(before: Op, after: Op) -> str | None:
    told = partial(_from_to, before, after)
    parts = [
        *told("kernel", lambda op: ", ".join(dict.fromkeys(op.kernels)) or "none"),
        *told("constants", lambda op: f"{op.constant_bytes:,} B"),
        *told("multiply-accumulates", lambda op: f"{op.macs:,}"),
    ]
    return f"op {after.index}, {after.kind} '{after.layer}': {'; '.join(parts)}" if parts else None


def _from_to(before: Op, after: Op, what: str, value: Callable[[Op], str]) -> list[str]:
    was, now = value(before), value(after)
    return [f"{what} {was} -> {now}"] if was != now else []
