"""What keeps an op from being faster, in words, from what the plan and the stopwatch say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning import cost
from mcuforge.planning.plan import PlannedOp

_FEW_PRODUCTS = 32  # an output's sum is then no longer than what rounds, clamps and stores it
_FEW_CHANNELS = 4  # fewer than one load of four bytes takes
_SMALL_SHARE = 0.02  # of the inference: there is nothing to gain
# Kernels that move bytes, and those that look each value up, by the beginning of their names.
_MOVING = ("move_", "pad", "resize_nearest", "gather", "update_slice")
_TABLES = ("lookup_",)


@dataclass(frozen=True)
class OpSpent:
    """What an op took, in `unit` ("instructions" or "cycles"), and its share of the inference."""

    amount: int
    unit: str
    share: float

    def each(self, count: int) -> str:
        """How much that is for one of so many, in words."""
        each = self.amount / max(count, 1)
        return f"{each:.3g} {self.unit}"


def limit(graph: Graph, op: Op, planned: PlannedOp, spent: OpSpent | None) -> str:
    """The sentence for an op; `spent` is None where it was not measured.

    The first of the rules that has something to say.
    """
    if not planned.calls:
        return "Free: its output is the input's bytes."
    rules: tuple[Callable[[Graph, Op, PlannedOp, OpSpent | None], str], ...] = (
        _small, _passed_over, _depthwise, _read_once, _few_products, _few_channels,
        _few_filters, _products,
        _moving, _table, _values,
    )  # fmt: skip
    return next(text for rule in rules if (text := rule(graph, op, planned, spent)))


def _small(_graph: Graph, _op: Op, _planned: PlannedOp, spent: OpSpent | None) -> str:
    return "Too small to matter." if spent and spent.share < _SMALL_SHARE else ""


def _passed_over(_graph: Graph, _op: Op, planned: PlannedOp, _spent: OpSpent | None) -> str:
    reasons = [reason for call in planned.calls for reason in call.passed_over]
    return f"A faster kernel does not fit. {reasons[0]}." if reasons else ""


def _depthwise(graph: Graph, op: Op, _planned: PlannedOp, spent: OpSpent | None) -> str:
    if op.kind != "DEPTHWISE_CONV_2D":
        return ""
    taps = prod(graph.input(op, 1).shape[1:3])
    return (
        f"Memory: a channel has {taps} weights of its own, so that a loaded value serves few "
        f"products{_each_product(graph, op, spent)}."
    )


def _read_once(graph: Graph, op: Op, planned: PlannedOp, _spent: OpSpent | None) -> str:
    """A matrix times one vector."""
    macs = cost.macs(graph, op)
    weights = cost.constant_bytes(planned)
    if not macs or weights < macs / 2:
        return ""
    return f"Memory: {weights:,} B of constants are read for {macs:,} products, each once."


def _few_products(graph: Graph, op: Op, _planned: PlannedOp, spent: OpSpent | None) -> str:
    products = _products_of_an_output(graph, op)
    if not 0 < products < _FEW_PRODUCTS:
        return ""
    took = f" of {spent.each(_outputs(graph, op))}" if spent else ""
    return (
        f"Short sums: {products:.3g} products an output, whose rounding, clamping and storing are "
        f"a large part{took}."
    )


def _few_channels(graph: Graph, op: Op, _planned: PlannedOp, spent: OpSpent | None) -> str:
    if not cost.macs(graph, op):
        return ""
    source = graph.input(op, 2 if op.kind == "TRANSPOSE_CONV" else 0).shape
    channels = source[-1] if source else 1
    if channels >= _FEW_CHANNELS:
        return ""
    return (
        f"Few channels: {channels} in, so that no four neighbours meet their weights with one load "
        f"before they are gathered{_each_product(graph, op, spent)}."
    )


def _few_filters(graph: Graph, op: Op, _planned: PlannedOp, spent: OpSpent | None) -> str:
    shape = graph.output(op).shape
    filters = shape[-1] if shape else 1
    if not cost.macs(graph, op) or filters >= _FEW_CHANNELS:
        return ""
    return (
        f"Few filters: {filters} out, so that a loaded input meets {filters} of their weights "
        f"instead of four{_each_product(graph, op, spent)}."
    )


def _products(graph: Graph, op: Op, _planned: PlannedOp, spent: OpSpent | None) -> str:
    products = _products_of_an_output(graph, op)
    if not products:
        return ""
    return f"Arithmetic: {products:.4g} products an output{_each_product(graph, op, spent)}."


def _moving(graph: Graph, op: Op, planned: PlannedOp, spent: OpSpent | None) -> str:
    if not all(call.kernel.startswith(_MOVING) for call in planned.calls):
        return ""
    moved = sum(graph.tensor(t).bytes for t in op.outputs)
    took = f", {spent.each(moved)} each" if spent else ""
    return f"Memory: moves {moved:,} B and computes nothing{took}."


def _table(graph: Graph, op: Op, planned: PlannedOp, spent: OpSpent | None) -> str:
    if not all(call.kernel.startswith(_TABLES) for call in planned.calls):
        return ""
    return f"A look-up in a table for {_values_of(graph, op, spent)}."


def _values(graph: Graph, op: Op, _planned: PlannedOp, spent: OpSpent | None) -> str:
    return f"Work for {_values_of(graph, op, spent)}."


def _values_of(graph: Graph, op: Op, spent: OpSpent | None) -> str:
    """What is neither products nor moving goes with the larger of what is read and written."""
    read = max((graph.tensor(t).elements for t in op.inputs if t >= 0), default=0)
    count = max(read, _outputs(graph, op))
    return f"each of {count:,} values" + (f", {spent.each(count)} each" if spent else "")


def _outputs(graph: Graph, op: Op) -> int:
    return sum(graph.tensor(t).elements for t in op.outputs)


def _products_of_an_output(graph: Graph, op: Op) -> float:
    return cost.macs(graph, op) / max(_outputs(graph, op), 1)


def _each_product(graph: Graph, op: Op, spent: OpSpent | None) -> str:
    return f", {spent.each(cost.macs(graph, op))} each" if spent else ""
