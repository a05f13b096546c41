"""A network as a picture: its ops as boxes, its tensors as arrows, placed by Graphviz."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil

from mcuforge.processes import graphviz
from mcuforge.processes.graphviz import Box, Layout, Line, PlacedLine
from mcuforge.report.network import TIMES, Network, OpFacts, TensorFacts

_OP, _BORDER = Box(252, 96), Box(228, 66)
_LABEL_HEIGHT, _LABEL_CHARACTER = 15, 6  # pixels
_LEVELS = 5
_WIDE, _NARROW, _BESIDE = 34, 25, 16  # characters that fit a box, beside a number, beside a share
_FAMILIES = {
    "window": "CONV_2D DEPTHWISE_CONV_2D TRANSPOSE_CONV",
    "matrix": "FULLY_CONNECTED BATCH_MATMUL UNIDIRECTIONAL_SEQUENCE_LSTM SVDF",
    "reduce": "AVERAGE_POOL_2D MAX_POOL_2D MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_ALL REDUCE_PROD "
    "ARG_MAX ARG_MIN CUMSUM SOFTMAX LOG_SOFTMAX L2_NORMALIZATION",
    "move": "RESHAPE CONCATENATION PAD PADV2 MIRROR_PAD TRANSPOSE SLICE STRIDED_SLICE SPLIT "
    "SPLIT_V PACK UNPACK TILE GATHER GATHER_ND EXPAND_DIMS SQUEEZE BROADCAST_TO FILL ZEROS_LIKE "
    "SPACE_TO_DEPTH DEPTH_TO_SPACE SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND REVERSE_V2 SHAPE "
    "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR EMBEDDING_LOOKUP DYNAMIC_UPDATE_SLICE READ_VARIABLE "
    "ASSIGN_VARIABLE CIRCULAR_BUFFER",
    "convert": "QUANTIZE DEQUANTIZE CAST",
}
_FAMILY = {kind: family for family, kinds in _FAMILIES.items() for kind in kinds.split()}
CONSTANTS = "\N{BLACK DIAMOND}"  # marks their bytes
FAMILIES = {
    "window": "convolution",
    "matrix": "matrix, recurrent",
    "reduce": "pooling, reduction",
    "elementwise": "element by element",
    "move": "moves bytes",
    "convert": "changes the type",
}


@dataclass(frozen=True)
class Node:
    """A box: an op where `op` is its number, else an input, an output or a state of the model.

    `level` is 0 to 5: how much of the work it is. `x` and `y` are its upper left corner.
    """

    kind: str
    title: str
    lines: tuple[str, ...]
    size: Box
    op: int | None = None
    share: str = ""
    work: str = ""
    constants: str = ""
    family: str = ""
    level: int = 0
    is_view: bool = False
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Edge:
    """A tensor on its way: the path of an arrow, and the tensor's shape beside it."""

    path: str
    label: str
    at: tuple[float, float] | None


