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
    return _classified(drawing, x)


def vibration(samples: int = 512) -> bytes:
    """The same of `int8[1, samples, 3]`, as Conv1D layers become: with views around each."""
    drawing = stand_ins.Drawing("vibration", (1, samples, 3))
    x, channels = drawing.input, 3
    for filters, taps, stride in LAYERS:
        picture = drawing.reshape(x, (1, 1, samples, channels))
        samples, channels = -(-samples // stride), filters
        made = drawing.conv(picture, filters, (1, taps), (1, stride))
        x = drawing.reshape(made, (1, samples, channels))
    return _classified(drawing, drawing.reshape(x, (1, 1, samples, channels)))


def denoiser(samples: int) -> bytes:
    """From a signal `int8[1, samples, 1]` to one as long: two convolutions and a skip."""
    drawing = stand_ins.Drawing("denoiser", (1, samples, 1))
    x = drawing.reshape(drawing.input, (1, 1, samples, 1))
    wide = drawing.conv(x, 8, (1, 9))
    deep = drawing.conv(wide, 8, (1, 5))
    found = drawing.conv(drawing.add(wide, deep), 1, (1, 3), relu=False)
    return drawing.tflite(drawing.reshape(found, (1, samples, 1)))


def labeller(samples: int) -> bytes:
    """From samples of one channel `int8[1, samples]` to the largest of eight for each."""
    drawing = stand_ins.Drawing("labeller", (1, samples))
    x = drawing.reshape(drawing.input, (1, 1, samples, 1))
    wide = drawing.reshape(drawing.conv(x, 8, (1, 9)), (samples, 8))
    return drawing.tflite(drawing.largest(drawing.reshape(drawing.dense(wide, 8), (1, samples, 8))))


def beside_itself() -> bytes:
    """The sum of a signal `[1, 4, 4]` and itself as `[1, 4, 1, 4]`: of each two samples."""
    drawing = stand_ins.Drawing("beside", (1, 1, 4, 4))
    x = drawing.conv(drawing.input, 4, (1, 3))
    column = drawing.reshape(x, (1, 4, 1, 4))
    return drawing.tflite(drawing.add(column, drawing.reshape(x, (1, 4, 4)), (1, 4, 4, 4)))


def _classified(drawing: stand_ins.Drawing, x: int) -> bytes:
    flat = drawing.flatten(drawing.average(x))
    return drawing.tflite(drawing.softmax(drawing.dense(flat, 6, relu=False)))
