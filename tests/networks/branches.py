"""Random networks whose branches meet in a CONCATENATION, as in Inception: along any axis."""

from __future__ import annotations

from dataclasses import replace

import generator
from elementwise import requantise
from network import Network
from sketch import Sketch, Values, options_of

WEIGHTED = ("CONV_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
OTHERS = (
    *("AVERAGE_POOL_2D", "LEAKY_RELU", "MAX_POOL_2D", "RESIZE_NEAREST_NEIGHBOR", "ADD", "PAD"),
    *("REVERSE_V2", "SLICE", "STRIDED_SLICE", "TRANSPOSE"),
)
ATTEMPTS = 30
DEVIATION = 60.0  # of a concatenation, in steps of its scale


def branches(seed: int, dtype: str = "int8") -> Network:
    """A network of one to three blocks, each of some branches of what the block before made."""
    sketch = Sketch(seed, dtype, 1500)
    draw = sketch.draw
    shape = (draw.choice([1, 1, 2]), draw.integer(2, 8), draw.integer(1, 7), draw.integer(1, 5))
    last = sketch.input(shape)
    blocks = draw.integer(1, 3)
    while sum(node.kind == "CONCATENATION" for node in sketch.network.nodes) < blocks:
        last = _block(sketch, last)
    return generator.finished(sketch)


def _block(sketch: Sketch, source: int) -> int:
    """Branches of a tensor, joined; now and then the tensor itself is one of them."""
    draw, before = sketch.draw, sketch.values
    axis = draw.choice([3, 3, 3, 2, 1])
    made: list[int] = [source] if draw.chance(0.2) else []
    kinds = set(generator.kinds_of(sketch.dtype))
    for _ in range(draw.integer(2, 5)):
        sketch.values = {source: before[source]}
        kind = draw.choice([k for k in (*WEIGHTED, *WEIGHTED, *OTHERS) if k in kinds])
        found = _branch(sketch, source, kind, axis)
        made += [] if found is None else [found]
    sketch.values = before
    alike = _alike(sketch, made)
    if len(alike) > 2 and draw.chance(0.5):
        first = draw.integer(0, len(alike) - 2)
        alike[first : first + 2] = [_joined(sketch, alike[first : first + 2], axis)]
    joined = _joined(sketch, alike, axis) if len(alike) > 1 else source
    sketch.values = {joined: sketch.values[joined]} if joined != source else before
    return joined


def _branch(sketch: Sketch, source: int, kind: str, axis: int) -> int | None:
    """The output of an op of that kind whose shape is the source's but along the axis."""

    def others(index: int) -> list[int]:
        return [d for i, d in enumerate(sketch.spec(index).shape) if i != axis]

    values = sketch.values
    for _ in range(ATTEMPTS):
        nodes, sketch.values = sketch.network.nodes[:], values.copy()
        if generator.drawn(sketch, kind):
            made = sketch.network.nodes[-1].outputs[0]
            same_rank = len(sketch.spec(made).shape) == len(sketch.spec(source).shape)
            if same_rank and others(made) == others(source):
                return made
        sketch.network.nodes = nodes
    return None


def _alike(sketch: Sketch, made: list[int]) -> list[int]:
    """All of one scale, that of the last one: weighted sums have it, the rest is requantised."""
    goal = sketch.spec(made[-1]) if made else None
    makers = {node.outputs[0]: node.kind for node in sketch.network.nodes}
    given = []
    for index in made:
        assert goal is not None
        if makers.get(index) in WEIGHTED:
            spec = sketch.spec(index)
            sketch.network.tensors[index] = replace(
                spec, scale=goal.scale, zero_point=goal.zero_point
            )
            given.append(index)
        else:
            sketch.values[index] = Values(0.0, 1.0)
            given.append(requantise(sketch, index, goal))
    return given


def _joined(sketch: Sketch, made: list[int], axis: int) -> int:
    extent = sum(sketch.spec(i).shape[axis] for i in made)
    shape = tuple(extent if i == axis else d for i, d in enumerate(sketch.spec(made[0]).shape))
    target = sketch.alike(made[0], shape)
    options = options_of("CONCATENATION", axis=sketch.draw.choice([axis, axis - 4]))
    values = Values(0.0, DEVIATION * sketch.scale(made[0]))
    return sketch.op("CONCATENATION", made, target, values, options)
