"""Rescaling that TFLM leaves out, made ops of its own in the `.tflite`.

TFLM's RELU6 clamps bytes, PAD, RESIZE and the pools copy them, CONCATENATION refuses other scales
than the output's, and SOFTMAX, LOGISTIC and TANH write one fixed quantisation. A file may quantise
input and output of such an op differently, and LiteRT then rescales or takes the file's word. What
comes out of here is computed as the file means it by every engine:

    RELU6 a -> b                 RELU a -> b, where b ends at 6: RELU rescales, and saturates there
    RELU_N1_TO_1 a -> b          QUANTIZE a -> b, where b ends at both bounds
    any other op    a -> b       QUANTIZE a -> b, then the op b -> b
    a fixed output  a -> b       the op a -> fixed, then QUANTIZE fixed -> b
    LOGISTIC or TANH of steps    QUANTIZE to -16 ... 16 before, beyond which they are saturated;
    above 2                      TFLM saturates too early where steps are large
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mcuforge.tflite import flatbuffer

_Op = schema.BuiltinOperator
_LIMITS = {schema.TensorType.INT8: (-128, 127), schema.TensorType.INT16: (-32768, 32767)}
_CLAMPS = {_Op.RELU6: (0.0, 6.0), _Op.RELU_N1_TO_1: (-1.0, 1.0), _Op.RELU_0_TO_1: (0.0, 1.0)}
_COPIES = (
    _Op.PAD, _Op.PADV2, _Op.RESIZE_NEAREST_NEIGHBOR, _Op.RESIZE_BILINEAR, _Op.RESHAPE, _Op.SQUEEZE,
    _Op.EXPAND_DIMS, _Op.MAX_POOL_2D, _Op.AVERAGE_POOL_2D, _Op.CONCATENATION,
)  # fmt: skip
_FIXED = {_Op.SOFTMAX: (1 / 256, -128), _Op.LOGISTIC: (1 / 256, -128), _Op.TANH: (1 / 128, 0)}
_SQUASHED = (16 / 128, 0)  # all that LOGISTIC and TANH tell apart
_MOST_STEP = 2.0
_SLACK = 0.51  # of a step: what rounding the bound to a step changes, and float32 adds
_VERSION = 2  # from here on RELU takes int8, and QUANTIZE rescales it


def rewrite_rescaling(model: bytes) -> bytes:
    """The model with every such op rewritten; the same bytes where there is none."""
    unpacked = flatbuffer.unpack(model)
    changed = [_rewrite_graph(unpacked, graph) for graph in unpacked.subgraphs]
    if not any(changed):
        return model
    flatbuffer.remove_unused(unpacked)
    return flatbuffer.pack(unpacked)


def _rewrite_graph(model: Any, graph: Any) -> bool:
    before = list(graph.operators)
    changed = False
    graph.operators = []
    for op in before:
        done = _rewritten(model, graph, op)
        changed = changed or done != [op]
        graph.operators += done
    return changed


def _rewritten(model: Any, graph: Any, op: Any) -> list[Any]:
    """The ops that take the place of `op`: itself where nothing is to be done."""
    kind = flatbuffer.op_kind(model, op)
    output = graph.tensors[op.outputs[0]]
    if not _is_quantised(output):
        return [op]
    if kind in _FIXED and output.type == schema.TensorType.INT8:
        before = _with_small_steps(model, graph, op) if kind != _Op.SOFTMAX else []
        return [*before, *_with_fixed_output(model, graph, op, *_FIXED[kind])]
    if kind not in _COPIES and kind not in _CLAMPS:
        return [op]
    inputs = op.inputs if kind == _Op.CONCATENATION else op.inputs[:1]
    others = [int(i) for i in inputs if _needs_rescaling(model, graph.tensors[i], output)]
    if others and kind in _CLAMPS:
        replacement = _rescaling_clamp(kind, output)
        if replacement is not None:
            return [unary(model, replacement, others[0], int(op.outputs[0]))]
    return _with_rescaled_inputs(model, graph, op, others)


def _is_quantised(tensor: Any) -> bool:
    q = tensor.quantization
    return tensor.type in _LIMITS and q is not None and q.scale is not None and len(q.scale) == 1


def _parameters(tensor: Any) -> tuple[float, int]:
    zero_point = tensor.quantization.zeroPoint
    return float(tensor.quantization.scale[0]), 0 if zero_point is None else int(zero_point[0])


def _needs_rescaling(model: Any, source: Any, target: Any) -> bool:
    alike = source.type == target.type and _is_quantised(source)
    if not alike or flatbuffer.constant(model, source) is not None:
        return False
    return _parameters(source) != _parameters(target)


def _rescaling_clamp(kind: int, output: Any) -> int | None:
    """The op that rescales and whose result the output's own range clamps; None if it does not."""
    (scale, zero_point), (least, most) = _parameters(output), _LIMITS[output.type]
    low, high = (zero_point + bound / scale for bound in _CLAMPS[kind])
    if most - high > _SLACK:
        return None
    if kind == _Op.RELU6:
        return int(_Op.RELU)
    return int(_Op.QUANTIZE) if low - least <= _SLACK else None


