"""What cannot be compiled is told at once, once for each kind of op, and in the words of Keras."""

from __future__ import annotations

import importlib.util
import json
import zipfile
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import in_tensorflow
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from command_line import mcuforge
from tflite_builder import Builder

from mcuforge import planning
from mcuforge.convert.converter_errors import explained
from mcuforge.convert.full_integer import enforce_full_integer
from mcuforge.convert.model_inputs import check_inputs
from mcuforge.errors import ModelError, UnsupportedError
from mcuforge.frontend import tflite_reader
from mcuforge.planning import problems
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.wording import keras_words

OPS = schema.BuiltinOperator
FLOAT32, INT32 = schema.TensorType.FLOAT32, schema.TensorType.INT32
KNOWN = {name for name, value in vars(OPS).items() if isinstance(value, int)}

MODELS = """
import sys, keras
from keras import layers
image = keras.Input((8, 8, 3), name="image")
x = keras.ops.prod(layers.Conv2D(4, 3)(image), axis=(1, 2))
y = keras.ops.prod(layers.Conv2D(4, 3)(image), axis=(1, 2))
keras.Model(image, layers.Concatenate()([x, y])).save(sys.argv[1] + "/products.keras")
keras.Model(image, keras.ops.argmax(layers.Conv2D(4, 3)(image), axis=-1)).save(
    sys.argv[1] + "/argmax.keras"
)
"""

missing = importlib.util.find_spec("tensorflow") is None
with_tensorflow = pytest.mark.skipif(missing, reason="needs mcuforge[train]")


def chain(kinds: list[int]) -> bytes:
    """Ops one after the other, of layers layer0, layer1, ..."""
    builder = Builder()
    tensors = [builder.tensor((1, 4)) for _ in range(len(kinds) + 1)]
    for position, kind in enumerate(kinds):
        builder.op(kind, [tensors[position]], [tensors[position + 1]])
    return builder.build([tensors[0]], [tensors[-1]])


def test_each_kind_of_op_is_named_once_with_its_layers() -> None:
    model = chain([OPS.TOPK_V2, OPS.RELU, OPS.TOPK_V2, OPS.CONV_3D, *[OPS.TOPK_V2] * 5])
    with pytest.raises(UnsupportedError) as raised:
        problems.check(tflite_reader.read_bytes(model, "case"))
    sorts, volumes = raised.value.problems
    assert raised.value.message == f"{sorts}\n{volumes}"
    assert sorts.startswith(
        "TOPK_V2 (7 ops, first op 0 of the file; layers 'layer1', 'layer3', 'layer5', "
    )
    assert "'layer8', ...)" not in sorts and ", ...)" in sorts
    assert "comes of: keras.ops.top_k" in sorts and "the scores themselves" in sorts
    assert volumes.startswith("CONV_3D (op 3 of the file, layer 'layer4') is not supported")
    assert "Conv3D" in volumes
    assert planning.refusals(model, "case") == (sorts, volumes)
    assert planning.refusals(chain([OPS.RELU]), "case") == ()


def test_a_rule_that_several_ops_break_is_told_once() -> None:
    builder = Builder()
    tensors = [builder.tensor((1, 4), scale=0.1 * 2**i) for i in range(4)]
    for source, target in pairwise(tensors):
        builder.op(OPS.RELU6, [source], [target])
    model = builder.build([tensors[0]], [tensors[-1]])
    (problem,) = planning.refusals(model, "case")
    assert problem.startswith(
        "RELU6 (3 ops, first op 0 of the file; layers 'layer1', 'layer2', 'layer3')"
    )
    assert problem.count("Rule:") == 1


def test_float_ops_are_told_once_as_well() -> None:
    builder = Builder()
    tensors = [builder.tensor((1, 4)), *(builder.tensor((1, 4), FLOAT32, None) for _ in range(3))]
    for source, target in pairwise(tensors):
        builder.op(OPS.REDUCE_PROD, [source], [target])
    with pytest.raises(ModelError) as raised:
        enforce_full_integer(builder.build([tensors[0]], [tensors[0]]), "m.keras")
    named = "no int8 version of REDUCE_PROD (layers 'layer1', 'layer2', 'layer3');"
    assert named in raised.value.message
    assert raised.value.message.count("comes of: keras.ops.prod") == 1


def test_an_integer_output_of_argmax() -> None:
    builder = Builder()
    source, result = builder.tensor((1, 4)), builder.tensor((1,), INT32, None)
    builder.op(OPS.ARG_MAX, [source], [result])
    with pytest.raises(ModelError, match=r"is int32, not int8\..*keras\.ops\.argmax.*the scores"):
        enforce_full_integer(builder.build([source], [result]), "m.keras")


