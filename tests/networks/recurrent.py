"""Ops that keep state of their own from one inference to the next: how to draw each."""

from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from moving import reshaped
from single_op import Spec
from sketch import Sketch, Values, options_of

MOST_VALUES = 60
_UNIFORM = 73.3  # deviation of uniform int8
_ONE = {"int8": 1 / 128, "int16": 1 / 32768}  # scales of what lies between -1 and 1


def _rows(sketch: Sketch, rank: int) -> int | None:
    """An activation of that rank, a small one reshaped: [batch, n] or [batch, steps, n]."""
    source = sketch.pick(lambda spec: int(np.prod(spec.shape)) <= MOST_VALUES)
    if source is None:
        return None
    elements = int(np.prod(sketch.spec(source).shape))
    batches = sketch.draw.choice([d for d in (1, 1, 2) if elements % d == 0])
    steps = sketch.draw.choice([d for d in (1, 2, 3, 4, 5) if elements // batches % d == 0])
    shape = (batches, elements // batches)
    if rank == 3:
        shape = (batches, steps, elements // batches // steps)
    return reshaped(sketch, source, shape)


def svdf(sketch: Sketch) -> bool:
    """Responses of the last inputs, weighted over time."""
    source = _rows(sketch, 2)
    if source is None:
        return False
    draw, (batches, inputs) = sketch.draw, sketch.spec(source).shape
    rank, units, memory = draw.integer(1, 2), draw.integer(1, 12), draw.integer(1, 6)
    filters, wide = rank * units, draw.chance(0.5)
    # A response has a deviation of about 1, and 25 steps of an int8 state, 6000 of an int16 one.
    root = np.sqrt(inputs * max(sketch.values[source].square, 1e-12))
    feature_scale = float(np.float32(1.0 / (_UNIFORM * root)))
    state_scale = float(np.float32(1 / 6000 if wide else 1 / 25))
    most = 16000 if wide else 127
    times = draw.rng.integers(-most, most + 1, (filters, memory))
    time_scale = float(np.float32(1.0 / (most * np.sqrt(rank * memory))))
    bias_scale = float(np.float32(state_scale) * np.float32(time_scale))
    bias = np.rint(draw.rng.normal(0.0, 0.3, units) / bias_scale).astype(np.int32)
    state = "int16" if wide else "int8"
    kept = Spec((batches, filters * memory), state, state_scale, 0, variable=True)
    given = [
        source,
        sketch.constant(draw.rng.integers(-127, 128, (filters, inputs), np.int8), feature_scale),
        sketch.constant(times.astype(state), time_scale),
        sketch.constant(bias, bias_scale),
        sketch.add(kept),
    ]
    values = Values(0.0, 0.7)
    goal = sketch.quantised((batches, units), values)
    sketch.op("SVDF", given, goal, values, options_of("SVDF", rank=rank), 3)
    return True


def lstm(sketch: Sketch) -> bool:
    """A whole sequence through an LSTM that remembers the one before."""
    source = _rows(sketch, 3)
    if source is None:
        return False
    draw, (batches, steps, inputs) = sketch.draw, sketch.spec(source).shape
    units = draw.integer(1, 10)
    root = np.sqrt(inputs * max(sketch.values[source].square, 1e-12))
    scales = {(units, inputs): 1.0 / (_UNIFORM * root), (units, units): 1.0 / _UNIFORM}
    weights = [
        sketch.constant(
            draw.rng.integers(-127, 128, shape).astype(np.int8), float(np.float32(scales[shape]))
        )
        for shape in [(units, inputs)] * 4 + [(units, units)] * 4
    ]
    products = [
        float(np.float32(sketch.scale(source)) * np.float32(sketch.scale(w))) for w in weights
    ]
    dtype, scale = sketch.dtype, _ONE[sketch.dtype]
    whole = np.int64 if dtype == "int16" else np.int32
    biases = [
        sketch.constant(np.rint(draw.rng.normal(0.0, 0.5, units) / p).astype(whole), p)
        for p in products[:4]
    ]
    hidden = sketch.add(Spec((batches, units), dtype, scale, 0, variable=True))
    cell = sketch.add(Spec((batches, units), "int16", 2.0**-11, 0, variable=True))
    nothing = [-1] * 4
    given = [source, *weights, *nothing[:3], *biases, -1, -1, hidden, cell, *nothing]
    kind = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    options = schema.UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.TANH
    options.cellClip = draw.choice([0.0, 10.0])
    target = Spec((batches, steps, units), dtype, scale, 0)
    sketch.op(kind, given, target, Values(0.0, 0.3), options)
    return True
