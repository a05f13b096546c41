"""What runs in the child process: every use of TensorFlow and Keras but the training scripts.

Models are loaded so that a file from elsewhere runs no code (`user_model.py`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.lite.python.conversion_metadata_schema_py_generated import ModelType

from mcuforge.convert import faithful, user_model
from mcuforge.convert.converter_errors import explained
from mcuforge.convert.model_inputs import check_inputs
from mcuforge.convert.user_model import MOST_UNROLLED_STEPS, KerasModel, UserModel, steps_of
from mcuforge.errors import ForgeError, ModelError
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.samples import calibration as samples
from mcuforge.samples.calibration import Layout
from mcuforge.tflite.borders import Borders, restore_borders
from mcuforge.wording import keras_words


def predict(keras_file: str, inputs: str, outputs: str, on_progress: Progress) -> None:
    """Write the model's outputs, each float32 [N, ...], for its inputs, likewise.

    Both are `.npz` files whose arrays come in the model's order.
    """
    model = user_model.load(Path(keras_file), Path(outputs).parent)
    with np.load(inputs) as stored:
        batches = [stored[name] for name in stored.files]
    check_inputs(model, [("", batch.shape[1:]) for batch in batches], "inputs", keras_file)
    results: list[list[npt.NDArray[np.float32]]] = []
    count = len(batches[0])
    for number, sample in enumerate(zip(*batches, strict=True)):
        on_progress(number, count)
        results.append([np.asarray(o, np.float32) for o in model.outputs(sample)])
    on_progress(count, count)
    np.savez(outputs, *map(np.stack, zip(*results, strict=True)))


def quantise(
    keras_file: str,
    calibration: str,
    layout: str,
    count: int,
    calibration_name: str,
    tflite: str,
    float_model: str,
    on_progress: Progress,
) -> None:
    """Write the int8 `.tflite` of a model calibrated with the `count` samples of a file.

    `float_model` is where the same in float goes, which its ranges are compared with.
    """
    inputs = samples.read_layout(layout)
    exported, in_float, borders = _exported(
        keras_file, calibration, inputs, count, calibration_name, Path(tflite).parent
    )

    def representative() -> Iterator[dict[str, npt.NDArray[np.float32]]]:
        for number, sample in enumerate(samples.read(Path(calibration), inputs)):
            on_progress(number, count)
            batches = (values[np.newaxis] for values in sample)
            yield dict(zip(borders.traced, batches, strict=True))
        on_progress(count, count)

    converter = _converter(exported)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    Path(tflite).write_bytes(_run(converter, borders, keras_file))
    Path(float_model).write_bytes(in_float)


def to_float(
    keras_file: str,
    calibration: str,
    layout: str,
    count: int,
    calibration_name: str,
    tflite: str,
    on_progress: Progress,
) -> None:
    """Write the float `.tflite` of a model, compared with it on calibration samples."""
    on_progress(0, 1)
    inputs = samples.read_layout(layout)
    _, model, _ = _exported(
        keras_file, calibration, inputs, count, calibration_name, Path(tflite).parent
    )
    Path(tflite).write_bytes(model)
    on_progress(1, 1)


def _exported(
    keras_file: str, calibration: str, layout: Layout, count: int, name: str, folder: Path
) -> tuple[Path, bytes, Borders]:
    """A SavedModel of the model with a batch of one, and its float `.tflite`, which is compared.

    Beside them what inputs and outputs are called.
    """
    model = user_model.load(Path(keras_file), folder)
    check_inputs(model, layout, name, keras_file)
    if isinstance(model, KerasModel):
        _check_no_loops(model)
    exported = folder / "exported"
    _export(model, exported)
    named = tuple(known or own.name for (known, _), own in zip(layout, model.inputs, strict=True))
    borders = Borders(named, tuple(model.traced), tuple(model.output_names))
    tflite = _run(_converter(exported), borders, keras_file)
    faithful.check_same(model, tflite, faithful.chosen(Path(calibration), layout, count))
    return exported, tflite, borders


def _export(model: UserModel, folder: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.export(folder)
    except Exception as error:  # whatever a layer raises that does not take a batch of one
        tensor = model.inputs[0]
        reason = " ".join(str(error).split())[:300]
        fixed = "" if tensor.shape[0] == 1 else " Give its Input batch_size=1."
        raise ModelError(
            f"{model.where}: input '{tensor.name}' has the batch size {tensor.shape[0]}, and the "
            f"model cannot be traced with 1 ({reason}).{fixed}"
        ) from error


def _converter(exported: Path) -> Any:
    """A converter of a SavedModel whose shapes are static: no shape arithmetic is left behind."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(exported))
    # The .tflite's metadata say where it came from: not from the temporary SavedModel.
    converter._metadata.environment.modelType = ModelType.KERAS_MODEL
    return converter


def _check_no_loops(model: KerasModel) -> None:
    """Refuse recurrent layers that stay loops: TensorFlow's int8 converter segfaults on them."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.RNN) and not layer.unroll:
            raise ModelError(
                f"{model.where}: layer '{layer.name}' is a loop over time, which the int8 "
                f"converter cannot take, and {_why_a_loop(layer)}. "
                f"{keras_words.advice_on_loops()}"
            )


def _why_a_loop(layer: Any) -> str:
    steps = steps_of(layer)
    if steps is None:
        return "without a fixed number of steps it cannot be unrolled"
    return f"its {steps:,} steps are more than the {MOST_UNROLLED_STEPS} that are unrolled"


def _run(converter: Any, borders: Borders, keras_file: str) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return restore_borders(bytes(converter.convert()), borders)
    except ForgeError as error:
        raise ModelError(f"{keras_file}: {error.message}") from error
    except Exception as error:  # ConverterError, RuntimeError, ValueError, by the stage that failed
        raise ModelError(f"{keras_file}: {explained(str(error), Path(keras_file))}") from error
