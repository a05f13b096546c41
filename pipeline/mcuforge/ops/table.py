"""The operator table of the README, made from the constraints: `python -m mcuforge.ops.table`."""

from __future__ import annotations

import click

from mcuforge.ops import rule
from mcuforge.ops.registry import OPERATORS

BEGIN, END = "<!-- operators: begin -->", "<!-- operators: end -->"


def markdown() -> str:
    """One row an operator: its kernels and every rule that a model must obey."""
    lines = ["| operator | kernels | rules |", "|---|---|---|"]
    for kind in sorted(OPERATORS):
        operator = OPERATORS[kind]
        kernels = ", ".join(f"`{name}`" for name in operator.kernels) or "none: a view"
        rules = " ".join(dict.fromkeys(map(rule, operator.constraints)))
        lines.append(f"| {kind} | {kernels} | {rules} |")
    return "\n".join(lines)


if __name__ == "__main__":
    click.echo(markdown())
