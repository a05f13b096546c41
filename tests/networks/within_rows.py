"""Random networks of ops that take rows apart, reduce or permute them, each row for itself."""

from __future__ import annotations

import generator
import moving
import numpy as np
from network import Network
from sketch import Sketch

KINDS = frozenset(
    """ARG_MAX ARG_MIN BATCH_MATMUL BROADCAST_TO CUMSUM DEPTH_TO_SPACE FULLY_CONNECTED GATHER MEAN
    MIRROR_PAD PACK REDUCE_ALL REDUCE_MAX REDUCE_MIN RESIZE_BILINEAR REVERSE_V2 SELECT_V2
    SPACE_TO_DEPTH SPLIT SPLIT_V STRIDED_SLICE SUM TILE TRANSPOSE UNPACK""".split()  # noqa: SIM905
)
AROUND = ("ADD", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "RELU")


def regrouped(seed: int, dtype: str = "int8") -> Network:
    """Convolutions between which channels are shuffled, and views divide rows otherwise."""
    sketch = Sketch(seed, dtype, 1500)
    draw = sketch.draw
    sketch.first_axis, sketch.keeps_rows = 1, draw.chance(0.8)
    rows, columns, channels = draw.integer(2, 14), draw.integer(1, 6), draw.choice([2, 4, 6, 8, 9])
    signals = [(1, rows * columns, channels), (1, 1, rows * columns, channels)]
    sketch.input(draw.choice([(1, rows, columns, channels), *signals]))
    sketch.is_signal = len(sketch.spec(0).shape) == 3 or sketch.spec(0).shape[1] == 1
    kinds = [
        kind for kind in (*AROUND, "PADV2", *sorted(KINDS)) if kind in generator.kinds_of(dtype)
    ]
    for _ in range(draw.integer(4, 12)):
        moves = draw.choice([_shuffled, _regrouped, _moved, _moved, None, None, None])
        if moves is None or not moves(sketch):
            generator.drawn(sketch, draw.choice(kinds))
    return generator.finished(sketch)


def _shuffled(sketch: Sketch) -> bool:
    """A channel shuffle: channels in groups, of which each first one goes first."""
    source = sketch.pick(lambda spec: 2 <= len(spec.shape) <= 4 and spec.shape[-1] > 3)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    *before, channels = shape
    groups = sketch.draw.choice([n for n in range(1, channels + 1) if channels % n == 0])
    parted = moving.reshaped(sketch, source, (*before, groups, channels // groups))
    axes = range(len(before))
    order = sketch.integers(*axes, len(before) + 1, len(before))
    goal = sketch.alike(source, (*before, channels // groups, groups))
    turned = sketch.op("TRANSPOSE", [parted, order], goal, sketch.values[source])
    moving.reshaped(sketch, turned, shape)
    return True


def _regrouped(sketch: Sketch) -> bool:
    """A view: columns and channels, and now and then rows, become other ones."""
    source = sketch.pick(lambda spec: 3 <= len(spec.shape) <= 5 and spec.shape[0] == 1)
    if source is None:
        return False
    _, rows, *rest = sketch.spec(source).shape
    all_of_it = rows * int(np.prod(rest))
    if sketch.draw.chance(0.2):
        rows = _divisor(sketch, all_of_it)
    return _pictured(sketch, source, rows) != source


def _pictured(sketch: Sketch, source: int, rows: int) -> int:
    """A view of so many rows."""
    elements = int(np.prod(sketch.spec(source).shape)) // rows
    channels = _divisor(sketch, elements)
    shapes = [(1, rows, elements // channels, channels), (1, rows, elements)]
    return moving.reshaped(sketch, source, sketch.draw.choice(shapes))


def _divisor(sketch: Sketch, of: int) -> int:
    return sketch.draw.choice([n for n in range(1, of + 1) if of % n == 0])


def _moved(sketch: Sketch) -> bool:
    """What moves elements within bands of rows, and is viewed as rows of another number."""
    source = sketch.pick(lambda spec: len(spec.shape) == 4 and spec.shape[0] < spec.shape[1])
    if source is None:
        return False
    shape = sketch.spec(source).shape
    bands = _divisor(sketch, shape[1])
    outer = _divisor(sketch, int(np.prod(shape)) // bands)
    inner = int(np.prod(shape)) // bands // outer
    kind = sketch.draw.choice(["TRANSPOSE", "TILE", "REVERSE_V2"])
    middle = _divisor(sketch, inner)
    within = (inner,) if kind == "TILE" else (middle, inner // middle)
    parted = moving.reshaped(sketch, source, (1, bands, outer, *within))
    others, sketch.values = sketch.values, {parted: sketch.values[parted]}
    done = generator.drawn(sketch, kind)
    made, sketch.values = max(sketch.values), others | sketch.values
    if done:
        elements = int(np.prod(sketch.spec(made).shape))
        _pictured(sketch, made, bands * _divisor(sketch, elements // bands))
    return True


def within_rows(seed: int, dtype: str = "int8", most_elements: int = 1500) -> Network:
    """Half of the ops are such, the others are those that stand around them."""
    sketch = Sketch(seed, dtype, most_elements)
    sketch.first_axis, sketch.keeps_rows = 1, True
    draw = sketch.draw
    picture = (1, draw.integer(3, 14), draw.integer(1, 9), draw.integer(1, 6))
    signal = (1, draw.integer(3, 60), draw.integer(1, 6))
    sketch.input(draw.choice([picture, picture, signal]))
    kinds = [kind for kind in generator.kinds_of(dtype) if kind in KINDS]
    count = draw.integer(3, 14)
    for _ in range(generator.ATTEMPTS):
        if len(sketch.network.nodes) >= count:
            break
        generator.drawn(sketch, draw.choice(kinds if draw.chance(0.6) else AROUND))
    return generator.finished(sketch)
