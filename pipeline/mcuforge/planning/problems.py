"""What keeps a graph from being compiled: ops that break their rules, and its borders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcuforge.errors import UnsupportedError
from mcuforge.frontend import precision
from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning import effort, ops
from mcuforge.planning.ops.common import STORED_DTYPES
from mcuforge.planning.ops.not_computed import REASONS
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.tflm_kinds import CUSTOM_KINDS
from mcuforge.planning.ops.tflm_kinds import KINDS as TFLM_KINDS
from mcuforge.wording import keras_words

MAX_BORDER_RANK = 8  # MF_MAX_RANK of engine.h
MAX_PROBLEMS_SHOWN = 10
MAX_LAYERS_SHOWN = 5
_STORED = ", ".join(dtype.value for dtype in STORED_DTYPES)


@dataclass(frozen=True)
class Problem:
    """Why a graph cannot be compiled: what is wrong, what to change, and positions of the ops."""

    what: str
    remedy: str = ""
    ops: tuple[int, ...] = ()

    @property
    def message(self) -> str:
        """All of it."""
        return f"{self.what} {self.remedy}".rstrip()


def check(graph: Graph) -> None:
    """Raise `UnsupportedError` naming every kind of op that cannot be compiled, and why."""
    found = of(graph)
    if not found:
        return
    messages = [problem.message for problem in found]
    whole = precision.obstacle(graph)
    if whole is not None:
        raise UnsupportedError(f"{whole}\nThe first op: {messages[0]}")
    shown = messages[:MAX_PROBLEMS_SHOWN]
    if len(messages) > len(shown):
        shown.append(
            f"... and {len(messages) - len(shown)} more: `mcuforge inspect` lists all of them."
        )
    raise UnsupportedError("\n".join(shown), problems=messages)


def of(graph: Graph) -> list[Problem]:
    """All that keeps the graph from being compiled. Raises `ModelError` for a hostile one."""
    effort.check_sharing(graph)
    borders = _border_problems(graph) + _number_problems(graph)
    return _op_problems(graph) + [Problem(message) for message in borders]


def _op_problems(graph: Graph) -> list[Problem]:
    """What is wrong with ops: one entry for all ops of a kind that break the same rule."""
    groups: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for position, op in enumerate(graph.ops):
        problem = _problem(graph, op)
        if problem is not None:
            found, remedy = problem
            groups.setdefault((op.kind, remedy), []).append((position, found))
    result = []
    for (_, remedy), group in groups.items():
        positions = tuple(position for position, _ in group)
        described = _described(graph, [graph.ops[p] for p in positions])
        what = f"{described} is not supported: {group[0][1]}."
        result.append(Problem(what, remedy, positions))
    return result


def _described(graph: Graph, ops: list[Op]) -> str:
    """As `Graph.describe`, for several ops of one kind."""
    if len(ops) == 1:
        return graph.describe(ops[0])
    layers = list(dict.fromkeys(f"'{graph.layer(op)}'" for op in ops))
    named = ", ".join(layers[:MAX_LAYERS_SHOWN]) + (", ..." if layers[MAX_LAYERS_SHOWN:] else "")
    return f"{ops[0].kind} ({len(ops)} ops, first op {ops[0].index} of the file; layers {named})"


def _problem(graph: Graph, op: Op) -> tuple[str, str] | None:
    """What is wrong with an op, and the rule or the advice that goes with it."""
    operator = OPERATORS.get(op.kind)
    if operator is None:
        nor = "" if op.kind in TFLM_KINDS | CUSTOM_KINDS else ", TensorFlow Lite Micro neither"
        why = f": {REASONS[op.kind]}" if op.kind in REASONS else nor
        return f"no kernel computes {op.kind}{why}", keras_words.advice(op.kind)
    broken = ops.broken(operator, graph, op)
    if broken is not None:
        return broken[1] + _unknown_shape(graph, op), f"Rule: {ops.rule(broken[0])}"
    if operator.view(graph, op) and graph.input(op, operator.viewed_input).is_constant:
        return "it makes a constant an output of the model", "Leave that output out."
    return None


def _unknown_shape(graph: Graph, op: Op) -> str:
    """What to add where the file leaves a shape to the run time."""
    tensors = [graph.tensor(i) for i in (*op.inputs, *op.outputs) if i >= 0]
    unknown = next((t for t in tensors if t.has_unknown_extent), None)
    if unknown is None:
        return ""
    return f" (the shape of '{unknown.name}' is only known at run time; build it with fixed sizes)"


def _number_problems(graph: Graph) -> list[str]:
    """Constants that cannot be written in C: every other NaN would be another number."""
    read = {i for op in graph.ops for i in op.inputs if i >= 0} | set(graph.outputs)
    floats = (t for t in graph.tensors if t.index in read and t.dtype is DType.FLOAT32)
    return [
        f"the constant '{t.name}' holds NaN or infinity, which are not supported."
        for t in floats
        if t.data is not None and not np.isfinite(t.data).all()
    ]


def _border_problems(graph: Graph) -> list[str]:
    problems = []
    kept = {v.tensor for v in graph.variables}
    for kind, indices in (("input", graph.inputs), ("output", graph.outputs)):
        for tensor in map(graph.tensor, indices):
            if tensor.elements == 0:
                problems.append(
                    f"the model's {kind} '{tensor.name}' of shape {list(tensor.shape)} is empty: "
                    "there is nothing to compute. Build the model with sizes of at least 1."
                )
            elif tensor.dtype not in STORED_DTYPES:
                problems.append(
                    f"the model's {kind} '{tensor.name}' is {tensor.dtype.value}"
                    f"{list(tensor.shape)}: only {_STORED} are supported."
                )
            elif len(tensor.shape) > MAX_BORDER_RANK:
                problems.append(
                    f"the model's {kind} '{tensor.name}' has {len(tensor.shape)} dimensions; "
                    f"at most {MAX_BORDER_RANK} are supported."
                )
            elif tensor.is_variable and tensor.index not in kept:
                problems.append(
                    f"the model's {kind} '{tensor.name}' is a variable that no op uses. "
                    "Leave it out."
                )
    return problems
