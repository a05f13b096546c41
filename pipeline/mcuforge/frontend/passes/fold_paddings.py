"""PAD before a convolution: the window begins outside of the image instead.

    int8 PAD 1,1 int8 CONV_2D VALID int8   ->   int8 CONV_2D, its window 1 above and left of it

What lies outside is the input's zero point in either case. PyTorch exports and MobileNets with a
stride of 2 have such a PAD before most of their convolutions.
"""

from __future__ import annotations

from dataclasses import replace

from mcuforge.frontend.graph import (
    Conv2DAttributes,
    DepthwiseConv2DAttributes,
    DType,
    Graph,
    Op,
    Padding,
    Pads,
    Tensor,
)
from mcuforge.frontend.passes.only_reader import only_readers

MAX_PADS = 255  # of a side: beyond it, a PAD is left alone
_RANK = 4


def fold_paddings(graph: Graph) -> Graph:
    """Give the CONV_2D or DEPTHWISE_CONV_2D that alone reads a PAD of zeros the PAD's input.

    Only where the convolution itself adds no padding.
    """
    readers = only_readers(graph)
    pads = {
        op.outputs[0]: (op, around)
        for op in graph.ops
        if (around := _pads(graph, op)) is not None and _is_window(readers.get(op.outputs[0]), op)
    }
    gone = {op.index for op, _ in pads.values()}
    folded = (_folded(op, pads) for op in graph.ops if op.index not in gone)
    return replace(graph, ops=tuple(folded))


def _folded(op: Op, pads: dict[int, tuple[Op, Pads]]) -> Op:
    found = pads.get(op.inputs[0]) if op.has_first_input else None
    if found is None or not isinstance(op.attributes, Conv2DAttributes | DepthwiseConv2DAttributes):
        return op
    pad, around = found
    return replace(
        op,
        inputs=(pad.inputs[0], *op.inputs[1:]),
        attributes=replace(op.attributes, pads=around),
        notes=(*op.notes, f"{pad.title} is its padding"),
    )


def _is_window(reader: Op | None, pad: Op) -> bool:
    """True for a convolution that reads the PAD as its image, and adds no padding of its own."""
    a = reader.attributes if reader is not None else None
    if reader is None or not isinstance(a, Conv2DAttributes | DepthwiseConv2DAttributes):
        return False
    return a.padding is Padding.VALID and a.pads is None and reader.inputs[0] == pad.outputs[0]


def _pads(graph: Graph, op: Op) -> Pads | None:
    """The zeros of a PAD that adds nothing else but these around an image."""
    if op.kind not in ("PAD", "PADV2") or len(op.inputs) < 2 or min(op.inputs[:2]) < 0:
        return None
    source, paddings, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    if not _alike(source, output) or not _is_zero(graph.optional_input(op, 2), output, op):
        return None
    if paddings.data is None or paddings.dtype is not DType.INT32:
        return None
    if paddings.elements != 2 * _RANK or len(source.shape) != _RANK or source.is_constant:
        return None
    pairs = [(int(before), int(after)) for before, after in paddings.data.reshape(_RANK, 2)]
    if any(not 0 <= v <= MAX_PADS for pair in pairs for v in pair) or any(pairs[0] + pairs[3]):
        return None
    padded = tuple(e + sum(pair) for e, pair in zip(source.shape, pairs, strict=True))
    return (pairs[1], pairs[2]) if padded == output.shape else None


def _alike(source: Tensor, output: Tensor) -> bool:
    """True where both are int8 or int16 and quantised alike, with one scale."""
    a, b = source.quantization, output.quantization
    if source.dtype is not output.dtype or source.dtype not in (DType.INT8, DType.INT16):
        return False
    if a is None or b is None or a.per_channel or b.per_channel or not a.scales or not b.scales:
        return False
    return (a.scale, a.zero_point) == (b.scale, b.zero_point)


def _is_zero(value: Tensor | None, output: Tensor, op: Op) -> bool:
    """True where the padding is the output's zero point, which it is if no value is given."""
    if value is None:
        return len(op.inputs) == 2
    if value.data is None or value.elements != 1 or not _alike(value, output):
        return False
    return output.quantization is not None and value.data.item() == output.quantization.zero_point
