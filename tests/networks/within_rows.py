"""Random networks of ops that take rows apart, reduce or permute them, each row for itself."""

from __future__ import annotations

import generator
from network import Network
from sketch import Sketch

KINDS = frozenset(
    """ARG_MAX ARG_MIN BATCH_MATMUL BROADCAST_TO CUMSUM DEPTH_TO_SPACE FULLY_CONNECTED GATHER MEAN
    MIRROR_PAD PACK REDUCE_ALL REDUCE_MAX REDUCE_MIN RESIZE_BILINEAR REVERSE_V2 SELECT_V2
    SPACE_TO_DEPTH SPLIT SPLIT_V STRIDED_SLICE SUM TILE TRANSPOSE UNPACK""".split()  # noqa: SIM905
)
AROUND = ("ADD", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "RELU")


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
