"""A job for the child process: what people save, converted or refused in one go."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from mcuforge.convert import faithful, keras_jobs
from mcuforge.errors import ForgeError
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.samples import calibration

HERE = Path(__file__).parent
SHAPE = (6, 4, 2)


@keras.saving.register_keras_serializable()
class Mine(layers.Layer):  # type: ignore[misc]
    """A layer of one's own, known where it is saved and not where it is loaded."""

    def call(self, x: Any) -> Any:
        """Twice the input."""
        return 2.0 * x


def own_activation(x: Any) -> Any:
    """An activation of one's own."""
    return keras.ops.relu(x) + 1.0


def convert_all(on_progress: Progress) -> dict[str, Any]:
    """SQNR in dB of each int8 model, or the message with which it was refused."""
    del on_progress
    keras.utils.set_random_seed(3)
    with np.load(HERE / "keras_2_outputs.npz") as arrays:
        data, expected = arrays["inputs"], arrays["outputs"]
    found: dict[str, Any] = {
        "keras 2 hdf5": _converted(HERE / "keras_2.h5", data, expected),
        "hard sigmoid": _converted(HERE / "hard_sigmoid.h5", data, expected),
    }
    for name, make in _made().items():
        with tempfile.TemporaryDirectory() as folder:
            path, model = make(Path(folder))
            floats = None if model is None else np.asarray(model(data), np.float64)
            found[name] = _converted(path, data, floats)
    return found


def _made() -> dict[str, Callable[[Path], tuple[Path, Any]]]:
    normal = layers.Normalization(mean=[0.5, 0.2], variance=[2.0, 0.5])
    twice = layers.Lambda(lambda x: 2.0 * x, name="twice")
    active = layers.Conv2D(3, 3, activation=own_activation, name="active")
    return {
        "saved model": lambda f: _exported(f, normal),
        "own layer, exported": lambda f: _exported(f, Mine(name="special")),
        "lambda, exported": lambda f: _exported(f, twice),
        "own layer": lambda f: _saved(f / "m.keras", Mine(name="special")),
        "own layer, nested": lambda f: _saved(
            f / "m.keras", keras.Sequential([keras.Input(SHAPE), Mine(name="special")])
        ),
        "own layer, hdf5": lambda f: _saved(f / "m.h5", Mine(name="special")),
        "lambda": lambda f: _saved(f / "m.keras", twice),
        "lambda, hdf5": lambda f: _saved(f / "m.h5", twice),
        "own activation": lambda f: _saved(f / "m.keras", active),
        "own activation, hdf5": lambda f: _saved(f / "m.h5", active),
        "quantised": _quantised,
        "never built": _never_built,
        "weights": _weights,
        "reads a file": _reads_a_file,
        "loop": _loop,
        "half saved model": lambda f: _exported(f, layers.Conv2D(3, 3, dtype="mixed_float16")),
        "other suffix": lambda f: _renamed(f, normal),
    }


def _network(first: Any) -> Any:
    image = keras.Input(SHAPE, name="image")
    x = layers.Flatten()(layers.ReLU()(first(image)))
    return keras.Model(image, layers.Dense(3, name="classes")(x))


def _saved(file: Path, layer: Any) -> tuple[Path, Any]:
    model = _network(layer)
    model.save(file)
    keras.saving.get_custom_objects().clear()  # the reader does not have the code
    return file, model


def _exported(folder: Path, layer: Any) -> tuple[Path, Any]:
    model = _network(layer)
    model.export(folder / "exported", verbose=False)
    return folder / "exported", model


def _loop(folder: Path) -> tuple[Path, Any]:
    image = keras.Input(SHAPE)
    memory = layers.LSTM(3)(layers.Reshape((6, 8))(image))
    keras.Model(image, memory).export(folder / "exported", verbose=False)
    return folder / "exported", None


def _renamed(folder: Path, layer: Any) -> tuple[Path, Any]:
    file, model = _saved(folder / "m.keras", layer)
    return file.rename(folder / "model.bin"), model


def _quantised(folder: Path) -> tuple[Path, Any]:
    image = keras.Input((8,))
    model = keras.Model(image, layers.Dense(3, name="rounded")(image))
    model.quantize("int8")
    model.save(folder / "m.keras")
    return folder / "m.keras", None


def _never_built(folder: Path) -> tuple[Path, Any]:
    keras.Sequential([layers.Dense(3)], name="raw").save(folder / "m.keras")
    return folder / "m.keras", None


def _weights(folder: Path) -> tuple[Path, Any]:
    _network(layers.ReLU()).save_weights(folder / "m.weights.h5")
    return folder / "m.weights.h5", None


def _reads_a_file(folder: Path) -> tuple[Path, Any]:
    module = tf.Module()
    spec = tf.TensorSpec((None, *SHAPE), tf.float32)
    module.serve = tf.function(
        lambda x: {"y": x + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), x.dtype)},
        input_signature=[spec],
    )
    tf.saved_model.save(module, str(folder / "spy"), module.serve)
    return folder / "spy", None


def _converted(path: Path, data: Any, floats: Any) -> Any:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples = calibration.write(data, folder / "samples")
        try:
            keras_jobs.quantise(
                str(path), str(samples.file), samples.layout_json, samples.count, "samples",
                str(folder / "model.tflite"), str(folder / "float.tflite"), lambda *_: None,
            )  # fmt: skip
        except ForgeError as error:
            return error.message
        runner = faithful.Runner((folder / "model.tflite").read_bytes(), preserve=False)
    ints = np.concatenate([runner.run(sample) for sample in data])
    return float(10 * np.log10(np.mean(floats**2) / np.mean((ints - floats) ** 2)))
