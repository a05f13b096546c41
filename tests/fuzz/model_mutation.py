"""Models with faults: the schema's objects changed, then perhaps the bytes.

Everything follows from the generator of random numbers: (seed, number) is the name of a model.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import flatbuffers
import numpy as np
import seed_models
from ai_edge_litert import schema_py_generated as schema

REAL_SHARE = 0.03  # the repository's models take longer to compile than the handmade ones
BYTES_SHARE = 0.25  # of models whose bytes are changed, too
DIMENSIONS = (0, 1, 2, 3, 5, 7, 8, 12, 16, 63, 255, 256, 4096, 32767, 32768, 65536, 2**20, 2**28)
EXTREMES = (-(2**31), -32769, -129, -2, -1, 0, 1, 2, 3, 4, 7, 127, 128, 32767, 32768, 2**31 - 1)
SCALES = (0.0, -1.0, 1e-45, 1e-38, 1e-20, 1e-8, 1e-3, 0.1, 1.0, 3.0, 1e4, 1e20, 3e38)
SCALES_OF_NO_NUMBER = (float("inf"), float("nan"))
NAMES = (
    "",
    "x" * 5000,
    "*/ int main(void) {",
    '"; rm',
    "\0\n\x1b[2J",
    "ä/ü;漢",
    "a/b_1/c",
    "${{1}}",
)

Change = Callable[[Any, np.random.Generator], None]


def model(seed: int, number: int) -> bytes:
    """The bytes of a model, sound or not."""
    rng = np.random.default_rng([seed, number])
    known = seed_models.real() if rng.random() < REAL_SHARE else seed_models.handmade()
    data = known[int(rng.integers(len(known)))]
    changes = int(rng.geometric(0.5)) - (rng.random() < BYTES_SHARE)
    changed = _changed(data, rng, changes)
    return _damaged(changed, rng) if changed == data or rng.random() < BYTES_SHARE else changed


def _changed(data: bytes, rng: np.random.Generator, changes: int) -> bytes:
    """With so many changes to its objects; as it was where they cannot be written."""
    made = schema.ModelT.InitFromPackedBuf(bytearray(data), 0)
    try:
        for _ in range(changes):
            CHANGES[int(rng.integers(len(CHANGES)))](made, rng)
        builder = flatbuffers.Builder(1024)
        builder.Finish(made.Pack(builder), b"TFL3")
        return bytes(builder.Output())
    except (IndexError, TypeError, ValueError, OverflowError, AttributeError, struct.error):
        return data


def _damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Bits flipped, offsets overwritten, or the end cut off."""
    damaged = bytearray(data)
    kind = int(rng.integers(4))
    if kind == 0:
        return bytes(damaged[: int(rng.integers(len(damaged)))])
    for _ in range(int(rng.geometric(0.4))):
        at = int(rng.integers(len(damaged)))
        if kind == 1:
            at -= at % 4
            offset = int(_one(rng, EXTREMES) if rng.random() < 0.5 else rng.integers(len(damaged)))
            damaged[at : at + 4] = struct.pack("<i", offset)
        else:
            damaged[at] ^= 1 << int(rng.integers(8))
    return bytes(damaged[: len(data)])


def _one(rng: np.random.Generator, values: Sequence[Any]) -> Any:
    return values[int(rng.integers(len(values)))]


def _tensor(made: Any, rng: np.random.Generator) -> Any:
    return _one(rng, made.subgraphs[0].tensors)


def _op(made: Any, rng: np.random.Generator) -> Any:
    return _one(rng, made.subgraphs[0].operators)


def change_shape(made: Any, rng: np.random.Generator) -> None:
    """One extent, or one more or less of them."""
    tensor = _tensor(made, rng)
    shape = [int(d) for d in tensor.shape]
    kind, at = int(rng.integers(6)), int(rng.integers(len(shape) + 1))
    if kind == 0:
        shape.insert(at, int(_one(rng, DIMENSIONS)))
    elif kind == 1:
        del shape[at]
    else:
        shape[at] = int(_one(rng, DIMENSIONS if kind < 5 else EXTREMES))
    tensor.shape = shape


