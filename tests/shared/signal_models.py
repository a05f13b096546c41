"""Models of signals, whose samples are rows of pictures of one column."""

from __future__ import annotations

import stand_ins

LAYERS = ((16, 7, 1), (16, 5, 2), (24, 5, 2), (32, 3, 2))  # filters, taps, stride


def column(samples: int = 512) -> bytes:
    """A classifier of a window of an accelerometer's samples, `int8[1, samples, 1, 3]`."""
    drawing = stand_ins.Drawing("vibration", (1, samples, 1, 3))
    x = drawing.input
    for filters, taps, stride in LAYERS:
        x = drawing.conv(x, filters, (taps, 1), (stride, 1))
    pooled = drawing.average(x)
    return drawing.tflite(drawing.softmax(drawing.dense(drawing.flatten(pooled), 6, relu=False)))
