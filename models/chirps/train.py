# SPDX-License-Identifier: Apache-2.0
"""Trains the classifier of chirps. Run by `mcuforge train models/chirps`."""

from __future__ import annotations

from collections.abc import Callable

import data
import keras
import model

BATCH = 64


def train(
    seed: int, epochs: int, on_progress: Callable[[int, int], None]
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array]]:
    """The trained model, the calibration arrays and the golden arrays."""
    spectra, labels = data.training(seed)
    trained = model.build(len(data.LABELS), batch_size=None)
    steps = epochs * -(-len(spectra) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    trained.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    progress = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, _logs: on_progress(epoch + 1, epochs)
    )
    trained.fit(spectra, labels, BATCH, epochs, verbose=0, callbacks=[progress])
    deployed = model.build(len(data.LABELS))
    deployed.set_weights(trained.get_weights())
    return deployed, data.calibration(seed), data.golden(seed)