def change_extent_everywhere(made: Any, rng: np.random.Generator) -> None:
    """One extent of all activations: the model may stay sound."""
    old = int(_one(rng, _tensor(made, rng).shape))
    new = int(_one(rng, DIMENSIONS)) if rng.random() < 0.7 else old * int(rng.integers(1, 1000))
    for tensor in made.subgraphs[0].tensors:
        if not _has_data(made, tensor):
            tensor.shape = [new if d == old else int(d) for d in tensor.shape]


def _has_data(made: Any, tensor: Any) -> bool:
    data = made.buffers[tensor.buffer].data
    return data is not None and len(data) > 0


def change_signature(made: Any, rng: np.random.Generator) -> None:
    """Axes that are only known at run time."""
    tensor = _tensor(made, rng)
    tensor.shapeSignature = [-1 if rng.random() < 0.5 else int(d) for d in tensor.shape]


def change_type(made: Any, rng: np.random.Generator) -> None:
    """The element type."""
    _tensor(made, rng).type = int(rng.integers(0, 20))


def change_scale(made: Any, rng: np.random.Generator) -> None:
    """A scale: absurd, a little off, or one more."""
    q = _tensor(made, rng).quantization
    scales = [float(s) for s in q.scale]
    kind, at = int(rng.integers(5)), int(rng.integers(len(scales)))
    if kind == 0:
        scales.append(0.5)
    elif kind == 1:
        scales[at] = float(_one(rng, SCALES + SCALES_OF_NO_NUMBER))
    elif kind == 2:
        scales = [float(_one(rng, SCALES))] * len(scales)
    else:
        scales[at] *= float(rng.uniform(0.3, 3.0))
    q.scale = scales


def change_scales_everywhere(made: Any, rng: np.random.Generator) -> None:
    """All scales of most tensors, by one factor or by several."""
    factor = float(_one(rng, SCALES[2:]))
    for tensor in made.subgraphs[0].tensors:
        if tensor.quantization is not None and rng.random() < 0.8:
            own = factor if rng.random() < 0.7 else float(_one(rng, SCALES[2:]))
            scales = np.asarray(tensor.quantization.scale, np.float64) * own
            tensor.quantization.scale = np.clip(scales, 1e-45, 3.4e38).tolist()


def change_zero_point(made: Any, rng: np.random.Generator) -> None:
    """A zero point, or all of them are gone."""
    q = _tensor(made, rng).quantization
    points = [int(z) for z in q.zeroPoint]
    if rng.random() < 0.3:
        q.zeroPoint = []
        return
    points[int(rng.integers(len(points)))] = int(
        rng.integers(-128, 128) if rng.random() < 0.7 else _one(rng, EXTREMES)
    )
    q.zeroPoint = points


def change_quantization(made: Any, rng: np.random.Generator) -> None:
    """None, another tensor's, or along another axis."""
    tensor = _tensor(made, rng)
    kind = int(rng.integers(3))
    if kind == 2:
        tensor.quantization.quantizedDimension = int(_one(rng, EXTREMES))
    else:
        tensor.quantization = None if kind == 0 else _tensor(made, rng).quantization


def change_option(made: Any, rng: np.random.Generator) -> None:
    """A member of an op's options."""
    options = _op(made, rng).builtinOptions
    name = _one(rng, sorted(vars(options)))
    extreme = rng.random() < 0.3
    setattr(options, name, int(_one(rng, EXTREMES)) if extreme else int(rng.integers(0, 5)))


def change_options_table(made: Any, rng: np.random.Generator) -> None:
    """None, or those of another op."""
    op, other = _op(made, rng), _op(made, rng)
    op.builtinOptionsType = int(rng.integers(0, 120)) if rng.random() < 0.5 else 0
    op.builtinOptions = other.builtinOptions if rng.random() < 0.5 else None


