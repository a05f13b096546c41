"""Valid networks from a seed: 10 to 60 ops with residuals and branches, several inputs and outputs.

`OPS` says how each kind of op is drawn; a new operator is a line there.
"""

from __future__ import annotations

from collections.abc import Callable

import conditions
import cutting
import elementwise
import moving
import numpy as np
import rearranging
import recurrent
import reducing
import stateful
import weighted
from network import Network
from op_rules import refusal
from shrink import alone
from single_op import Spec
from sketch import Sketch, Values

from mcuforge.planning.ops.registry import OPERATORS

Drawer = Callable[[Sketch], bool]

OPS: dict[str, Drawer] = {
    "ABS": elementwise.absolute,
    "ADD": elementwise.add,
    "ADD_N": elementwise.add_n,
    "AVERAGE_POOL_2D": reducing.average_pool,
    "BATCH_MATMUL": weighted.batch_matmul,
    "CAST": conditions.cast,
    "CONCATENATION": moving.concatenation,
    "CONV_2D": weighted.conv2d,
    "CUMSUM": elementwise.cumsum,
    "DEPTHWISE_CONV_2D": weighted.depthwise_conv2d,
    "DIV": elementwise.div,
    "ELU": elementwise.elu,
    "EXPAND_DIMS": moving.expand_dims,
    "FULLY_CONNECTED": weighted.fully_connected,
    "HARD_SWISH": elementwise.hard_swish,
    "L2_NORMALIZATION": reducing.l2_normalization,
    "LEAKY_RELU": elementwise.leaky_relu,
    "LOGISTIC": elementwise.logistic,
    "LOG_SOFTMAX": reducing.log_softmax,
    "MAXIMUM": elementwise.maximum,
    "MAX_POOL_2D": reducing.max_pool,
    "MEAN": reducing.mean,
    "MINIMUM": elementwise.minimum,
    "MUL": elementwise.mul,
    "PAD": moving.pad_zero,
    "PADV2": moving.pad_value,
    "PRELU": elementwise.prelu,
    "QUANTIZE": elementwise.quantize,
    "READ_VARIABLE": stateful.read_variable,
    "REDUCE_ALL": conditions.reduce_all,
    "REDUCE_MAX": reducing.maximum,
    "REDUCE_MIN": reducing.minimum,
    "RELU": elementwise.relu,
    "RELU6": elementwise.relu6,
    "RESHAPE": moving.reshape,
    "RESIZE_BILINEAR": moving.bilinear,
    "RESIZE_NEAREST_NEIGHBOR": moving.nearest,
    "RSQRT": elementwise.rsqrt,
    "SELECT_V2": conditions.select,
    "SOFTMAX": reducing.softmax,
    "SQUARED_DIFFERENCE": elementwise.squared_difference,
    "SQUEEZE": moving.squeeze,
    "SUB": elementwise.sub,
    "SUM": reducing.total,
    "SVDF": recurrent.svdf,
    "TANH": elementwise.tanh,
    "TRANSPOSE_CONV": weighted.transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": recurrent.lstm,
    **conditions.comparisons,
    **conditions.logic,
    **cutting.OPS,
    **rearranging.OPS,
}
# Not drawn among the others, and why.
_LITERT_ONLY = (
    *("CEIL", "COS", "EXP", "FLOOR", "GELU", "LOG", "NEG", "RELU_0_TO_1", "RELU_N1_TO_1", "ROUND"),
    *("SELECT", "SIN", "SQRT", "SQUARE"),
)
ELSEWHERE = dict.fromkeys(_LITERT_ONLY, "TFLM lacks it in int8") | {
    "ZEROS_LIKE": "the reader folds it",
    "ASSIGN_VARIABLE": "of every variable that was read: see `finished`",
    "CUSTOM CIRCULAR_BUFFER": "networks here have built-in ops alone",
    "DEQUANTIZE": "stands at outputs: see `finished`",
}
# By rules of scales.
NARROW = {
    *("BATCH_MATMUL", "DIV", "HARD_SWISH", "PRELU", "RSQRT", "SQUARED_DIFFERENCE"),
    *conditions.comparisons,
    "LOGISTIC",
    "TANH",
}
VIEWS = {"EXPAND_DIMS", "RESHAPE", "SQUEEZE"}  # of any type
VANISHING = {"EXPAND_DIMS"}  # may be drawn, and folded away by the reader
RARE = dict.fromkeys(
    (*conditions.comparisons, *conditions.logic, *cutting.OPS, *rearranging.OPS), 0.4
)
OFTEN = {"ADD": 3.0, "CONV_2D": 3.0, "DEPTHWISE_CONV_2D": 2.0, "CONCATENATION": 2.0}
ROW_KINDS = {
    *("ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "LEAKY_RELU"),
    *("LOGISTIC", "MAXIMUM", "MAX_POOL_2D", "MUL", "PRELU", "QUANTIZE", "RELU", "RELU6"),
    *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "SOFTMAX", "SUB", "TRANSPOSE_CONV"),
    *("PAD", "PADV2", "SLICE", "STRIDED_SLICE", "SPLIT", "REVERSE_V2", "TILE", "MIRROR_PAD"),
}
ACCUMULATING = {"AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "SUM"}
ARRANGING = {"CONCATENATION", "PAD", "PADV2", "RESIZE_NEAREST_NEIGHBOR", "SLICE", "STRIDED_SLICE"}
WINDOWED = ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D", "TRANSPOSE_CONV")
ATTEMPTS = 400


def kinds_of(dtype: str) -> list[str]:
    """The ops that mcuforge computes of int8, or of int16."""
    return [k for k in sorted(OPS) if dtype == "int8" or k in VIEWS or OPERATORS[k].since_16x8]


def drawn(sketch: Sketch, kind: str) -> bool:
    """Draw an op; one that breaks a rule of mcuforge is taken back."""
    before = sketch.network.nodes[:], sketch.values.copy()
    done = OPS[kind](sketch)
    added = range(len(before[0]), len(sketch.network.nodes))
    if (
        done
        and (kind in NARROW or sketch.dtype != "int8")
        and any(refusal(alone(sketch.network, number).tflite()) for number in added)
    ):
        sketch.network.nodes, sketch.values = before
        return False
    return done


def network(seed: int, dtype: str = "int8", least: int = 10, most: int = 60) -> Network:
    """A random network of `least` to `most` ops, the same for the same seed."""
    sketch = _begun(seed, dtype)
    count = sketch.draw.integer(least, most)
    kinds = kinds_of(dtype)
    weights = np.array([(OFTEN | RARE).get(kind, 1.0) for kind in kinds])
    for _ in range(ATTEMPTS):
        if len(sketch.network.nodes) >= count - 2:
            break
        drawn(sketch, kinds[int(sketch.draw.rng.choice(len(kinds), p=weights / weights.sum()))])
    return finished(sketch)


def pictures(seed: int, dtype: str = "int8") -> Network:
    """A network of ops that can run row by row, with branches and skips, on one picture."""
    sketch = Sketch(seed, dtype, 2500)
    draw = sketch.draw
    sketch.input((1, draw.integer(6, 16), draw.integer(3, 11), draw.integer(1, 6)))
    return _by_rows(sketch)


def columns(seed: int, dtype: str = "int8") -> Network:
    """Such a network on a picture of one column."""
    sketch = Sketch(seed, dtype, 1200)
    draw = sketch.draw
    sketch.input((1, draw.integer(5, 40), 1, draw.integer(1, 6)))
    return _by_rows(sketch)


def _by_rows(sketch: Sketch) -> Network:
    sketch.first_axis = 1
    draw, dtype = sketch.draw, sketch.dtype
    kinds = [kind for kind in kinds_of(dtype) if kind in ROW_KINDS]
    weights = np.array([OFTEN.get(kind, 1.0) for kind in kinds])
    count = draw.integer(4, 20)
    for _ in range(ATTEMPTS):
        if len(sketch.network.nodes) >= count:
            break
        kind = kinds[int(sketch.draw.rng.choice(len(kinds), p=weights / weights.sum()))]
        if drawn(sketch, kind) and kind in ARRANGING and draw.chance(0.8):
            windowed = [k for k in (*WINDOWED, *sorted(ARRANGING)) if k in kinds]
            _read_alone(sketch, draw.choice(windowed))
    accumulating = [kind for kind in kinds_of(dtype) if kind in ACCUMULATING]
    for _ in range(draw.integer(0, 3)):
        reducing.over_picture(sketch, draw.choice(accumulating))
    return finished(sketch)


def arranged(seed: int, dtype: str = "int8") -> Network:
    """Convolutions and poolings of arranged pictures, down to one row, column or channel."""
    sketch = Sketch(seed, dtype, 1500)
    sketch.first_axis = 1
    draw = sketch.draw
    given = sketch.input((1, draw.integer(2, 9), draw.integer(1, 7), draw.integer(1, 5)))
    windowed = [kind for kind in WINDOWED if kind in kinds_of(dtype)]
    for _ in range(draw.integer(2, 4)):
        others = sketch.values
        sketch.values = {given: others[given]}
        for _ in range(draw.integer(1, 3)):
            drawn(sketch, draw.choice(sorted(ARRANGING)))
            sketch.values = {max(sketch.values): sketch.values[max(sketch.values)]}
        if given not in sketch.values:
            _read_alone(sketch, draw.choice(windowed))
        sketch.values = others | sketch.values
    return finished(sketch)


def _read_alone(sketch: Sketch, kind: str) -> None:
    """Draw an op of the last tensor, which no other op will read."""
    values, last = sketch.values, max(sketch.values)
    sketch.values = {last: values.pop(last)}
    done = drawn(sketch, kind)
    read = any(last in node.inputs for node in sketch.network.nodes)
    sketch.values = values | {i: v for i, v in sketch.values.items() if i != last or not read}
    if done and kind in ARRANGING and sketch.draw.chance(0.5):
        _read_alone(sketch, sketch.draw.choice(["CONV_2D", "MAX_POOL_2D"]))


def of_every_op(seed: int, dtype: str = "int8", most_elements: int = 800) -> Network:
    """A network that holds every op of `OPS`, of tensors of so many elements at most."""
    sketch = _begun(seed, dtype, most_elements)
    for kind in sketch.draw.rng.permutation(kinds_of(dtype)):
        for attempt in range(ATTEMPTS):
            if drawn(sketch, str(kind)):
                break
            if attempt % 20 == 19:
                moving.reshape(sketch)
        else:
            raise AssertionError(f"{kind} finds no tensor that it could read")
    return finished(sketch)


def _begun(seed: int, dtype: str, most_elements: int = 800) -> Sketch:
    """A sketch with one to four inputs, most of them images of odd sizes."""
    sketch = Sketch(seed, dtype, most_elements)
    draw = sketch.draw
    batches = draw.choice([1, 1, 1, 1, 2, 3])
    image = (batches, draw.integer(3, 9), draw.integer(1, 11), draw.integer(1, 6))
    for _ in range(draw.integer(1, 4)):
        shape = draw.choice(
            [image, image, (*image[:3], draw.integer(1, 6)), (1, draw.integer(2, 40))]
        )
        if int(np.prod(shape)) <= sketch.most_elements:
            _border_input(sketch, shape)
    if not sketch.values:
        sketch.input((1, 5, 3, 2))
    return sketch


def _border_input(sketch: Sketch, shape: tuple[int, ...]) -> None:
    """An input of the model; now and then a float32 or uint8 one, which a QUANTIZE follows."""
    index = sketch.input(shape)
    dtype = sketch.draw.choice(["same", "same", "same", "float32", "uint8"])
    if dtype == "same" or (dtype == "uint8" and sketch.dtype == "int16"):
        return
    given, values = sketch.spec(index), sketch.values.pop(index)
    scale = None if dtype == "float32" else given.scale
    sketch.network.tensors[index] = Spec(shape, dtype, scale, given.zero_point + 128)
    if dtype == "float32":
        values = Values(0.0, 0.58)  # of samples from -1 to 1
        given = sketch.quantised(shape, values)
    sketch.op("QUANTIZE", [index], given, values)


def finished(sketch: Sketch) -> Network:
    """What nothing reads becomes an output, and now and then what something reads as well."""
    draw, found = sketch.draw, sketch.network
    stateful.assign_variables(sketch)
    for index in sketch.leaves():
        if index in found.inputs:
            continue
        if sketch.spec(index).dtype == sketch.dtype and draw.chance(0.15):
            shape = sketch.spec(index).shape
            values = sketch.values.pop(index)
            index = sketch.op("DEQUANTIZE", [index], Spec(shape, "float32", None), values)
        found.outputs.append(index)
    inner = [i for i in sketch.values if i not in found.inputs and i not in found.outputs]
    if inner and draw.chance(0.4):
        found.outputs.insert(0, draw.choice(inner))
    read = {i for node in found.nodes for i in node.inputs}
    found.inputs = [i for i in found.inputs if i in read]
    return found
