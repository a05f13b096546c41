"""Small graphs for tests."""

from __future__ import annotations

from collections.abc import Sequence

from mcuforge.frontend.graph import DType, Graph, Op, Quantization, Tensor

Q = Quantization((0.5,), (3,))


def tensor(index: int, shape: Sequence[int], quantization: Quantization = Q) -> Tensor:
    """An int8 activation."""
    return Tensor(index, f"layer{index}/out", tuple(shape), DType.INT8, quantization)


def graph(
    shapes: Sequence[Sequence[int]],
    ops: Sequence[tuple[str, Sequence[int], int]],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> Graph:
    """A graph of attribute-free ops given as (kind, inputs, output)."""
    return Graph(
        name="test",
        tensors=tuple(tensor(i, shape) for i, shape in enumerate(shapes)),
        ops=tuple(Op(i, kind, 1, tuple(ins), (out,)) for i, (kind, ins, out) in enumerate(ops)),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        model_hash="ab" * 32,
    )


def relu_chain(length: int, elements: int = 64) -> Graph:
    """input -> RELU -> RELU -> ... -> output."""
    ops = [("RELU", (i,), i + 1) for i in range(length)]
    return graph([(1, elements)] * (length + 1), ops, [0], [length])
