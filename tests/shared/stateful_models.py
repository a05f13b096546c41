"""Small `.tflite` files that keep state, and the sequences to run them on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from tflite_builder import Builder

Array = npt.NDArray[Any]
_OPS = schema.BuiltinOperator


class StatefulBuilder(Builder):
    """A builder of models with resource variables."""

    def handle(self, name: str, container: str | None = None, graph: Any = None) -> int:
        """Append a VAR_HANDLE, by default to the first subgraph; the handle."""
        graph = graph or self.graph
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = f"handle_{name}", [], schema.TensorType.RESOURCE
        graph.tensors.append(tensor)
        options = schema.VarHandleOptionsT()
        options.container, options.sharedName = container, name
        handle = len(graph.tensors) - 1
        self._in(graph, _OPS.VAR_HANDLE, [], [handle], options)
        return handle

    def read(self, handle: int, shape: Sequence[int], scale: float = 0.5) -> int:
        """Append a READ_VARIABLE; its output."""
        output = self.tensor(shape, scale=scale)
        options = schema.ReadVariableOptionsT()
        self._in(self.graph, _OPS.READ_VARIABLE, [handle], [output], options)
        return output

    def assign(self, handle: int, value: int) -> None:
        """Append an ASSIGN_VARIABLE."""
        options = schema.AssignVariableOptionsT()
        self._in(self.graph, _OPS.ASSIGN_VARIABLE, [handle, value], [], options)

    def call_once(self, first: Mapping[str, Array]) -> None:
        """Append a CALL_ONCE of a new subgraph that assigns these int8 constants."""
        init = schema.SubGraphT()
        init.tensors, init.operators, init.inputs, init.outputs = [], [], [], []
        for name, values in first.items():
            handle = self.handle(name, graph=init)
            constant = self.tensor(values.shape, data=values)
            init.tensors.append(self.graph.tensors.pop(constant))
            options = schema.AssignVariableOptionsT()
            value = len(init.tensors) - 1
            self._in(init, _OPS.ASSIGN_VARIABLE, [handle, value], [], options)
        self.model.subgraphs.append(init)
        options = schema.CallOnceOptionsT()
        options.initSubgraphIndex = len(self.model.subgraphs) - 1
        self._in(self.graph, _OPS.CALL_ONCE, [], [], options)

    def with_options(
        self, kind: int, inputs: Sequence[int], outputs: Sequence[int], options: Any
    ) -> None:
        """Append an op to the first subgraph."""
        self._in(self.graph, kind, inputs, outputs, options)

    def _in(
        self, graph: Any, kind: int, inputs: Sequence[int], outputs: Sequence[int], options: Any
    ) -> None:
        self.op(kind, inputs, outputs)
        op = self.graph.operators[-1]
        name = type(options).__name__.removesuffix("T")
        op.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        op.builtinOptions = options
        if graph is not self.graph:
            graph.operators.append(self.graph.operators.pop())

    def add(self, a: int, b: int, shape: Sequence[int], scale: float = 0.5) -> int:
        """Append an ADD; its output."""
        output = self.tensor(shape, scale=scale)
        self.with_options(_OPS.ADD, [a, b], [output], schema.AddOptionsT())
        return output


def accumulator(size: int = 7, first: Array | None = None) -> bytes:
    """y = old state + x; state = y + x. The old state is read again after the assignment.

    Without `first` the state begins with the zero point.
    """
    builder = StatefulBuilder()
    shape = (1, size)
    x = builder.tensor(shape)
    if first is not None:
        builder.call_once({"total": first.reshape(shape)})
    handle = builder.handle("total")
    old = builder.read(handle, shape)
    y = builder.add(old, x, shape, 0.75)
    new = builder.add(y, x, shape)
    builder.assign(handle, new)
    late = builder.add(old, y, shape, 1.0)
    return builder.build([x], [y, late])


def shown_state() -> bytes:
    """An SVDF whose state is the second output."""
    rng = np.random.default_rng(2)
    builder = Builder()
    x, y, state = builder.tensor((1, 7)), builder.tensor((1, 2)), builder.tensor((1, 6), scale=0.25)
    builder.graph.tensors[state].isVariable = True
    given = [x, *(builder.tensor(s, scale=0.01, data=rng.integers(-99, 99, s, np.int8))
                  for s in ((2, 7), (2, 3)))]  # fmt: skip
    bias_scale = float(np.float32(0.25) * np.float32(0.01))
    bias = builder.tensor((2,), schema.TensorType.INT32, bias_scale, np.ones(2, np.int32))
    for constant in (*given[1:], bias):
        builder.graph.tensors[constant].quantization.zeroPoint = [0]
    builder.op(_OPS.SVDF, [*given, bias, state], [y])
    op = builder.graph.operators[-1]
    op.builtinOptionsType, op.builtinOptions = (
        schema.BuiltinOptions.SVDFOptions,
        schema.SVDFOptionsT(),
    )
    op.builtinOptions.rank = 1
    return builder.build([x], [y, state])


def sequence(shape: Sequence[int], steps: int, seed: int = 1) -> list[list[Array]]:
    """Random int8 inputs for a model with one input."""
    rng = np.random.default_rng(seed)
    return [[rng.integers(-128, 128, tuple(shape), np.int8)] for _ in range(steps)]


def _remembered(builder: StatefulBuilder, name: str, newest: int, length: int, width: int) -> int:
    """The last `length` rows of a stream, the newest last: what streaming layers are made of."""
    kept = length - 1
    handle = builder.handle(name)
    old = builder.read(handle, (1, kept, width))
    window = builder.tensor((1, length, width))
    concatenation = schema.ConcatenationOptionsT()
    concatenation.axis = 1
    builder.with_options(_OPS.CONCATENATION, [old, newest], [window], concatenation)
    begin, end, strides = (builder.constant(v) for v in ([0, 1, 0], [1, length, width], [1] * 3))
    rest = builder.tensor((1, kept, width))
    builder.with_options(
        _OPS.STRIDED_SLICE, [window, begin, end, strides], [rest], schema.StridedSliceOptionsT()
    )
    builder.assign(handle, rest)
    return window


def _dense(builder: StatefulBuilder, source: int, inputs: int, outputs: int, seed: int) -> int:
    """Append a FULLY_CONNECTED of a whole window; its output int8[1, outputs]."""
    rng = np.random.default_rng(seed)
    weights = builder.tensor(
        (outputs, inputs), scale=0.01, data=rng.integers(-127, 128, (outputs, inputs), np.int8)
    )
    builder.graph.tensors[weights].quantization.zeroPoint = [0]
    flat = builder.reshape(source, (1, inputs))
    output = builder.tensor((1, outputs))
    options = schema.FullyConnectedOptionsT()
    builder.with_options(_OPS.FULLY_CONNECTED, [flat, weights, -1], [output], options)
    return output


def wake_word(width: int = 5, hidden: int = 6) -> bytes:
    """A streaming network of two layers, each with the last rows of its input in a variable.

    A row of features comes in, a score goes out; CALL_ONCE gives the variables first values.
    """
    builder = StatefulBuilder()
    x = builder.tensor((1, 1, width))
    rng = np.random.default_rng(3)
    builder.call_once(
        {
            "features": np.full((1, 6, width), -3, np.int8),
            "hidden": rng.integers(-128, 128, (1, 3, hidden), np.int8),
        }
    )
    first = _remembered(builder, "features", x, 7, width)
    middle = _dense(builder, first, 7 * width, hidden, 1)
    second = _remembered(builder, "hidden", builder.reshape(middle, (1, 1, hidden)), 4, hidden)
    score = _dense(builder, second, 4 * hidden, 3, 2)
    return builder.build([x], [score])
