"""`mcuforge inspect`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.text import Text

from mcuforge import boards
from mcuforge.cli import fit_table
from mcuforge.cli.arguments import MODEL, find_model
from mcuforge.cli.common import (
    board_option,
    borders_of,
    echo_json,
    json_option,
    max_ram_option,
    memory_option,
    ram_choice,
    rows_options,
)
from mcuforge.cli.consoles import result_console
from mcuforge.frontend.graph import Op
from mcuforge.planning import cost
from mcuforge.planning.plan import Plan, outputs_text
from mcuforge.report.curve import CurvePoint
from mcuforge.studies import inspection
from mcuforge.studies.inspection import Inspection
from mcuforge.wording.tables import Table

MAX_ROWS = 1000  # laying out a row takes longer than all else that is done with its op
_WIDE = 120  # columns that have room for the kernel's own


@click.command()
@click.argument("model", type=MODEL)
@board_option
@memory_option
@max_ram_option
@rows_options
@json_option
def command(
    model: Path,
    board_name: str,
    memory: str | None,
    max_ram: int | None,
    input_as: str | None,
    output_as: str | None,
    as_json: bool,
) -> None:
    """Show what MODEL (a .tflite, or a model folder) holds and what it would cost.

    Lists inputs and outputs, every op with its layer, shape, multiply-accumulates and kernel on the
    board (and why no faster one), the memory that it needs, and the boards that it fits. Where
    something is not supported, it tells every reason, what to change, and which ops are at fault.

    Exit code 0: it can be compiled. 1: it is refused, or damaged. 2: MODEL is no .tflite.
    """
    file = find_model(model)
    memory, max_ram = ram_choice(file.recipe, memory, max_ram)
    found = inspection.inspect(
        file.tflite, boards.load(board_name), file.name, memory=memory, max_ram=max_ram,
        borders=borders_of(input_as, output_as, file.recipe),
    )  # fmt: skip
    error = found.error()
    if as_json and error is None:
        echo_json(found.summary())
    if not as_json:
        _show(found)
    if error is not None:
        raise error


def _show(found: Inspection) -> None:
    result_console.print(_borders(found))
    result_console.print(_ops(found))
    left = len(found.graph.ops) - MAX_ROWS
    if left > 0:
        result_console.print(f"... and {left:,} ops more: --json lists all.")
    if found.not_in_tflm:
        result_console.print(f"Not in TensorFlow Lite Micro: {', '.join(found.not_in_tflm)}.")
    if found.plan is not None:
        for line in _choices(found.plan):
            result_console.print(line)
        result_console.print(_totals(found.plan, found.packed, found.packing_pays))
        if found.smaller_when_whole:
            result_console.print(found.smaller_when_whole, highlight=False)
        if len(found.curve) > 1:
            result_console.print(_curve(found))
        fit_table.show(found.fits)


def _borders(found: Inspection) -> Table:
    """A row an input and output."""
    table = Table(title=found.graph.name, box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "name", "type"):
        table.add_column(heading)
    for heading in ("scale", "zero point"):
        table.add_column(heading, justify="right")
    values = cost.described(found.graph, found.plan.streamed if found.plan else {})
    for kind in ("input", "output"):
        for tensor in values[f"{kind}_tensors"][:MAX_ROWS]:
            table.add_row(kind, *_border(tensor))
    return table


def _border(tensor: dict[str, Any]) -> Sequence[str]:
    scale, zero_point = tensor["scale"], tensor["zero_point"]
    return (
        tensor["name"],
        f"{tensor['dtype']}{tensor['shape']}{', row by row' * bool(tensor['row_bytes'])}",
        "-" if scale is None else f"{scale:.9g}",
        "-" if zero_point is None else str(zero_point),
    )


def _ops(found: Inspection) -> Table:
    """A row an op. In a narrow terminal the kernel stands under the op, so that names have room."""
    wide = result_console.width >= _WIDE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1) if wide else 0)
    renumbered = any(op.index != position for position, op in enumerate(found.graph.ops))
    table.add_column("#")
    if renumbered:  # ops are folded, or run in another order
        table.add_column("of the file" if wide else "file")
    for heading in ("op", "layer", "output", *(("kernel",) if wide else ())):
        table.add_column(heading)
    table.add_column("MACs", justify="right", no_wrap=True)
    faults = found.faults
    for position, op in enumerate(found.graph.ops[:MAX_ROWS]):
        kernels = Text(_kernels(found, position), "red" if position in faults else "")
        table.add_row(
            str(position),
            *((str(op.index),) if renumbered else ()),
            op.kind if wide else Text.assemble(f"{op.kind}\n", kernels),
            found.graph.layer(op),
            outputs_text(found.graph, op),
            *((kernels,) if wide else ()),
            f"{cost.macs(found.graph, op):,}" if found.plan else "-",
        )
    return table


def _kernels(found: Inspection, position: int) -> str:
    """What computes an op, or which of the reasons keeps it from being computed."""
    number = found.faults.get(position)
    if number is not None:
        return f"refused: {number}." if len(found.problems) > 1 else "refused"
    if found.plan is None:
        return ""
    kernels = ", ".join(dict.fromkeys(c.kernel for c in found.plan.ops[position].calls))
    stored = " (int4 weights)" if _reads_packed(found, found.graph.ops[position]) else ""
    return (kernels or "(view)") + stored


def _choices(plan: Plan) -> list[str]:
    """What passes have made part of ops, and why some run no faster kernel, a line each."""
    ops = cost.summary(plan)["ops"][:MAX_ROWS]
    folded = [f"In op {op['index']}: {note}." for op in ops for note in op["folded"]]
    return folded + [
        f"Not in op{'s' if len(ops) > 1 else ''} {', '.join(map(str, ops))}: {reason}."
        for reason, ops in cost.passed_over(ops)
    ]


def _reads_packed(found: Inspection, op: Op) -> bool:
    return any(found.graph.tensor(i).packed for i in op.inputs if i >= 0)


def _totals(plan: Plan, packed: Plan | None, packing_pays: bool) -> str:
    totals = cost.summary(plan)
    lines = [
        f"{totals['macs']:,} multiply-accumulates, {totals['parameters']:,} parameters, "
        f"{totals['constant_bytes']:,} B of constants."
    ]
    if packed is not None:
        lines.append(_int4(packed, packing_pays))
    if plan.state_bytes:
        lines.append(f"State {plan.state_bytes:,} B, kept from one inference to the next.")
    lines.append(
        f"Arena {totals['arena']['bytes']:,} B; no placement can need less than "
        f"{totals['arena']['lower_bound']:,} B."
    )
    return "\n".join(lines)


def _curve(found: Inspection) -> Table:
    """A row a plan: how small the arena may be, and for how much more work."""
    table = Table(title="Arena against instructions", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("arena", "row by row", "more instructions", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for point in found.curve:
        share = found.share_of_time(point)
        table.add_row(
            f"{point.arena_bytes:,} B",
            f"{point.ops_by_row} of {len(found.graph.ops)} ops" if point.ops_by_row else "-",
            f"{point.extra_instructions:,}" if point.extra_instructions else "-",
            f"{share:+.1%}" if share else "-",
            ", ".join(_marks(point)),
        )
    return table


def _marks(point: CurvePoint) -> list[str]:
    marks = {
        "planned": point.chosen,
        "--memory small": point.small and not point.chosen,
        "no room": not point.fits,
    }
    return [words for words, holds in marks.items() if holds]


def _int4(packed: Plan, packing_pays: bool) -> str:
    """What int4 weights cost, unpacked as they are by default, and packed."""
    weights, totals = cost.packed_weights(packed.graph), cost.summary(packed)
    if weights is None:
        return ""
    if not packing_pays:
        return (
            f"int4: {weights.weights:,} weights take {weights.file_bytes:,} B of the file and, "
            f"unpacked for the kernels, {weights.flash_bytes:,} B of flash. Code that unpacks them "
            "each time would take more than it saves."
        )
    return (
        f"int4: {weights.weights:,} weights take {weights.file_bytes:,} B of the file and, "
        f"unpacked for the kernels, {weights.flash_bytes:,} B of flash. With --optimize size they "
        f"are unpacked each time: {totals['constant_bytes']:,} B of constants, an arena of "
        f"{totals['arena']['bytes']:,} B, and more instructions."
    )
