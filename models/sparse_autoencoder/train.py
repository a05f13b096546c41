# SPDX-License-Identifier: Apache-2.0
"""Trains the sparse autoencoder. Run by `mcuforge train models/sparse_autoencoder`."""

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
    data_share: Annotated[float, Meta(gt=0, le=1)] = 1.0,
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array]]:
    """The trained model, the calibration arrays and the golden arrays.

    `data_share` of the patches are trained on.
    """
    patches = data.training(seed, data_share)
    trained = model.build(architecture, batch_size=None)
    steps = max(1, epochs * -(-len(patches) // BATCH))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    # the code has no target: the regularisation alone judges it
    trained.compile(keras.optimizers.Adam(rate), loss=["mse", None])
    progress = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, _logs: on_progress(epoch + 1, epochs)
    )
    trained.fit(patches, patches, BATCH, epochs, verbose=0, callbacks=[progress])
    deployed = model.build(architecture)
    deployed.set_weights(trained.get_weights())
    return deployed, data.calibration(seed), data.golden(seed)


def untrained(architecture: model.Architecture) -> keras.Model:
    """The model, whose cost is known before it is trained."""
    return model.build(architecture)
