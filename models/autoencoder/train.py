# SPDX-License-Identifier: Apache-2.0
"""Trains the autoencoder. Run by `mcuforge train models/autoencoder`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import data
import keras
import model
import numpy as np
from msgspec import Meta

from mcuforge.recipe import Metric, metrics


def train(
    seed: int,
    epochs: int,
    on_progress: Callable[..., None],
    architecture: model.Architecture,
    noise: Annotated[float, Meta(ge=0, le=100)] = 0.0,
    batch: Annotated[int, Meta(ge=1, le=1024)] = 64,
    data_share: Annotated[float, Meta(gt=0, le=1)] = 1.0,
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array]]:
    """The trained model, the calibration arrays and the golden arrays.

    `noise` is added to what the model sees in training, as a standard deviation in grey levels of
    256. `data_share` of the patches are trained on.
    """
    patches, golden = data.training(seed, data_share), data.golden(seed)
    trained = model.build(architecture, batch_size=None)
    learning = _with_noise(trained, noise, seed) if noise else trained
    steps = max(1, epochs * -(-len(patches) // batch))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    learning.compile(keras.optimizers.Adam(rate), loss="mse")

    def judge(epoch: int, _logs: object) -> None:
        quality = _quality(trained, golden)
        known = _quality(trained, {"inputs": patches[: len(golden["inputs"])]})
        figures = {"mse": quality["mse"], "mse_trained_on": known["mse"]}
        on_progress(epoch + 1, epochs, quality["auc"], **figures)

    told = keras.callbacks.LambdaCallback(on_epoch_end=judge)
    learning.fit(patches, patches, batch, epochs, verbose=0, callbacks=[told])
    deployed = model.build(architecture)
    deployed.set_weights(trained.get_weights())
    return deployed, data.calibration(seed), golden


def untrained(architecture: model.Architecture) -> keras.Model:
    """The model, whose cost is known before it is trained."""
    return model.build(architecture)


def _quality(trained: keras.Model, samples: dict[str, data.Array]) -> dict[str, float]:
    """MSE of normal samples, and the AUC where there are others."""
    inputs = samples["inputs"]
    outputs = trained.predict(inputs, verbose=0)
    labels = samples.get("labels", np.zeros(len(inputs), np.uint8))
    return metrics.evaluate(Metric.RECONSTRUCTION, inputs, outputs, {"labels": labels})


def _with_noise(trained: keras.Model, noise: float, seed: int) -> keras.Model:
    """The same model behind Gaussian noise, new in every step."""
    image = keras.Input(trained.input_shape[1:])
    return keras.Model(image, trained(keras.layers.GaussianNoise(noise / 256, seed)(image)))