def _with_rescaled_inputs(model: Any, graph: Any, op: Any, others: list[int]) -> list[Any]:
    added = []
    for number in dict.fromkeys(others):
        rescaled = _new_tensor(graph, number, _parameters(graph.tensors[op.outputs[0]]))
        added.append(unary(model, _Op.QUANTIZE, number, rescaled))
        op.inputs = [rescaled if int(i) == number else int(i) for i in op.inputs]
    return [*added, op]


def _with_small_steps(model: Any, graph: Any, op: Any) -> list[Any]:
    """The QUANTIZE that `op` then reads; nothing where its input has small steps."""
    source = int(op.inputs[0])
    tensor = graph.tensors[source]
    if not _is_quantised(tensor) or _parameters(tensor)[0] <= _MOST_STEP:
        return []
    squashed = _new_tensor(graph, source, _SQUASHED)
    op.inputs = [squashed]
    return [unary(model, _Op.QUANTIZE, source, squashed)]


def _with_fixed_output(model: Any, graph: Any, op: Any, scale: float, zero_point: int) -> list[Any]:
    target = int(op.outputs[0])
    if _parameters(graph.tensors[target]) == (scale, zero_point):
        return [op]
    fixed = _new_tensor(graph, target, (scale, zero_point))
    op.outputs = [fixed]
    return [op, unary(model, _Op.QUANTIZE, fixed, target)]


def _new_tensor(graph: Any, like: int, parameters: tuple[float, int]) -> int:
    """A new activation of the shape and type of `like`, quantised with other parameters."""
    tensor = copy.deepcopy(graph.tensors[like])
    tensor.name = f"{flatbuffer.name_of(tensor)}/rescaled{len(graph.tensors)}".encode()
    tensor.buffer = 0
    quantization = schema.QuantizationParametersT()
    quantization.scale = [float(np.float32(parameters[0]))]
    quantization.zeroPoint = [parameters[1]]
    tensor.quantization = quantization
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def unary(model: Any, kind: int, source: int, target: int) -> Any:
    """A new op of one input and one output, RELU or QUANTIZE."""
    op = schema.OperatorT()
    op.opcodeIndex = operator_code(model, kind, _VERSION)
    op.inputs, op.outputs = [source], [target]
    if kind == _Op.QUANTIZE:
        op.builtinOptionsType = schema.BuiltinOptions.QuantizeOptions
        op.builtinOptions = schema.QuantizeOptionsT()
    return op


def operator_code(model: Any, kind: int, version: int) -> int:
    """The number of the operator code of that kind and at least that version; new if need be."""
    for number, code in enumerate(model.operatorCodes):
        known = max(int(code.builtinCode), int(code.deprecatedBuiltinCode))
        if known == kind and code.version >= version:
            return number
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode = kind, min(kind, 127)
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1
