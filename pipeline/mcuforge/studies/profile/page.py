"""A profile as tables for the terminal, as JSON, and as a picture."""

from __future__ import annotations

from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

from rich import box

from mcuforge import documents
from mcuforge.documents.profile import SCHEMA
from mcuforge.engines import AOT
from mcuforge.errors import UsageError
from mcuforge.files import atomic, json_text
from mcuforge.report import ESTIMATED
from mcuforge.studies.profile.estimate import Spent
from mcuforge.studies.profile.measurement import OpCost, Profile
from mcuforge.wording import drawing
from mcuforge.wording.escape import plot_text
from mcuforge.wording.tables import Table

PICTURES = (".svg", ".png")
_MOST_FUNCTIONS = 12
_LEAST_SHARE = 0.001  # of the cycles: functions below are left out of the table


def title(profile: Profile) -> str:
    """What was profiled, and where."""
    where = "in QEMU" if profile.source == ESTIMATED else "on the board"
    engine = "" if profile.engine == "aot" else f", {profile.engine}"
    return f"{profile.model} on {profile.board} ({profile.core}{engine}) {where}"


def op_table(profile: Profile, *, wide: bool = True) -> Table:
    """A line an op, and one for all; where that is too wide, layer and kernels below the op."""
    if wide:
        table = Table("op", "layer", "kernel", title=title(profile))
    else:
        table = Table("op, layer, kernel", title=title(profile), box=box.SIMPLE_HEAD,
                      pad_edge=False)  # fmt: skip
    for heading in ("instructions", f"cycles, {profile.source}", "share", "ms", "cycles/MAC"):
        table.add_column(heading, justify="right")
    for *names, instructions, cycles, share, time, each in op_rows(profile):
        cells = names if wide else ["\n  ".join(filter(None, names))]
        table.add_row(*cells, instructions, cycles, share, time, each)
    macs = sum(op.macs for op in profile.ops)
    each = f"{profile.cycles / macs:.2f}" if macs else ""
    table.add_row("all", *(["", ""] if wide else []), *_numbers(profile, profile), each)
    return table


def op_rows(profile: Profile) -> list[tuple[str, ...]]:
    """Cells for each op: op, layer, kernel, instructions, cycles, share, ms, cycles/MAC."""
    return [
        (
            f"{op.index} {op.kind}",
            op.layer,
            ", ".join(op.kernels) or ("a view" if profile.engine == AOT else ""),
            *_numbers(profile, op),
            f"{op.cycles / op.macs:.2f}" if op.macs else "",
        )
        for op in profile.ops
    ]


def _numbers(profile: Profile, spent: OpCost | Profile | Spent) -> tuple[str, str, str, str]:
    count = spent.instructions
    return (
        "-" if count is None else f"{count:,}",
        f"{spent.cycles:,}",
        f"{spent.cycles / max(profile.cycles, 1):.1%}",
        f"{profile.milliseconds(spent.cycles):.3f}",
    )


def function_table(profile: Profile) -> Table:
    """A line a function that takes its share."""
    table = Table("function")
    for heading in ("instructions", "cycles", "share", "ms"):
        table.add_column(heading, justify="right")
    for row in function_rows(profile):
        table.add_row(*row)
    return table


def function_rows(profile: Profile) -> list[tuple[str, ...]]:
    """Cells for each function that takes its share: name, instructions, cycles, share, ms."""
    return [(name, *_numbers(profile, profile.functions[name])) for name in _shown(profile)]


def _shown(profile: Profile) -> list[str]:
    """The functions that take their share, the dearest first."""
    least = _LEAST_SHARE * profile.cycles
    return [f for f, spent in profile.functions.items() if spent.cycles > least][:_MOST_FUNCTIONS]


def note(profile: Profile) -> str:
    """How the cycles came about, and how far they may be from those of silicon."""
    if profile.source != ESTIMATED:
        return f"Measured: {profile.why}."
    clock = f"{profile.clock_hz / 1e6:g} MHz"
    return (
        f"Instructions are exact. Cycles are an estimate for {clock} and {profile.wait_states} "
        f"wait states of the flash, within {profile.error:.0%} of silicon with no other stalls of "
        f"memory: {profile.why}."
    )


def as_json(profile: Profile) -> str:
    """The profile as JSON text."""
    whole = {
        key: getattr(profile, key)
        for key in (
            "model", "sha256", "board", "core", "engine", "clock_hz", "wait_states", "source",
            "why", "instructions", "cycles",
        )
    }  # fmt: skip
    content: dict[str, Any] = {
        **whole,
        "relative_error": profile.error,
        "milliseconds": profile.milliseconds(profile.cycles),
        "ops": [
            {
                "index": op.index,
                "kind": op.kind,
                "layer": op.layer,
                "kernels": list(op.kernels),
                "macs": op.macs,
                "instructions": op.instructions,
                "cycles": op.cycles,
                "milliseconds": profile.milliseconds(op.cycles),
                "functions": _functions(op.functions),
            }
            for op in profile.ops
        ],
        "functions": _functions(profile.functions),
        "curve": [asdict(point) for point in profile.curve],
    }
    return json_text.dumps(documents.document(SCHEMA, content))


def _functions(functions: Any) -> dict[str, dict[str, int]]:
    return {
        name: {"instructions": spent.instructions, "cycles": spent.cycles}
        for name, spent in functions.items()
    }


def require_picture(path: Path) -> None:
    """Raise `UsageError` for a file of another kind, and `ToolError` without matplotlib."""
    if path.suffix.lower() not in PICTURES:
        raise UsageError(f"{path}: a picture is {' or '.join(PICTURES)}.")
    drawing.require()


def draw(profile: Profile, path: Path) -> None:
    """Write a bar for each op, divided by functions, as SVG or PNG.

    Raises `ForgeError` where the file cannot be written.
    """
    require_picture(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = [(plot_text(f"{op.index} {op.kind}"), op) for op in profile.ops]
    figure = Figure(figsize=(9, 1.2 + 0.28 * max(len(rows), 4)), layout="constrained")
    axes = figure.subplots()
    labels = [label for label, _ in rows]
    left = [0.0] * len(rows)
    for name in [*_shown(profile), None]:
        widths = [
            _part(profile, op, name) - (0.0 if name else at)
            for (_, op), at in zip(rows, left, strict=True)
        ]
        axes.barh(labels, widths, left=left, label=plot_text(name or "the rest"))
        left = [at + width for at, width in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel(f"ms, {profile.source}")
    axes.spines[["top", "right"]].set_visible(False)
    if profile.functions:
        figure.legend(fontsize=7, frameon=False, loc="outside lower center", ncols=4)
    axes.set_title(plot_text(title(profile)), fontsize=10)
    kind, content = path.suffix.lower()[1:], BytesIO()
    # The same bytes every time: no date, no version, no random names.
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": "mcuforge"}
    with mpl.rc_context({"svg.hashsalt": "mcuforge"}):
        figure.savefig(content, format=kind, dpi=120, metadata=metadata)
    atomic.write_bytes(path, content.getvalue())


def _part(profile: Profile, op: OpCost, function: str | None) -> float:
    """Milliseconds of a function within an op; of the whole op for None."""
    if function is None:
        return profile.milliseconds(op.cycles)
    return profile.milliseconds(op.functions.get(function, Spent()).cycles)
