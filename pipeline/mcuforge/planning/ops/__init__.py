"""The operators that mcuforge compiles, one module each, and the registry of them.

Op of a `Graph` -> `KernelCall`s. Knows nothing of the arena, nor of C text.

An operator module holds three things: *constraints* (functions whose docstring is the rule that
users read), the parameter structs of its kernels, and `lower`, which maps one op to kernel calls.
`lower` relies on the constraints and checks nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.plan import KernelCall

# Returns None where the op obeys the rule, else what it has instead ("the stride is 0").
Constraint = Callable[[Graph, Op], str | None]


@dataclass(frozen=True)
class Operator:
    """A supported operator.

    `kinds` are TFLite operator names. `kernels` names the C kernels it may become (for the table in
    docs/reference/operators.md). An op whose `view` returns true needs no call: its outputs are the
    bytes of its input at position `viewed_input`, one after the other. `since` is the version of
    mcuforge that has the operator first, `since_16x8` the one that has it for int16 activations
    with int8 weights, None where none does.
    """

    kinds: tuple[str, ...]
    constraints: tuple[Constraint, ...]
    lower: Callable[[Graph, Op], tuple[KernelCall, ...]]
    kernels: tuple[str, ...]
    view: Callable[[Graph, Op], bool] = lambda _graph, _op: False
    viewed_input: int = 0
    since: str = "0.1.0"
    since_16x8: str | None = None


@dataclass(frozen=True)
class Variant:
    """The form of an operator whose first input or output has one of `types`; `words` name it."""

    operator: Operator
    types: tuple[DType, ...] = (DType.INT16,)
    words: str = "With int16"

    def takes(self, graph: Graph, op: Op) -> bool:
        """True where the op has the variant's types."""
        tensors = [graph.tensor(i) for i in (*op.inputs[:1], *op.outputs[:1]) if i >= 0]
        return any(tensor.dtype in self.types for tensor in tensors)


def with_variant(base: Operator, variant: Variant) -> Operator:
    """The operator of both: the variant's where an op has its types, else `base`.

    Rules of the same words are one.
    """
    other = variant.operator
    shared = {rule(c) for c in base.constraints} & {rule(c) for c in other.constraints}

    def chosen(graph: Graph, op: Op) -> Operator:
        return other if variant.takes(graph, op) else base

    def of(part: Operator, words: str) -> tuple[Constraint, ...]:
        """In the part's own order: constraints rely on those before them."""
        return tuple(
            _only(c, chosen, part, "" if rule(c) in shared else words) for c in part.constraints
        )

    return replace(
        base,
        constraints=(*of(base, ""), *of(other, f"{variant.words}: ")),
        lower=lambda graph, op: chosen(graph, op).lower(graph, op),
        kernels=tuple(dict.fromkeys((*base.kernels, *other.kernels))),
        view=lambda graph, op: chosen(graph, op).view(graph, op),
        since_16x8=base.since_16x8 or other.since_16x8,
    )


def _only(
    constraint: Constraint, chosen: Callable[[Graph, Op], Operator], part: Operator, words: str
) -> Constraint:
    """The constraint on the ops that `part` computes."""

    def conditional(graph: Graph, op: Op) -> str | None:
        return constraint(graph, op) if chosen(graph, op) is part else None

    conditional.__doc__ = words + rule(constraint)
    return conditional


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
