"""Where an encoder puts samples: in float by Keras, in int8 by the oracle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge import frontend
from mcuforge.convert import all_float_outputs, convert
from mcuforge.errors import UsageError
from mcuforge.frontend.graph import Graph
from mcuforge.oracle.tflm import TFLM
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.recipe import Recipe
from mcuforge.samples import array_files, quantised

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Digits:
    """Held-out samples [N, ...] with a class each, uint8 [N]; and samples to calibrate on."""

    images: Array
    labels: Array
    calibration: Array


@dataclass(frozen=True, eq=False)
class Latents:
    """mu and log sigma^2 of each sample, float64 [N, D]."""

    mu: Floats
    log_variance: Floats

    @property
    def sigma(self) -> Floats:
        """The standard deviations."""
        return np.asarray(np.exp(self.log_variance / 2), np.float64)

    def divergence(self) -> float:
        """Mean Kullback-Leibler divergence of N(mu, sigma^2) from N(0, 1), in nats.

        -1/2 sum(1 + log sigma^2 - mu^2 - sigma^2); D. P. Kingma and M. Welling, Auto-Encoding
        Variational Bayes (2014), appendix B.
        """
        terms = 1 + self.log_variance - self.mu**2 - np.exp(self.log_variance)
        return float(np.mean(-0.5 * terms.sum(axis=1)))


def load(recipe: Recipe) -> tuple[Path, Digits]:
    """The encoder's file, and the samples of the recipe's golden and calibration files.

    Raises `UsageError` where the recipe has no encoder, or a file lacks an array.
    """
    if recipe.encoder is None:
        raise UsageError(
            f"{recipe.file}: [model] names no encoder, so there is no latent space to explore. "
            "That is for decoders such as models/vae."
        )
    content = Digits(
        np.asarray(array_files.read_array(recipe.golden, "targets"), np.float32),
        array_files.read_array(recipe.golden, "labels"),
        np.asarray(array_files.read_array(recipe.calibration_file(), "images"), np.float32),
    )
    if content.labels.shape != content.images.shape[:1]:
        raise UsageError(
            f"{recipe.golden}: labels of shape {list(content.labels.shape)} do not fit targets of "
            f"shape {list(content.images.shape)}; there must be one for each."
        )
    return recipe.encoder, content


def in_float(encoder: Path, images: Array, on_progress: Progress | None = None) -> Latents:
    """What the Keras encoder computes."""
    return _latents(all_float_outputs(encoder, images, on_progress), encoder)


def in_int8(encoder: Path, content: Digits, folder: Path) -> Latents:
    """What the encoder computes in full-integer int8, by the oracle. `folder` is for a file."""
    tflite = folder / "encoder.tflite"
    tflite.write_bytes(convert(encoder, content.calibration).tflite)
    graph: Graph = frontend.read_graph(tflite, "encoder")
    inputs = quantised.quantize_batch(content.images, graph, str(encoder))
    outputs = TFLM.run(tflite.read_bytes(), inputs)
    return _latents(quantised.real_outputs(graph, outputs), encoder)


def _latents(outputs: list[npt.NDArray[np.float32]], encoder: Path) -> Latents:
    shapes = [list(o.shape[1:]) for o in outputs]
    if len(outputs) != 2 or shapes[0] != shapes[1]:
        raise UsageError(
            f"{encoder}: outputs of shape {', '.join(map(str, shapes))}; an encoder gives mu and "
            "log sigma^2, of one shape."
        )
    mu, log_variance = (np.asarray(o.reshape(len(o), -1), np.float64) for o in outputs)
    return Latents(mu, log_variance)
