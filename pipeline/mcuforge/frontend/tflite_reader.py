"""`.tflite` -> `Graph`, through the schema's own Python bindings.

The file is untrusted. The bindings check nothing but that a read lies inside the buffer, so this
module charges every vector, table and name against a budget tied to the file's size before it
walks it (offsets that point back at one large thing would otherwise make a small file cost hours,
here and wherever it is unpacked later), cleans every name, and turns every failure to decode into
one `ModelError`. `verify.py` then checks what the values mean.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from mcuforge.errors import ModelError, UsageError
from mcuforge.files import untrusted
from mcuforge.frontend import tflite_options
from mcuforge.frontend.graph import DType, Graph, Op, Quantization, Signature, Tensor

FILE_IDENTIFIER = b"TFL3"
MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_NAME_LENGTH = 200
MAX_RANK = 8

_DTYPES = {
    schema.TensorType.INT4: DType.INT4,
    schema.TensorType.INT8: DType.INT8,
    schema.TensorType.UINT8: DType.UINT8,
    schema.TensorType.INT16: DType.INT16,
    schema.TensorType.INT32: DType.INT32,
    schema.TensorType.INT64: DType.INT64,
    schema.TensorType.FLOAT16: DType.FLOAT16,
    schema.TensorType.FLOAT32: DType.FLOAT32,
    schema.TensorType.BOOL: DType.BOOL,
    schema.TensorType.RESOURCE: DType.RESOURCE,
}
_OP_NAMES = {
    value: name
    for name, value in vars(schema.BuiltinOperator).items()
    if not name.startswith("_") and isinstance(value, int)
}
# Where names lie in their tables (the flatbuffers format: 4, and 2 for each field before).
_NAME_OF_TENSOR, _NAME_OF_CODE, _NAME_OF_MAPPING = 10, 6, 4
# What the bindings raise on offsets and counts that make no sense.
_DECODING_FAILED = (struct.error, IndexError, ValueError, TypeError, OverflowError)


_Constant = Callable[[int], npt.NDArray[np.uint8] | None]

_TABLE_UNITS = 64  # what reading a table costs, in vector elements


class _Budget:
    """Bounds the work: what is read in all must not exceed what the file can hold."""

    def __init__(self, file_bytes: int) -> None:
        self._left = 4 * file_bytes + 1024

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("vectors overlap or run past the end of the file")
        self._left -= count
        return count

    def tables(self, count: int) -> int:
        """Charge for that many tables."""
        self.take(count * _TABLE_UNITS)
        return count


def read(path: Path) -> Graph:
    """Read a `.tflite` file.

    Raises `UsageError` where there is no file, `ModelError` where it is unreadable, too large or
    damaged.
    """
    try:
        untrusted.require_regular(path)
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ModelError(f"{path}: {size} bytes is no model for a microcontroller.")
        data = untrusted.read(path, MAX_FILE_BYTES)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file.") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}).") from None
    return read_bytes(data, path.stem, str(path))


def read_bytes(data: bytes, name: str, where: str = "model") -> Graph:
    """Decode the bytes of a `.tflite`. `where` names the file in messages."""
    if len(data) < 8 or data[4:8] != FILE_IDENTIFIER:
        raise ModelError(
            f"{where}: not a .tflite file (the identifier TFL3 is missing). "
            "Give a model written by the TFLite converter."
        )
    try:
        return _decode(data, name)
    except ModelError as error:
        raise ModelError(f"{where}: {error.message}") from error
    except _DECODING_FAILED as error:
        raise ModelError(
            f"{where}: the file is damaged or truncated ({error}). Convert the model again."
        ) from error


def _decode(data: bytes, name: str) -> Graph:
    budget = _Budget(len(data))
    model = schema.Model.GetRootAs(data, 0)
    if model.SubgraphsLength() < 1:
        raise ModelError("the model holds no subgraph.")
    codes = [
        (_op_kind(model.OperatorCodes(i), budget), int(model.OperatorCodes(i).Version()))
        for i in range(budget.tables(model.OperatorCodesLength()))
    ]
    buffers = [model.Buffers(i) for i in range(budget.tables(model.BuffersLength()))]
    for buffer in buffers:
        budget.take(buffer.DataLength())

    def constant(index: int) -> npt.NDArray[np.uint8] | None:
        if not 0 <= index < len(buffers):
            raise ValueError(f"buffer {index} of {len(buffers)}")
        return _buffer(buffers[index], budget)

    first, *others = (
        _subgraph(model.Subgraphs(i), name, codes, constant, budget)
        for i in range(budget.tables(model.SubgraphsLength()))
    )
    return replace(
        first,
        model_hash=hashlib.sha256(data).hexdigest(),
        signature=_signature(model, budget),
        subgraphs=tuple(others),
    )


def _subgraph(
    raw: Any, name: str, codes: list[tuple[str, int]], constant: _Constant, budget: _Budget
) -> Graph:
    tensors = tuple(
        _tensor(raw.Tensors(i), i, constant, budget)
        for i in range(budget.tables(raw.TensorsLength()))
    )
    ops = tuple(
        _op(raw.Operators(i), i, codes, budget) for i in range(budget.tables(raw.OperatorsLength()))
    )
    return Graph(
        name=name,
        tensors=_with_empty_lists(tensors, ops),
        ops=ops,
        inputs=_numbers(raw.InputsLength, raw.InputsAsNumpy, budget),
        outputs=_numbers(raw.OutputsLength, raw.OutputsAsNumpy, budget),
    )


def _with_empty_lists(tensors: tuple[Tensor, ...], ops: tuple[Op, ...]) -> tuple[Tensor, ...]:
    """`tensors` with every list of no axes or sizes a constant: it has no bytes to tell it by."""
    written = {i for op in ops for i in op.outputs}
    return tuple(
        replace(t, data=np.empty(0, np.int32))
        if t.data is None and t.dtype is DType.INT32 and t.shape == (0,) and t.index not in written
        else t
        for t in tensors
    )


def _signature(model: Any, budget: _Budget) -> Signature:
    """That of the subgraph which is read; of several none, since they contradict each other."""
    every = (model.SignatureDefs(i) for i in range(budget.tables(model.SignatureDefsLength())))
    found = [signature for signature in every if signature.SubgraphIndex() == 0]
    if len(found) != 1:
        return Signature()
    only = found[0]
    return Signature(
        _mapped(only.InputsLength, only.Inputs, budget),
        _mapped(only.OutputsLength, only.Outputs, budget),
    )


def _mapped(
    length: Callable[[], int], entry: Callable[[int], Any], budget: _Budget
) -> tuple[tuple[str, int], ...]:
    entries = map(entry, range(budget.tables(length())))
    return tuple((_name(e, _NAME_OF_MAPPING, budget), int(e.TensorIndex())) for e in entries)


def _numbers(
    length: Callable[[], int], values: Callable[[], npt.NDArray[Any]], budget: _Budget
) -> tuple[Any, ...]:
    """A vector of numbers, as Python's."""
    return tuple(values().tolist()) if budget.take(length()) else ()


