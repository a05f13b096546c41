"""What runs in the child process: every use of TensorFlow and Keras but the training scripts.

Models are loaded in Keras's safe mode, so that a `.keras` file from elsewhere runs no code.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from mcuforge import keras_words
from mcuforge.convert import calibration as samples
from mcuforge.convert.child import Progress
from mcuforge.convert.converter_errors import explained
from mcuforge.convert.model_inputs import check_inputs
from mcuforge.convert.output_order import restore_output_order
from mcuforge.errors import ModelError

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.>-]")  # TensorFlow's scopes
_NOT_IN_ARGUMENTS = re.compile(r"\W", re.ASCII)  # of its functions


def predict(keras_file: str, inputs: str, outputs: str, on_progress: Progress) -> None:
    """Write the model's outputs, each float32 [N, ...], for inputs float32 [N, ...].

    `outputs` is an `.npz` whose arrays come in the model's order.
    """
    model = _load(Path(keras_file))
    batch = np.load(inputs)
    check_inputs(model, batch.shape[1:], "inputs", keras_file)
    run = tf.function(lambda sample: tf.nest.flatten(model(sample, training=False)))
    results: list[list[npt.NDArray[np.float32]]] = []
    for number, sample in enumerate(batch):
        on_progress(number, len(batch))
        results.append([np.asarray(o, np.float32)[0] for o in run(sample[np.newaxis])])
    on_progress(len(batch), len(batch))
    np.savez(outputs, *map(np.stack, zip(*results, strict=True)))


def quantise(
    keras_file: str,
    calibration: str,
    shape: str,
    count: int,
    calibration_name: str,
    tflite: str,
    float_model: str,
    on_progress: Progress,
) -> None:
    """Write the int8 `.tflite` of a model calibrated with the `count` samples of a file.

    `float_model` is where the same in float goes, which its ranges are compared with.
    """
    sample_shape = [int(d) for d in json.loads(shape)]
    converter = _converter(keras_file, sample_shape, calibration_name)

    def representative() -> Iterator[list[npt.NDArray[np.float32]]]:
        for number, sample in enumerate(samples.read(Path(calibration), sample_shape)):
            on_progress(number, count)
            yield [sample[np.newaxis]]
        on_progress(count, count)

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    Path(tflite).write_bytes(_run(converter, keras_file))
    converter = _converter(keras_file, sample_shape, calibration_name)
    Path(float_model).write_bytes(_run(converter, keras_file))


def to_float(
    keras_file: str, shape: str, calibration_name: str, tflite: str, on_progress: Progress
) -> None:
    """Write the float `.tflite` of a model whose calibration samples have `shape`."""
    on_progress(0, 1)
    converter = _converter(keras_file, [int(d) for d in json.loads(shape)], calibration_name)
    Path(tflite).write_bytes(_run(converter, keras_file))
    on_progress(1, 1)


def _converter(keras_file: str, shape: list[int], calibration_name: str) -> Any:
    """A converter of the model with a batch of one, whose input takes samples of `shape`."""
    model = _load(Path(keras_file))
    check_inputs(model, shape, calibration_name, keras_file)
    _check_no_loops(model, keras_file)
    # from_keras_model on a static batch: the only route that leaves no shape arithmetic behind
    return tf.lite.TFLiteConverter.from_keras_model(_with_batch_of_one(model, keras_file))


def _load(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _traceable(keras.saving.load_model(path, compile=False, safe_mode=True))
    except Exception as error:  # Keras raises whatever the damage leads to
        reason = " ".join(str(error).split()).split(". ")[0][:300]
        raise ModelError(
            f"{path}: not a Keras model that can be loaded ({type(error).__name__}: {reason}). "
            "Save it again with model.save('model.keras'); layers of your own and Lambda layers "
            "cannot be loaded."
        ) from error


def _check_no_loops(model: Any, keras_file: str) -> None:
    """Refuse recurrent layers written as loops: TensorFlow's int8 converter segfaults on them."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.RNN) and not layer.unroll:
            raise ModelError(
                f"{keras_file}: layer '{layer.name}' is a loop over time, which the int8 converter "
                f"cannot take. {keras_words.advice_on_loops()}"
            )


def _traceable(model: Any) -> Any:
    """The model with names that TensorFlow can trace: Keras takes any text, a space too."""
    for layer in model._flatten_layers():
        layer.name = _NOT_IN_NAMES.sub("_", layer.name)
    return model


def _with_batch_of_one(model: Any, keras_file: str) -> Any:
    """The model itself where it can be traced, with a batch of one, else a copy that can."""
    tensor = model.inputs[0]
    if tensor.shape[0] == 1 and not _NOT_IN_ARGUMENTS.search(tensor.name):
        return model
    try:
        # The clone wants its inputs in the structure of the model's: one tensor, a list or a dict.
        # A Sequential that was loaded has no `input` before it is called.
        inputs = tensor if isinstance(model, keras.Sequential) else model.input
        ones = keras.tree.map_structure(_one_sample, inputs)
        copy = keras.models.clone_model(model, input_tensors=ones)
        copy.set_weights(model.get_weights())
    except Exception as error:
        raise ModelError(
            f"{keras_file}: input '{tensor.name}' has the batch size {tensor.shape[0]}, and the "
            f"model cannot be rebuilt with 1 ({error}). Give its Input batch_size=1."
        ) from error
    return copy


def _one_sample(tensor: Any) -> Any:
    name = _NOT_IN_ARGUMENTS.sub("_", tensor.name)
    return keras.Input(tensor.shape[1:], batch_size=1, dtype=tensor.dtype, name=name)


def _run(converter: Any, keras_file: str) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return restore_output_order(bytes(converter.convert()))
    except Exception as error:  # ConverterError, RuntimeError, ValueError, by the stage that failed
        raise ModelError(f"{keras_file}: {explained(str(error), Path(keras_file))}") from error
