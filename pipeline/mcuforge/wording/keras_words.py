"""What a TFLite operator is called in Keras, and what to use instead of it.

For messages about ops that have no kernel or no int8 version. A user knows layers, not operators.
Nothing stands here of operators that are computed: where one is left in float, others are to blame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

COMPUTED = (
    "Conv1D, Conv2D, DepthwiseConv2D, SeparableConv2D, Conv2DTranspose, Dense, BatchNormalization, "
    "LayerNormalization, ReLU, LeakyReLU, PReLU, ELU, GELU, sigmoid, tanh, softmax, Add, Subtract, "
    "Multiply, Concatenate, MaxPooling, AveragePooling, GlobalAveragePooling, GlobalMaxPooling, "
    "UpSampling2D, ZeroPadding2D, Cropping2D, Permute, Flatten and Reshape"
)
_OUTSIDE = "moving it out of the model"
_RECURRENT = (
    "Conv1D layers (dilation_rate reaches further back), or a recurrent layer over at most 128 "
    "steps, a fixed number, which `mcuforge convert` unrolls"
)
_SCORES = "the scores themselves as output; the application looks for the largest"


@dataclass(frozen=True)
class Words:
    """`layers` of Keras that become an operator, and what to use `instead` of them."""

    layers: str
    instead: str


# Of operators that nothing computes, and of those in AT_ENDS.
_BY_KINDS: tuple[tuple[tuple[str, ...], Words], ...] = (
    (("REDUCE_PROD",), Words("keras.ops.prod", _OUTSIDE)),
    (("ARG_MAX", "ARG_MIN"), Words("keras.ops.argmax or argmin", _SCORES)),
    (("TOPK_V2",), Words("keras.ops.top_k", _SCORES)),
    (("CONV_3D", "CONV_3D_TRANSPOSE"), Words("Conv3D", "Conv2D, the depth among the channels")),
    (
        (
            "BIDIRECTIONAL_SEQUENCE_LSTM", "LSTM", "RNN", "UNIDIRECTIONAL_SEQUENCE_RNN", "WHILE",
            "IF",
        ),
        Words("LSTM, GRU, SimpleRNN, RNN", _RECURRENT),
    ),
    (("WHERE",), Words("keras.ops.where of a condition alone, nonzero", _OUTSIDE)),
    (
        ("CAST",),
        Words("keras.ops.cast, an input that is not float32", "float32 throughout the model"),
    ),
)  # fmt: skip
# They are computed, but `mcuforge convert` takes no other inputs and outputs than float32.
AT_ENDS = frozenset({"ARG_MAX", "ARG_MIN", "CAST"})

WORDS: dict[str, Words] = {kind: words for kinds, words in _BY_KINDS for kind in kinds}

_CUSTOM = "CUSTOM "
_FLEX = "CUSTOM Flex"
_SELECTED = (
    "It needs TensorFlow itself (SELECT_TF_OPS), which no microcontroller runs. Convert with "
    "TFLITE_BUILTINS_INT8 alone, and replace the layer that this refuses."
)
_FOREIGN = (
    "A custom op's code is not in the file. Use layers of Keras, or move it out of the model."
)
_OF_CUSTOM = {
    "CUSTOM TFLite_Detection_PostProcess": (
        "It sorts the boxes of a detector in float. End the model before it, at the scores and "
        "boxes, and let the application choose among them."
    ),
}

# TensorFlow's ops, as its converter names them, -> the classes of keras.ops that are made of them.
OF_TENSORFLOW: dict[str, tuple[tuple[str, ...], str]] = {
    "BitwiseAnd": (("Argmax", "Argmin"), "ARG_MAX"),
    "TopKV2": (("TopK", "Sort", "Argsort"), "TOPK_V2"),
    "XlaSort": (("Sort", "Argsort"), "TOPK_V2"),
}


def advice(kind: str) -> str:
    """A sentence or two: what becomes an op of `kind` in Keras, and what to use instead."""
    if kind.startswith(_CUSTOM):
        return _OF_CUSTOM.get(kind) or (_SELECTED if kind.startswith(_FLEX) else _FOREIGN)
    words = WORDS.get(kind)
    if words is None:
        return f"In Keras use what is computed: {COMPUTED}; or move it out of the model."
    return f"In Keras it comes of: {words.layers}. Use instead: {words.instead}."


def advice_on_loops() -> str:
    """What to say of a recurrent layer."""
    return f"Use instead: {_RECURRENT}."


def advice_on_shape(shape: Sequence[int | None]) -> str:
    """How to give an input a static shape; `shape` is without the batch, None where it is open."""
    names = {1: ("length",), 2: ("steps", "features"), 3: ("height", "width", "channels")}
    usual = names.get(len(shape), tuple(f"size{i + 1}" for i in range(len(shape))))
    texts = [usual[i] if d is None else str(d) for i, d in enumerate(shape)]
    missing = [usual[i] for i, d in enumerate(shape) if d is None]
    inner = ", ".join(texts) + ("," if len(texts) == 1 else "")
    return f"Fix it: keras.Input(shape=({inner})), with numbers for {' and '.join(missing)}."


def advice_on_dtype(dtype: str, layers: Iterable[str]) -> str:
    """How to make an input of `dtype` float32; `layers` are the class names of the model's."""
    looks_up = [name for name in layers if name in ("Embedding", "StringLookup", "IntegerLookup")]
    if dtype in ("float16", "bfloat16", "float64"):
        return "Build it with keras.Input(..., dtype='float32'); the weights stay what they are."
    if looks_up:
        return f"Take the {looks_up[0]} out of the model: let the application look the vectors up."
    if dtype in ("string", "bool"):
        return "Make float32 numbers of the values outside the model."
    return (
        "Build it with keras.Input(..., dtype='float32') and give the samples as float32 with the "
        "same values; on the device the input is int8 all the same."
    )