def clean_name(raw: bytes | None) -> str:
    """A name from a file, safe to print: control characters replaced, length bounded."""
    text = (raw or b"")[:MAX_NAME_LENGTH].decode("utf-8", errors="replace")
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def _name(owner: Any, field: int, budget: _Budget) -> str:
    """The name in a field of a table. The bindings would copy all of it, however long it is."""
    table = owner._tab
    offset = table.Offset(field)
    if offset == 0:
        return ""
    start, length = table.Vector(offset), budget.take(table.VectorLen(offset))
    if start + length > len(table.Bytes):
        raise ValueError("a name runs past the end of the file")
    return clean_name(bytes(table.Bytes[start : start + min(length, MAX_NAME_LENGTH)]))


def _op_kind(code: Any, budget: _Budget) -> str:
    # The builtin code moved to a wider field; files carry either or both.
    number = max(int(code.BuiltinCode()), int(code.DeprecatedBuiltinCode()))
    if number == schema.BuiltinOperator.CUSTOM:
        return f"CUSTOM {_name(code, _NAME_OF_CODE, budget)}"
    return str(_OP_NAMES.get(number, f"BUILTIN_{number}"))


def _buffer(buffer: Any, budget: _Budget) -> npt.NDArray[np.uint8] | None:
    if buffer.Offset() > 1:
        raise ModelError(
            "the model keeps its weights behind the flatbuffer, or in a file beside it, where "
            "neither is read. Convert it again without _experimental_use_buffer_offset."
        )
    if budget.take(buffer.DataLength()) == 0:
        return None
    return np.array(buffer.DataAsNumpy(), dtype=np.uint8)


