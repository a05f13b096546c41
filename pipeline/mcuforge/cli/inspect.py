"""`mcuforge inspect`."""

from __future__ import annotations

from pathlib import Path

import click
from rich import box
from rich.text import Text

from mcuforge import frontend
from mcuforge.cli.arguments import find_model
from mcuforge.cli.common import echo_json, json_option
from mcuforge.cli.consoles import result_console
from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import Graph
from mcuforge.planning import cost, planner
from mcuforge.planning.cost import summary
from mcuforge.planning.plan import Plan, outputs_text
from mcuforge.wording.tables import Table

MAX_ROWS = 1000  # laying out a row takes longer than all else that is done with its op
_WIDE = 120  # columns that have room for the kernel's own


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@json_option
def command(model: Path, as_json: bool) -> None:
    """Show what MODEL (a .tflite, or a model folder) holds and what it would cost.

    Lists every op with its layer, shape, kernel and multiply-accumulates, and the arena that it
    needs. Exit code 1 where an op is not supported.
    """
    found = find_model(model)
    graph = frontend.read_graph(found.tflite, found.name)
    try:
        plan = planner.plan(graph)
    except UnsupportedError as error:
        if not as_json:
            result_console.print(_table(graph, None))
        raise error
    if as_json:
        echo_json(summary(plan))
        return
    result_console.print(_table(graph, plan))
    if len(graph.ops) > MAX_ROWS:
        result_console.print(f"... and {len(graph.ops) - MAX_ROWS:,} ops more: --json lists all.")
    totals = summary(plan)
    result_console.print(
        f"{totals['macs']:,} multiply-accumulates, {totals['parameters']:,} parameters, "
        f"{totals['constant_bytes']:,} B of constants.\n"
        f"Arena {totals['arena']['bytes']:,} B; no placement can need less than "
        f"{totals['arena']['lower_bound']:,} B."
    )


def _table(graph: Graph, plan: Plan | None) -> Table:
    """A row an op. In a narrow terminal the kernel stands under the op, so that names have room."""
    wide = result_console.width >= _WIDE
    padding = (0, 1) if wide else 0
    table = Table(title=graph.name, box=box.SIMPLE_HEAD, pad_edge=False, padding=padding)
    headings = ("#", "op", "layer", "output", *(("kernel",) if wide else ()))
    for heading in headings:
        table.add_column(heading)
    table.add_column("MACs", justify="right", no_wrap=True)
    for position, op in enumerate(graph.ops[:MAX_ROWS]):
        calls = plan.ops[position].calls if plan else ()
        kernels = ", ".join(dict.fromkeys(c.kernel for c in calls))
        kernels = kernels or ("(view)" if plan else "?")
        table.add_row(
            str(position),
            op.kind if wide else Text.assemble(f"{op.kind}\n", (kernels, "dim")),
            graph.layer(op),
            outputs_text(graph, op).replace("[", "\\["),
            *((kernels,) if wide else ()),
            f"{cost.macs(graph, op):,}",
        )
    return table