def change_operands(made: Any, rng: np.random.Generator) -> None:
    """What an op reads or writes: another, none, one more, one less."""
    op = _op(made, rng)
    field = "inputs" if rng.random() < 0.7 else "outputs"
    setattr(op, field, _indices(getattr(op, field), made, rng))


def change_borders(made: Any, rng: np.random.Generator) -> None:
    """What the model's inputs or outputs are."""
    graph = made.subgraphs[0]
    field = "inputs" if rng.random() < 0.5 else "outputs"
    setattr(graph, field, _indices(getattr(graph, field), made, rng))


def _indices(given: Any, made: Any, rng: np.random.Generator) -> list[int]:
    indices = [int(i) for i in given]
    count = len(made.subgraphs[0].tensors)
    new = int(rng.integers(-1, count)) if rng.random() < 0.8 else int(_one(rng, EXTREMES))
    kind, at = int(rng.integers(5)), int(rng.integers(len(indices) + 1))
    if kind == 0:
        return []
    if kind == 1:
        return [*indices[:at], new, *indices[at:]]
    if kind == 2:
        return indices[:at] + indices[at + 1 :]
    if kind == 3:
        return [*indices, *([new] * int(rng.integers(1, 200)))]
    return [*indices[:at], new, *indices[at + 1 :]]


def change_buffer(made: Any, rng: np.random.Generator) -> None:
    """A constant's bytes, how many they are, or whose they are."""
    kind = int(rng.integers(4))
    if kind == 0:
        _tensor(made, rng).buffer = int(rng.integers(0, len(made.buffers) + 1))
        return
    filled = [b for b in made.buffers if b.data is not None and len(b.data)]
    buffer = _one(rng, filled)
    size = len(buffer.data) if kind > 1 else int(rng.integers(0, 2 * len(buffer.data)))
    buffer.data = rng.integers(0, 256, size).astype(np.uint8)


def change_name(made: Any, rng: np.random.Generator) -> None:
    """A tensor's name, or all of them alike."""
    name = str(_one(rng, NAMES))
    tensors = made.subgraphs[0].tensors
    for tensor in tensors if rng.random() < 0.3 else [_one(rng, tensors)]:
        tensor.name = name


def change_op_code(made: Any, rng: np.random.Generator) -> None:
    """Which op it is, or its version."""
    code = _one(rng, made.operatorCodes)
    code.builtinCode = int(rng.integers(0, 210))
    code.deprecatedBuiltinCode = int(_one(rng, (min(code.builtinCode, 127), 0, 127)))
    code.version = int(_one(rng, EXTREMES))


def change_order(made: Any, rng: np.random.Generator) -> None:
    """An op once more, gone, or elsewhere."""
    ops = made.subgraphs[0].operators
    op, at = _one(rng, ops), int(rng.integers(len(ops)))
    kind = int(rng.integers(3))
    if kind != 1:
        ops.remove(op)
    if kind != 0:
        ops.insert(at, op)


def change_flags(made: Any, rng: np.random.Generator) -> None:
    """A tensor that keeps its value; a second subgraph; none."""
    if rng.random() < 0.7:
        _tensor(made, rng).isVariable = True
        return
    made.subgraphs = made.subgraphs * int(rng.integers(0, 3))


CHANGES: tuple[Change, ...] = (
    change_shape,
    change_extent_everywhere,
    change_extent_everywhere,
    change_signature,
    change_type,
    change_scale,
    change_scale,
    change_scales_everywhere,
    change_zero_point,
    change_quantization,
    change_option,
    change_option,
    change_options_table,
    change_operands,
    change_borders,
    change_buffer,
    change_buffer,
    change_name,
    change_op_code,
    change_order,
    change_flags,
)
