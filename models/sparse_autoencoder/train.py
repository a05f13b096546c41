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
    width: Annotated[int, Meta(ge=2, le=64)] = 16,
    code_channels: Annotated[int, Meta(ge=1, le=64)] = 16,
    separable: bool = False,
    activation: model.Activation = "relu",
    sparsity: Annotated[float, Meta(ge=0, le=0.001)] = 1e-6,
    dropout: Annotated[float, Meta(ge=0, le=0.9)] = 0.1,
    data_share: Annotated[float, Meta(gt=0, le=1)] = 1.0,
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array]]:
    """The trained model, the calibration arrays and the golden arrays.

    `data_share` of the patches are trained on. MODEL.md explains the other options.
    """
    patches = data.training(seed, data_share)
    chosen = model.Architecture(width, code_channels, separable, activation, sparsity, dropout)
    trained = model.build(chosen, batch_size=None)
    steps = max(1, epochs * -(-len(patches) // BATCH))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    # the code has no target: the regularisation alone judges it
    trained.compile(keras.optimizers.Adam(rate), loss=["mse", None])
    progress = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, _logs: on_progress(epoch + 1, epochs)
    )
    trained.fit(patches, patches, BATCH, epochs, verbose=0, callbacks=[progress])
    deployed = model.build(chosen)
    deployed.set_weights(trained.get_weights())
    return deployed, data.calibration(seed), data.golden(seed)