@dataclass(frozen=True)
class Picture:
    """All that is drawn, in pixels. `families` are the kinds of ops that there are."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    families: tuple[tuple[str, str], ...]


def draw(network: Network, shares: Mapping[int, float]) -> Picture | str:
    """The picture, or why there is none. `shares` are the parts of all work that ops are, 0 to 1.

    Graphviz must be installed.
    """
    nodes, tensors = _graph(network, shares)
    boxes = tuple(node.size for node in nodes)
    lines = tuple(
        Line(begin, end, _width(_shape(network.tensors[tensor])), _LABEL_HEIGHT)
        for begin, end, tensor in tensors
    )
    problem = graphviz.too_much(boxes, lines)
    if problem is not None:
        return f"This network is too large for a picture: it has {problem}."
    layout = graphviz.place(boxes, lines)
    if layout is None:
        return "Graphviz could not place the ops of this network."
    labels = [_shape(network.tensors[tensor]) for _, _, tensor in tensors]
    return _placed(nodes, labels, layout)


def _graph(
    network: Network, shares: Mapping[int, float]
) -> tuple[list[Node], list[tuple[int, int, int]]]:
    """The boxes, and for each arrow: from which box to which, and which tensor it is."""
    nodes = [_border("input", name, network.tensors[t]) for name, t in network.inputs]
    made = {tensor: number for number, (_, tensor) in enumerate(network.inputs)}
    for tensor in _read_variables(network):
        made.setdefault(tensor, len(nodes))
        nodes.append(_border("state", network.tensors[tensor].name, network.tensors[tensor]))
    arrows: dict[tuple[int, int, int], None] = {}
    most = max(shares.values(), default=0.0)
    for op in network.ops:
        for _, tensor in op.inputs:
            if tensor in made:
                arrows[made[tensor], len(nodes), tensor] = None
        made |= dict.fromkeys(op.outputs, len(nodes))
        nodes.append(_op(network, op, shares.get(op.index), most))
    for name, tensor in network.outputs:
        if tensor in made:
            arrows[made[tensor], len(nodes), tensor] = None
        nodes.append(_border("output", name, network.tensors[tensor]))
    return nodes, list(arrows)


def _read_variables(network: Network) -> Iterator[int]:
    """The variables whose values of the last inference are used, each once."""
    written: set[int] = set()
    found: dict[int, None] = {}
    for op in network.ops:
        for _, tensor in op.inputs:
            if network.tensors[tensor].is_variable and tensor not in written:
                found[tensor] = None
        written.update(op.outputs)
    yield from found


def _border(kind: str, name: str, tensor: TensorFacts) -> Node:
    return Node(kind, fitted(name, _NARROW), (tensor.type, quantisation(tensor)), _BORDER)


def _op(network: Network, op: OpFacts, share: float | None, most: float) -> Node:
    output = network.tensors[op.outputs[0]] if op.outputs else None
    calls = Counter({k.kernel: 0 for k in op.kernels})
    for k in op.kernels:
        calls[k.kernel] += k.calls
    kernels = ", ".join(k if n == 1 else f"{k} {TIMES} {n}" for k, n in calls.items())
    many = f" and {len(op.outputs) - 1} more" if len(op.outputs) > 1 else ""
    lines = (
        fitted(f"{op.index} · {op.layer}", _NARROW if op.macs else _WIDE),
        fitted(f"{output.type}{many}", _NARROW if op.constant_bytes else _WIDE) if output else "",
        fitted(quantisation(output), _WIDE) if output else "",
        "a view: no bytes move" if op.view_of is not None else fitted(kernels, _WIDE - 1),
    )
    return Node(
        kind="op",
        title=fitted(op.kind, _WIDE - 6 if share is None else 18),
        lines=lines,
        size=_OP,
        op=op.index,
        share="" if share is None else percent(share),
        work=f"{amount(op.macs)} MACs" if op.macs else "",
        constants=f"{CONSTANTS} {op.constant_bytes:,} B" if op.constant_bytes else "",
        family=family(op.kind),
        level=min(ceil(_LEVELS * (share or 0.0) / most), _LEVELS) if most else 0,
        is_view=op.view_of is not None,
    )


def family(kind: str) -> str:
    """Which of `FAMILIES` an op is of."""
    return _FAMILY.get(kind, "elementwise")


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{share * 100:.1f} %" if share >= 0.001 or not share else "< 0.1 %"


def amount(number: int) -> str:
    """A number in three digits and a unit: `1.33 M`."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


def quantisation(tensor: TensorFacts) -> str:
    """Scale and zero point as text; empty where there are none."""
    if tensor.scale is None:
        return ""
    if tensor.scales > 1:
        return f"{tensor.scales} scales, {tensor.scale:.4g} … {tensor.largest_scale:.4g}"
    return f"scale {tensor.scale:.4g} · zero point {tensor.zero_point}"


def fitted(text: str, width: int) -> str:
    """The text cut to so many characters; those of East Asia count twice."""
    used = 0
    for at, character in enumerate(text):
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > width:
            return f"{text[: max(at - 1, 0)]}…"
    return text


def _shape(tensor: TensorFacts) -> str:
    return fitted(f" {TIMES} ".join(map(str, tensor.shape)) or "scalar", _NARROW)


def _width(label: str) -> int:
    return _LABEL_CHARACTER * len(label) + 10


def _placed(nodes: list[Node], labels: list[str], layout: Layout) -> Picture:
    placed = tuple(
        replace(node, x=round(x - node.size.width / 2, 1), y=round(y - node.size.height / 2, 1))
        for node, (x, y) in zip(nodes, layout.boxes, strict=True)
    )
    there = {node.family for node in nodes}
    return Picture(
        width=round(layout.width) + 4,
        height=round(layout.height) + 4,
        nodes=placed,
        edges=tuple(
            Edge(_path(line), label, line.label)
            for line, label in zip(layout.lines, labels, strict=True)
        ),
        families=tuple((name, words) for name, words in FAMILIES.items() if name in there),
    )


def _path(line: PlacedLine) -> str:
    """The curves in SVG's words, and straight on to the arrow's tip."""
    (x, y), *rest = line.points
    curves = " ".join(f"{x:g},{y:g}" for x, y in rest)
    return f"M{x:g},{y:g}C{curves}L{line.tip[0]:g},{line.tip[1]:g}"
