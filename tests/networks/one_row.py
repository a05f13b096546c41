"""Random networks of signals: `[1, n, c]`, and `[1, 1, n, c]` for ops that take pictures."""

from __future__ import annotations

import generator
import moving
import numpy as np
import reducing
from network import Network
from sketch import Sketch

KINDS = generator.ROW_KINDS - {
    "SLICE",
    "STRIDED_SLICE",
    "SPLIT",
    "REVERSE_V2",
    "TILE",
    "MIRROR_PAD",
}
LONGEST = 50  # samples


def signals(seed: int, dtype: str = "int8") -> Network:
    """A network of ops that can run sample by sample, with branches and skips, on one signal."""
    sketch = Sketch(seed, dtype, 1200)
    sketch.is_signal = True
    draw = sketch.draw
    samples, channels = draw.integer(2, LONGEST), draw.integer(1, 6)
    sketch.input(draw.choice([(1, samples, channels), (1, 1, samples, channels)]))
    _viewed(sketch)
    kinds = [kind for kind in generator.kinds_of(dtype) if kind in KINDS]
    weights = np.array([generator.OFTEN.get(kind, 1.0) for kind in kinds])
    count = draw.integer(4, 20)
    for _ in range(generator.ATTEMPTS):
        if len(sketch.network.nodes) >= count:
            break
        generator.drawn(sketch, kinds[int(draw.rng.choice(len(kinds), p=weights / weights.sum()))])
        if draw.chance(0.3):
            _viewed(sketch)
    accumulating = [kind for kind in generator.kinds_of(dtype) if kind in generator.ACCUMULATING]
    for _ in range(draw.integer(0, 3)):
        reducing.over_picture(sketch, draw.choice(accumulating))
    return generator.finished(sketch)


def _viewed(sketch: Sketch) -> None:
    """A view of a signal in its other shape, which EXPAND_DIMS, SQUEEZE or RESHAPE makes."""
    source = sketch.pick(lambda spec: len(spec.shape) in (3, 4) and spec.shape[-2] > 1)
    if source is None:
        return
    shape = sketch.spec(source).shape
    samples, channels = shape[-2:]
    if int(np.prod(shape)) == samples * channels:
        other = (1, 1, samples, channels) if len(shape) == 3 else (1, samples, channels)
        moving.reshaped(sketch, source, other)
