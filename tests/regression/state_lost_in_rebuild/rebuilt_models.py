"""Jobs for the child process: models whose layers hold more than weights, converted in one go."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from mcuforge.convert import faithful, keras_jobs, user_model
from mcuforge.errors import ForgeError
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.samples import calibration
from mcuforge.tflite.borders import Borders

SHAPE = (8, 6, 2)
DATA = np.random.default_rng(1).normal([90, 130], [20, 35], (64, *SHAPE)).astype(np.float32)
ROWS = np.random.default_rng(2).normal([90, 130, 100], [20, 35, 9], (64, 3)).astype(np.float32)


def convert_models(names: list[str], on_progress: Progress) -> dict[str, float]:
    """SQNR in dB of each int8 model against the Keras model as it was before it was saved."""
    del on_progress
    keras.utils.set_random_seed(3)
    return {
        name: _sqnr(model, data, suffix) for name, model, data, suffix in _models() if name in names
    }


def refusals(on_progress: Progress) -> dict[str, str]:
    """The messages about models that were made to differ from the user's."""
    del on_progress
    keras.utils.set_random_seed(3)
    made: dict[str, Callable[[Path], None]] = {
        "lost state": _lost_state,
        "lost weight": _lost_weight,
        "other tflite": _other_tflite,
        "swapped outputs": _swapped_outputs,
        "random": _random,
    }
    messages = {}
    for name, make in made.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                make(Path(folder))
                messages[name] = "accepted"
            except ForgeError as error:
                messages[name] = error.message
    return messages


def _models() -> Iterator[tuple[str, Any, Any, str]]:
    for name, batch in (("open", None), ("one", 1), ("four", 4)):
        image = keras.Input(SHAPE, batch_size=batch, name="image")
        yield name, keras.Model(image, _body(_adapted()(image))), DATA, ".keras"
    image = keras.Input(SHAPE)
    yield "hdf5", keras.Model(image, _body(_adapted()(image))), DATA, ".h5"
    yield "all axes", keras.Model(image, _body(_adapted(axis=None)(image))), DATA, ".keras"
    rows = keras.Input((3,))
    flat = layers.Normalization()
    flat.adapt(ROWS)
    yield "rows", keras.Model(rows, layers.Dense(4)(flat(rows))), ROWS, ".keras"
    inner = keras.Sequential([keras.Input(SHAPE), _adapted(), layers.ReLU()])
    yield "nested", keras.Model(image, _body(inner(image))), DATA, ".keras"
    deep = keras.Sequential([keras.Input(SHAPE), keras.Sequential([_adapted()]), layers.ReLU()])
    yield "deep", keras.Sequential([keras.Input(SHAPE), deep, layers.Flatten()]), DATA, ".keras"
    shared = _adapted()
    both = layers.Concatenate()([shared(image), layers.ReLU()(shared(image))])
    yield "shared", keras.Model(image, _body(both)), DATA, ".keras"
    given = layers.Normalization(mean=[90.0, 130.0], variance=[400.0, 1200.0])
    yield "given", keras.Model(image, _body(given(image))), DATA, ".keras"
    moving = layers.BatchNormalization()
    model = keras.Model(image, _body(moving(image)))
    moving.set_weights([np.full(2, 0.5), np.ones(2), np.array([90.0, 130.0]), np.full(2, 900.0)])
    moving.trainable = False
    yield "batch norm", model, DATA, ".keras"
    wrapped = layers.SpectralNormalization(layers.Dense(3), power_iterations=2)
    model = keras.Model(image, layers.Flatten()(wrapped(_adapted()(image))))
    model(DATA[:4], training=True)
    yield "spectral", model, DATA, ".keras"
    odd = layers.Conv2D(3, 3, name="à la fin")(_adapted(name="to mean 0")(image))
    yield "odd names", keras.Model(image, odd), DATA, ".keras"


def _adapted(**arguments: Any) -> Any:
    layer = layers.Normalization(**{"name": "normalise", **arguments})
    layer.adapt(DATA)
    return layer


def _body(x: Any) -> Any:
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    return layers.Dense(3, name="head")(layers.Flatten()(x))


