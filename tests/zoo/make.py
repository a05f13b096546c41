"""Makes `models/*.tflite` anew: `python tests/zoo/make.py FOLDER [NAME ...]`.

Straight through TensorFlow Lite's converter, as somebody's model is who never saw mcuforge: what
`mcuforge convert` does beyond it is not wanted here. Weights and samples come from fixed seeds.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent))

from sequences import SEQUENCES
from vision import IMAGES

SAMPLES = 8
BITS = {
    8: tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
    16: tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
}
BORDERS = {8: tf.int8, 16: tf.int16}
FLOAT = IMAGES | SEQUENCES
WIDE = ("autoencoder", "ds_cnn", "lstm_unrolled", "mobilenet_v2", "resnet8", "tcn", "unet")
MODELS: dict[str, Callable[[], bytes]] = {}


def converted(name: str, bits: int) -> bytes:
    """The architecture with random weights, as a full-integer `.tflite`."""
    keras.backend.clear_session()
    seed = zlib.crc32(name.encode())
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = FLOAT[name]()
    _randomise(model, rng)
    shapes = [(1, *x.shape[1:]) for x in model.inputs]
    names = [f"in{i}" for i in range(len(shapes))]
    specs = [tf.TensorSpec(s, tf.float32, n) for s, n in zip(shapes, names, strict=True)]
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", lambda *x: model(x if len(x) > 1 else x[0]), specs)
    with TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        return _quantised(
            converter, name, bits, partial(_samples, rng, dict(zip(names, shapes, strict=True)))
        )


def _quantised(converter: Any, name: str, bits: int, samples: Callable[[], Iterator[Any]]) -> bytes:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [BITS[bits]]
    converter.inference_input_type = converter.inference_output_type = BORDERS[bits]
    converter.experimental_enable_resource_variables = name.endswith("_variables")
    return bytes(converter.convert())


def _samples(
    rng: np.random.Generator, shapes: dict[str, tuple[int, ...]]
) -> Iterator[dict[str, Any]]:
    for _ in range(SAMPLES):
        yield {n: rng.normal(size=shape).astype(np.float32) for n, shape in shapes.items()}


def _randomise(model: keras.Model, rng: np.random.Generator) -> None:
    """Biases and statistics of normalisation as after training: neither 0 nor 1."""
    for variable in model.weights:
        name = variable.path.rsplit("/", 1)[-1]
        if name in ("bias", "beta", "moving_mean"):
            variable.assign(rng.normal(0.0, 0.2, variable.shape))
        elif name in ("gamma", "moving_variance"):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))


MODELS |= {name: partial(converted, name, 8) for name in FLOAT}
MODELS |= {f"{name}_16x8": partial(converted, name, 16) for name in WIDE}


def main() -> None:
    """See the module."""
    folder, *names = sys.argv[1:]
    for name in names or sorted(MODELS):
        content = MODELS[name]()
        Path(folder, f"{name}.tflite").write_bytes(content)
        print(f"{name}: {len(content):,} bytes", flush=True)


if __name__ == "__main__":
    main()
