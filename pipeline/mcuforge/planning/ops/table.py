"""What pages say about operators, made from their rules.

That is docs/reference/operators.md, and the counts of the README.

python -m mcuforge.planning.ops.table
"""

from __future__ import annotations

from collections.abc import Collection

import click

from mcuforge.planning.ops import Operator, rule
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.tflm_kinds import CUSTOM_KINDS
from mcuforge.planning.ops.tflm_kinds import KINDS as TFLM_KINDS
from mcuforge.planning.rows import kinds

BEGIN, END = "<!-- operators: begin -->", "<!-- operators: end -->"

_RESOLVED = ("CALL_ONCE", "VAR_HANDLE")  # by passes.resolve_variables

_INTRODUCTION = """# Operators

What the planner checks before it compiles an op, each rule as its message states it. The page is
made from these rules (`tools/update-readme.py`). A model computes in int8, or in 16x8: int16
activations with int8 weights. The columns of these names give the version of mcuforge that computes
the operator there first. Borders in float32 and uint8, indices and conditions are in the rules."""


def counts() -> str:
    """A line for the README: how many operators there are here, and in TFLM."""
    ours = set(OPERATORS) - CUSTOM_KINDS
    wide = [o for o in OPERATORS.values() if o.since_16x8]
    return (
        f"mcuforge compiles {len(ours)} operators of TFLite, {len(wide)} of them in 16x8 as well. "
        f"TFLM has {len(TFLM_KINDS)} built-in ones: {len(TFLM_KINDS & ours)} are compiled, "
        f"{len(TFLM_KINDS - ours)} are not. {len(ours - TFLM_KINDS)} are compiled that TFLM lacks."
    )


def page() -> str:
    """docs/reference/operators.md: a row an operator, then how the list compares with TFLM's."""
    ours = set(OPERATORS) - CUSTOM_KINDS
    custom = {kind.removeprefix("CUSTOM ") for kind in set(OPERATORS) & CUSTOM_KINDS}
    return "\n".join(
        [
            _INTRODUCTION,
            "",
            _table(),
            "",
            kinds.section(),
            "",
            "## Beside TensorFlow Lite Micro",
            "",
            counts(),
            "Arithmetic on shapes alone (SHAPE, PACK, STRIDED_SLICE, ...) is done before planning,",
            "so that it needs no operator on the device; nor do handles of variables (VAR_HANDLE)",
            "and their first values (CALL_ONCE).",
            "",
            f"- In TFLM, not compiled here: {_listed(TFLM_KINDS - ours - set(_RESOLVED))}",
            f"- Compiled here, not in TFLM: {_listed(ours - TFLM_KINDS)}",
            f"- Of TFLM's custom ones, compiled here: {_listed(custom)}",
            "",
        ]
    )


def _table() -> str:
    """The rules that every operator has, then a row an operator: its kernels, its own rules."""
    rules = {kind: tuple(map(rule, operator.constraints)) for kind, operator in OPERATORS.items()}
    common = [r for r in next(iter(rules.values())) if all(r in each for each in rules.values())]
    lines = [f"For every operator: {' '.join(common)}", ""] if common else []
    lines += ["| operator | int8 | 16x8 | kernels | rules |", "|---|---|---|---|---|"]
    for kind, operator in sorted(OPERATORS.items()):
        own = " ".join(r for r in dict.fromkeys(rules[kind]) if r not in common)
        lines.append(
            f"| {kind} | {operator.since} | {operator.since_16x8 or 'no'} | {_kernels(operator)} "
            f"| {own} |"
        )
    return "\n".join(lines)


def _kernels(operator: Operator) -> str:
    return ", ".join(f"`{name}`" for name in operator.kernels) or "none: a view"


def _listed(kinds: Collection[str]) -> str:
    return ", ".join(sorted(kinds)) + "." if kinds else "none."


if __name__ == "__main__":
    click.echo(page())
