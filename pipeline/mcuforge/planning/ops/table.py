"""The operator table of the README, made from the constraints.

python -m mcuforge.planning.ops.table
"""

from __future__ import annotations

import click

from mcuforge.planning.ops import rule
from mcuforge.planning.ops.registry import OPERATORS

BEGIN, END = "<!-- operators: begin -->", "<!-- operators: end -->"


def markdown() -> str:
    """The rules that every operator has, then a row an operator: its kernels, its own rules."""
    rules = {kind: tuple(map(rule, operator.constraints)) for kind, operator in OPERATORS.items()}
    common = [r for r in next(iter(rules.values())) if all(r in each for each in rules.values())]
    lines = [
        f"For every operator: {' '.join(common)}",
        "",
        "| operator | kernels | rules |",
        "|---|---|---|",
    ]
    for kind in sorted(OPERATORS):
        kernels = ", ".join(f"`{name}`" for name in OPERATORS[kind].kernels) or "none: a view"
        own = " ".join(r for r in dict.fromkeys(rules[kind]) if r not in common)
        lines.append(f"| {kind} | {kernels} | {own} |")
    return "\n".join(lines)


if __name__ == "__main__":
    click.echo(markdown())
