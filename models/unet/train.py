# SPDX-License-Identifier: Apache-2.0
"""Trains the U-Net. Run by `mcuforge train models/unet`."""

from __future__ import annotations

from collections.abc import Callable

import data
import keras
import model

BATCH = 32


def train(
    seed: int,
    epochs: int,
    on_progress: Callable[[int, int], None],
    skip_connections: bool = True,
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array]]:
    """The trained model, the calibration arrays and the golden arrays."""
    pictures, masks = data.training(seed)
    trained = model.build(None, skip_connections)
    steps = epochs * -(-len(pictures) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    trained.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    progress = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, _logs: on_progress(epoch + 1, epochs)
    )
    trained.fit(pictures, masks, BATCH, epochs, verbose=0, callbacks=[progress])
    deployed = model.build(skip_connections=skip_connections)
    deployed.set_weights(trained.get_weights())
    return deployed, data.calibration(seed), data.golden(seed)