def test_nobody_is_told_to_avoid_what_is_computed() -> None:
    stale = set(keras_words.WORDS) & set(OPERATORS) - keras_words.AT_ENDS
    assert not stale, "they are computed now: drop the advice"
    assert set(OPERATORS) & set(keras_words.WORDS) >= keras_words.AT_ENDS


def test_the_table_holds_real_ops() -> None:
    assert set(keras_words.WORDS) <= KNOWN
    for kind in keras_words.WORDS:
        assert keras_words.advice(kind).count("Use instead: ") == 1
    assert "Conv1D" in keras_words.advice("ERF")
    assert "SELECT_TF_OPS" in keras_words.advice("CUSTOM FlexErf")


@pytest.mark.parametrize(
    ("dtype", "layers", "advice"),
    [
        ("uint8", [], "give the samples as float32 with the same values"),
        ("int32", [], "give the samples as float32 with the same values"),
        ("int32", ["Embedding"], "Take the Embedding out of the model"),
        ("float64", ["Embedding"], "keras.Input(..., dtype='float32'); the weights stay"),
        ("float16", [], "keras.Input(..., dtype='float32'); the weights stay"),
        ("string", [], "Make float32 numbers of the values outside"),
    ],
)
def test_each_type_of_input_has_its_own_advice(dtype: str, layers: list[str], advice: str) -> None:
    assert advice in keras_words.advice_on_dtype(dtype, layers)


class Embedding:
    """A layer of that name."""


@pytest.mark.parametrize(
    ("layers", "advice"), [([], "give the samples as float32"), ([Embedding()], "the Embedding")]
)
def test_the_layers_of_the_model_decide(layers: list[object], advice: str) -> None:
    tensor = SimpleNamespace(name="x", shape=(1, 8), dtype="int32")
    model = SimpleNamespace(inputs=[tensor], layers=lambda: layers)
    with pytest.raises(ModelError, match=advice):
        check_inputs(model, (8,), "samples", "m.keras")


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((None, None, 3), "shape=(height, width, 3)), with numbers for height and width."),
        ((None, 6), "shape=(steps, 6)), with numbers for steps."),
        ((None,), "shape=(length,)), with numbers for length."),
        ((2, None, 4, 5), "shape=(2, size2, 4, 5)), with numbers for size2."),
    ],
)
def test_an_open_shape_is_advised_in_its_own_terms(
    shape: tuple[int | None, ...], advice: str
) -> None:
    assert advice in keras_words.advice_on_shape(shape)
    assert "batch_size" not in keras_words.advice_on_shape(shape)


ERROR = (
    'loc(fused["BitwiseAnd:", "tiny_1/BitwiseAnd@__inference_1"]): '
    "'tf.BitwiseAnd' op is neither a custom op nor a flex op\n"
    * 2
    + 'loc(fused["Erf:", "tiny_1/e/Erf@__inference_1"]): '
    "'tf.Erf' op is neither a custom op nor a flex op\n"
)


def test_an_op_of_tensorflow_is_called_what_the_model_calls_it(tmp_path: Path) -> None:
    keras = tmp_path / "m.keras"
    config = {"config": {"layers": [{"class_name": "Argmax", "name": "best"}]}}
    with zipfile.ZipFile(keras, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
    argmax, erf = explained(ERROR, keras).splitlines()
    assert argmax.startswith("keras.ops.argmax (layer 'best') has no int8 version")
    assert "BitwiseAnd" not in argmax and "the application looks for the largest" in argmax
    assert erf.startswith("the op Erf (layer 'tiny_1/e/Erf') has no int8 version")
    other = explained(ERROR, tmp_path / "folder").splitlines()[0]
    assert other.startswith("the op BitwiseAnd (layer 'tiny_1/BitwiseAnd')")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keras")
    in_tensorflow.run(MODELS, folder)
    samples = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
    np.savez(folder / "samples.npz", inputs=samples)
    return folder


@pytest.mark.tensorflow
@with_tensorflow
def test_convert_warns_of_what_inspect_refuses(folder: Path) -> None:
    converted = mcuforge("convert", folder / "products.keras", "--samples", folder / "samples.npz")
    assert converted.code == 0
    assert converted.stderr.count("no firmware can be made of this yet") == 1
    assert "REDUCE_PROD (2 ops" in converted.stderr
    assert "comes of: keras.ops.prod" in converted.stderr
    mcuforge("inspect", folder / "products.tflite").refused(1, "keras.ops.prod")


@pytest.mark.tensorflow
@with_tensorflow
def test_argmax_is_called_argmax(folder: Path) -> None:
    outcome = mcuforge("convert", folder / "argmax.keras", "--samples", folder / "samples.npz")
    outcome.refused(1, "keras.ops.argmax (layer 'argmax')", "the application looks for the largest")
    assert "Bitwise" not in outcome.stderr