def _sqnr(model: Any, data: Any, suffix: str) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / f"model{suffix}"
        model.save(file)
        samples = calibration.write(data, folder / "samples")
        keras_jobs.quantise(
            str(file), str(samples.file), samples.layout_json, samples.count, "samples",
            str(folder / "model.tflite"), str(folder / "float.tflite"), lambda *_: None,
        )  # fmt: skip
        runner = faithful.Runner((folder / "model.tflite").read_bytes(), preserve=False)
    floats = np.concatenate([np.asarray(model(sample[np.newaxis])) for sample in data])
    ints = np.concatenate([runner.run(sample) for sample in data])
    return float(10 * np.log10(np.mean(floats**2) / np.mean((ints - floats) ** 2)))


def _borders(model: Any) -> Borders:
    names = tuple(tensor.name for tensor in model.inputs)
    return Borders(names, tuple(model.traced), tuple(model.output_names))


def _checked(model: Any, folder: Path) -> None:
    exported = folder / "exported"
    model.export(exported)
    tflite = keras_jobs._run(keras_jobs._converter(exported), _borders(model), model.where)
    faithful.check_same(model, tflite, [(sample,) for sample in DATA[:8]])


def _saved(folder: Path, outputs: Callable[[Any], Any]) -> user_model.KerasModel:
    image = keras.Input(SHAPE, name="image")
    keras.Model(image, outputs(image)).save(folder / "model.keras")
    model = user_model.load(folder / "model.keras", folder)
    assert isinstance(model, user_model.KerasModel)
    return model


def _copy(model: user_model.KerasModel) -> Any:
    copy = keras.models.clone_model(model._own)
    copy.set_weights(model._own.get_weights())
    return copy


def _lost_state(folder: Path) -> None:
    """What a rebuild with clone_model and set_weights makes of a Normalization."""
    model = _saved(folder, lambda image: _body(_adapted()(image)))
    model._exported = _copy(model)
    _checked(model, folder)


def _lost_weight(folder: Path) -> None:
    inner = keras.Sequential(
        [keras.Input(SHAPE), layers.Conv2D(2, 1, name="first"), layers.Conv2D(2, 3, name="second")]
    )
    model = _saved(folder, lambda image: layers.ReLU()(inner(_adapted()(image))))
    model._exported = keras.saving.load_model(folder / "model.keras")
    kernel = model._exported.layers[2].layers[1].kernel
    kernel.assign(kernel * 1.01)
    _checked(model, folder)


def _other_tflite(folder: Path) -> None:
    """The export is right, but the converter's file is not."""
    model = _saved(folder, lambda image: _body(_adapted()(image)))
    kept = [weight.numpy() for weight in model._own.get_layer("conv").weights]
    with _changed(model._own.get_layer("conv"), [weight * 1.1 for weight in kept]):
        model.export(folder / "exported")
    tflite = keras_jobs._run(keras_jobs._converter(folder / "exported"), _borders(model), "model")
    faithful.check_same(model, tflite, [(sample,) for sample in DATA[:8]])


@contextmanager
def _changed(layer: Any, weights: list[Any]) -> Iterator[None]:
    kept = layer.get_weights()
    layer.set_weights(weights)
    yield
    layer.set_weights(kept)


def _swapped_outputs(folder: Path) -> None:
    def outputs(image: Any) -> list[Any]:
        normal = _adapted()(image)
        return [layers.ReLU(name="above")(normal), layers.Conv2D(2, 1, name="mixed")(normal)]

    model = _saved(folder, outputs)
    other = keras.Model(model._own.inputs, model._own.outputs[::-1])
    model._exported = other
    _checked(model, folder)


def _random(folder: Path) -> None:
    """A SavedModel that draws numbers at every call; TensorFlow Lite knows the op."""
    module = tf.Module()
    spec = tf.TensorSpec((None, *SHAPE), tf.float32)
    module.serve = tf.function(
        lambda x: {"y": x + tf.random.uniform((1, *SHAPE))}, input_signature=[spec]
    )
    tf.saved_model.save(module, str(folder / "dice"), module.serve)
    _checked(user_model.load(folder / "dice", folder), folder)