def _tensor(raw: Any, index: int, constant: _Constant, budget: _Budget) -> Tensor:
    shape = _numbers(raw.ShapeLength, raw.ShapeAsNumpy, budget)
    name = _name(raw, _NAME_OF_TENSOR, budget)
    if len(shape) > MAX_RANK:
        raise ModelError(
            f"tensor {index} '{name}' has {len(shape)} dimensions, {MAX_RANK} at most are read."
        )
    if any(d < 0 for d in shape):
        raise ModelError(f"tensor {index} '{name}' has the shape {list(shape)}.")
    dtype = _DTYPES.get(raw.Type(), DType.OTHER)
    content = constant(raw.Buffer())
    data = None if content is None else _typed(content, dtype, shape, f"tensor {index} '{name}'")
    return Tensor(
        index=index,
        name=name,
        shape=shape,
        dtype=dtype,
        quantization=_quantization(raw.Quantization(), budget),
        data=data,
        is_variable=bool(raw.IsVariable()),
        open_axes=_open_axes(raw, budget),
    )


def _open_axes(raw: Any, budget: _Budget) -> tuple[int, ...]:
    signature = _numbers(raw.ShapeSignatureLength, raw.ShapeSignatureAsNumpy, budget)
    return tuple(axis for axis, extent in enumerate(signature) if extent < 0)


def _typed(
    content: npt.NDArray[np.uint8], dtype: DType, shape: tuple[int, ...], what: str
) -> npt.NDArray[Any] | None:
    if dtype.bytes == 0:
        return content
    elements = math.prod(shape)
    expected = (elements + 1) // 2 if dtype is DType.INT4 else elements * dtype.bytes
    if expected != content.size:
        raise ModelError(
            f"{what} of shape {list(shape)} needs {expected} bytes; the file holds {content.size}."
        )
    stored = _unpacked(content, elements) if dtype is DType.INT4 else content
    array = np.frombuffer(stored.tobytes(), dtype=dtype.numpy.newbyteorder("<")).reshape(shape)
    array.flags.writeable = False
    return array


def _unpacked(content: npt.NDArray[np.uint8], elements: int) -> npt.NDArray[np.uint8]:
    """The two's complement bytes of int4 values that are packed two a byte, the first one low.

    Source: TFLite's UnpackDenseInt4IntoInt8. What is left of an odd number's last byte is ignored.
    """
    nibbles = np.stack([content & 15, content >> 4], axis=-1).reshape(-1)[:elements]
    return ((nibbles ^ 8) - np.uint8(8)).astype(np.uint8)


def _quantization(raw: Any, budget: _Budget) -> Quantization | None:
    if raw is None:
        return None
    budget.take(raw.MinLength() + raw.MaxLength())  # not read here, but unpacked elsewhere
    scales = _numbers(raw.ScaleLength, raw.ScaleAsNumpy, budget)
    zero_points = _numbers(raw.ZeroPointLength, raw.ZeroPointAsNumpy, budget)
    if not scales:
        return None
    if len(set(zero_points)) == 1:  # of one, or several alike, TFLM takes the first for all scales
        zero_points = zero_points[:1] * len(scales)
    return Quantization(scales, zero_points, int(raw.QuantizedDimension()))


def _op(raw: Any, index: int, codes: list[tuple[str, int]], budget: _Budget) -> Op:
    opcode = int(raw.OpcodeIndex())
    if not 0 <= opcode < len(codes):
        raise ValueError(f"operator code {opcode} of {len(codes)}")
    kind, version = codes[opcode]
    return Op(
        index=index,
        kind=kind,
        version=version,
        inputs=_numbers(raw.InputsLength, raw.InputsAsNumpy, budget),
        outputs=_numbers(raw.OutputsLength, raw.OutputsAsNumpy, budget),
        attributes=tflite_options.attributes(kind, index, raw),
    )
