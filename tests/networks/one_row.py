"""Random networks of signals: `[n, c]`, `[1, n, c]`, and `[1, 1, n, c]` for ops of pictures."""

from __future__ import annotations

import generator
import moving
import numpy as np
import reducing
import within_rows
from network import Network
from sketch import Sketch

KINDS = generator.ROW_KINDS | within_rows.KINDS
LONGEST = 50  # samples


def signals(seed: int, dtype: str = "int8") -> Network:
    """A network of ops that can run sample by sample, with branches and skips, on one signal."""
    sketch = Sketch(seed, dtype, 1200)
    draw = sketch.draw
    sketch.is_signal, sketch.keeps_rows = True, draw.chance(0.7)
    samples, channels = draw.integer(2, LONGEST), draw.integer(1, 6)
    sketch.input(draw.choice(_shapes(samples, channels)))
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


def _shapes(samples: int, channels: int) -> list[tuple[int, ...]]:
    """Those that a signal may have."""
    found: list[tuple[int, ...]] = [(1,) * ones + (samples, channels) for ones in range(3)]
    return [*found, (1, samples)] if channels == 1 else found


def _viewed(sketch: Sketch) -> None:
    """A view of a signal in another shape, which EXPAND_DIMS, SQUEEZE or RESHAPE makes."""
    source = sketch.pick(lambda spec: len(spec.shape) in (2, 3, 4) and max(spec.shape) > 1)
    if source is None:
        return
    *ones, samples, channels = sketch.spec(source).shape
    if samples == 1 and sketch.draw.chance(0.8):
        samples, channels = channels, 1
    if all(d == 1 for d in ones):
        moving.reshaped(sketch, source, sketch.draw.choice(_shapes(samples, channels)))
