"""A job for the child process: the same network in every number format, converted in one go."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from mcuforge.convert import faithful, keras_jobs
from mcuforge.errors import ForgeError
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.samples import calibration

SHAPE = (8, 6, 2)
DATA = np.random.default_rng(1).normal(0.0, 1.0, (24, *SHAPE)).astype(np.float32)
POLICIES = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64")


def convert_models(names: list[str], on_progress: Progress) -> dict[str, Any]:
    """SQNR in dB of each int8 model against the Keras model as it was; messages of the refused."""
    del on_progress
    keras.utils.set_random_seed(3)
    found: dict[str, Any] = {}
    for name in names:
        keras.config.set_dtype_policy(name if name in POLICIES else "mixed_float16")
        model = _network(1e5 if name == "overflow" else 1.0)
        if name in ("single layers", "half input"):
            keras.config.set_dtype_policy("float32")
            model = _single_layers() if name == "single layers" else _half_input()
        found[name] = _converted(model, ".h5" if name == "hdf5" else ".keras")
    return found


def _single_layers() -> Any:
    image = keras.Input(SHAPE)
    one = layers.Conv2D(3, 3, padding="same", dtype="mixed_float16", name="coarse")(image)
    inner = keras.Sequential([keras.Input((*SHAPE[:2], 3)), layers.ReLU(dtype="float16")])
    return keras.Model(image, inner(one))


def _half_input() -> Any:
    half = keras.Input(SHAPE, dtype="float16")
    return keras.Model(half, layers.Conv2D(3, 3)(half))


def _network(amplified: float) -> Any:
    image = keras.Input(SHAPE, name="image")
    x = layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv")(image)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Rescaling(amplified, name="amplify")(layers.DepthwiseConv2D(3)(x))
    x = layers.LayerNormalization(name="tame")(layers.Conv2DTranspose(3, 2, 2)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(3, activation="softmax", dtype="float32")(x))


def _converted(model: Any, suffix: str) -> Any:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / f"model{suffix}"
        model.save(file)
        samples = calibration.write(DATA, folder / "samples")
        try:
            keras_jobs.quantise(
                str(file), str(samples.file), samples.layout_json, samples.count, "samples",
                str(folder / "model.tflite"), str(folder / "float.tflite"), lambda *_: None,
            )  # fmt: skip
        except ForgeError as error:
            return error.message
        runner = faithful.Runner((folder / "model.tflite").read_bytes(), preserve=False)
    floats = np.concatenate([np.asarray(model(s[np.newaxis]), np.float64) for s in DATA])
    ints = np.concatenate([runner.run(sample) for sample in DATA])
    return float(10 * np.log10(np.mean(floats**2) / np.mean((ints - floats) ** 2)))
