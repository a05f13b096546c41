"""What a converted model must be: int8 from input to output, with static shapes."""

from __future__ import annotations

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from mcuforge.errors import ModelError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.layer_names import layer_name
from mcuforge.frontend.passes.fuse_float_islands import ops_in_islands
from mcuforge.tflite import flatbuffer
from mcuforge.wording import keras_words

_FLOATS = (schema.TensorType.FLOAT16, schema.TensorType.FLOAT32, schema.TensorType.FLOAT64)
_OP_NAMES = {v: n for n, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
_TYPE_NAMES = {v: n.lower() for n, v in vars(schema.TensorType).items() if isinstance(v, int)}


def enforce_full_integer(model: bytes, where: str, *, int16: bool = False) -> None:
    """Raise `ModelError` unless the `.tflite` is full-integer; `where` names the model.

    Refused: an input or output that is not int8 (with `int16`: int16), an op that computes in
    float, a dynamic shape. The message names the layers and says what to do. Float stays what no
    op computes with: an input that nothing reads, or that is an output, and a constant output.
    """
    unpacked = flatbuffer.unpack(model)
    if len(unpacked.subgraphs) != 1:
        raise ModelError(
            f"{where}: the model has branches or loops ({len(unpacked.subgraphs)} subgraphs). "
            "Take loops and conditions out of the model; in place of recurrent layers use Conv1D "
            "(no kernel computes them, unrolled ones neither)."
        )
    graph = unpacked.subgraphs[0]
    _check_shapes(graph, where)
    _check_ops(model, unpacked, graph, where)
    _check_ends(
        unpacked, graph, where, schema.TensorType.INT16 if int16 else schema.TensorType.INT8
    )


def _check_shapes(graph: Any, where: str) -> None:
    """As `verify` does for every model: only the batch of an input may be open."""
    for tensor in (graph.tensors[i] for i in graph.inputs):
        signature = tensor.shapeSignature
        if signature is not None and any(int(extent) < 0 for extent in signature[1:]):
            raise _dynamic(tensor, where)


def _dynamic(tensor: Any, where: str) -> ModelError:
    signature = [None if int(d) < 0 else int(d) for d in tensor.shapeSignature]
    return ModelError(
        f"{where}: layer '{layer_name(flatbuffer.name_of(tensor))}' has a shape that is only known "
        f"at run time. {keras_words.advice_on_shape(signature[1:])}"
    )


def _check_ops(file: bytes, model: Any, graph: Any, where: str) -> None:
    tables = ops_in_islands(tflite_reader.read_bytes(file, where))  # no float on the device
    left: dict[str, list[str]] = {}
    for number, op in enumerate(graph.operators):
        tensors = [graph.tensors[i] for i in [*op.inputs, *op.outputs] if i >= 0]
        kind = _OP_NAMES.get(flatbuffer.op_kind(model, op), "?")
        converts = kind in ("QUANTIZE", "DEQUANTIZE")  # only carries values to and from float
        in_float = any(t.type in _FLOATS for t in tensors)
        if not converts and in_float and number not in tables:
            name = layer_name(flatbuffer.name_of(graph.tensors[op.outputs[0]]))
            left.setdefault(kind, []).append(f"'{name}'")
    if left:
        named = [f"{kind} ({_layers(layers)})" for kind, layers in left.items()]
        advice = [f"{kind}: {keras_words.advice(kind)}" for kind in left]
        raise ModelError(
            f"{where}: no int8 version of {', '.join(named)}; computed in float.\n"
            + "\n".join(advice)
        )


def _layers(names: list[str]) -> str:
    known = list(dict.fromkeys(names))
    return ("layer " if len(known) == 1 else "layers ") + ", ".join(known)


def unread_inputs(model: bytes) -> tuple[str, ...]:
    """Names of the inputs that no op reads."""
    graph = flatbuffer.unpack(model).subgraphs[0]
    touched = _touched(graph)
    return tuple(flatbuffer.name_of(graph.tensors[i]) for i in graph.inputs if i not in touched)


def _touched(graph: Any) -> set[int]:
    """The tensors that ops read or write."""
    return {int(i) for op in graph.operators for i in [*op.inputs, *op.outputs]}


def _check_ends(model: Any, graph: Any, where: str, wanted: int) -> None:
    touched = _touched(graph)
    for end, indices in (("input", graph.inputs), ("output", graph.outputs)):
        for index in indices:
            tensor = graph.tensors[index]
            untouched = index not in touched and tensor.type == schema.TensorType.FLOAT32
            if tensor.type != wanted and not untouched:
                kind = _TYPE_NAMES.get(tensor.type, "?")
                name = layer_name(flatbuffer.name_of(tensor))
                raise ModelError(
                    f"{where}: {end} '{name}' is {kind}, not {_TYPE_NAMES[wanted]}. "
                    f"{_advice_on_end(model, graph, tensor)}"
                )


def _advice_on_end(model: Any, graph: Any, tensor: Any) -> str:
    """What makes an input or output another type, if an op does that Keras has another word for."""
    makers = [op for op in graph.operators if any(graph.tensors[i] is tensor for i in op.outputs)]
    kinds = [_OP_NAMES.get(flatbuffer.op_kind(model, op), "?") for op in makers]
    if kinds and kinds[0] in keras_words.WORDS:
        return keras_words.advice(kinds[0])
    return "Give the model float32 inputs and outputs in Keras; the conversion makes them integers."
