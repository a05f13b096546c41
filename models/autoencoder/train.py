# SPDX-License-Identifier: Apache-2.0
"""Trains the autoencoder. Run by `mcuforge train models/autoencoder`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import data
import keras
import model
from msgspec import Meta

BATCH = 64


def train(
    seed: int,
    epochs: int,
    on_progress: Callable[[int, int], None],
    architecture: model.Architecture,
    noise: Annotated[float, Meta(ge=0, le=100)] = 0.0,
    data_share: Annotated[float, Meta(gt=0, le=1)] = 1.0,
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array]]:
    """The trained model, the calibration arrays and the golden arrays.

    `noise` is added to what the model sees in training, as a standard deviation in grey levels of
    256. `data_share` of the patches are trained on.
    """
    patches = data.training(seed, data_share)
    trained = model.build(architecture, batch_size=None)
    learning = _with_noise(trained, noise, seed) if noise else trained
    steps = max(1, epochs * -(-len(patches) // BATCH))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    learning.compile(keras.optimizers.Adam(rate), loss="mse")
    progress = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, _logs: on_progress(epoch + 1, epochs)
    )
    learning.fit(patches, patches, BATCH, epochs, verbose=0, callbacks=[progress])
    deployed = model.build(architecture)
    deployed.set_weights(trained.get_weights())
    return deployed, data.calibration(seed), data.golden(seed)


def untrained(architecture: model.Architecture) -> keras.Model:
    """The model, whose cost is known before it is trained."""
    return model.build(architecture)


def _with_noise(trained: keras.Model, noise: float, seed: int) -> keras.Model:
    """The same model behind Gaussian noise, new in every step."""
    image = keras.Input(trained.input_shape[1:])
    return keras.Model(image, trained(keras.layers.GaussianNoise(noise / 256, seed)(image)))
