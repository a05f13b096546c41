"""The operators that mcuforge compiles, one module each, and the registry of them.

Op of a `Graph` -> `KernelCall`s. Knows nothing of the arena, nor of C text.

An operator module holds three things: *constraints* (functions whose docstring is the rule that
users read), the parameter structs of its kernels, and `lower`, which maps one op to kernel calls.
`lower` relies on the constraints and checks nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.plan import KernelCall

# Returns None where the op obeys the rule, else what it has instead ("the stride is 0").
Constraint = Callable[[Graph, Op], str | None]


@dataclass(frozen=True)
class Operator:
    """A supported operator.

    `kinds` are TFLite operator names. `kernels` names the C kernels it may become (for the table in
    docs/operators.md). An op whose `view` returns true needs no call: its outputs are the bytes of
    its input at position `viewed_input`, one after the other. `since` is the version of mcuforge
    that has the operator first, `since_16x8` the one that has it for int16 activations with int8
    weights, None where none does.
    """

    kinds: tuple[str, ...]
    constraints: tuple[Constraint, ...]
    lower: Callable[[Graph, Op], tuple[KernelCall, ...]]
    kernels: tuple[str, ...]
    view: Callable[[Graph, Op], bool] = lambda _graph, _op: False
    viewed_input: int = 0
    since: str = "0.1.0"
    since_16x8: str | None = None


def rule(constraint: Constraint) -> str:
    """The user-facing text of a constraint: its docstring on one line."""
    return " ".join((constraint.__doc__ or "").split())


def broken(operator: Operator, graph: Graph, op: Op) -> tuple[Constraint, str] | None:
    """The first constraint that the op breaks, and what it has instead."""
    for constraint in operator.constraints:
        found = constraint(graph, op)
        if found is not None:
            return constraint, found
    return None


def check(operator: Operator, graph: Graph, op: Op) -> None:
    """Raise `UnsupportedError` naming the op, its layer and the rule that it breaks."""
    found = broken(operator, graph, op)
    if found is not None:
        raise UnsupportedError(
            f"{graph.describe(op)} is not supported: {found[1]}. Rule: {rule(found[0])}"
        )
