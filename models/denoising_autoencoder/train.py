# SPDX-License-Identifier: Apache-2.0
"""Trains the denoising autoencoder. Run by `mcuforge train models/denoising_autoencoder`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import data
import keras
import model
import numpy as np
from msgspec import Meta

BATCH = 64


class NoisyPatches(keras.utils.PyDataset):
    """Batches of patches in random order, with new noise in every epoch, and without."""

    def __init__(self, clean: data.Array, noise: float, seed: int) -> None:
        super().__init__()
        self._clean, self._noise = clean, noise
        self._rng = np.random.default_rng(seed)
        self._shuffle()

    def __len__(self) -> int:
        return -(-len(self._clean) // BATCH)

    def __getitem__(self, index: int) -> tuple[data.Array, data.Array]:
        clean = self._clean[self._order[index * BATCH : (index + 1) * BATCH]]
        noisy = data.with_noise(np.round(clean * 256), self._rng, self._noise)
        return data.to_input(noisy), clean

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        self._shuffle()

    def _shuffle(self) -> None:
        self._order = self._rng.permutation(len(self._clean))


def train(
    seed: int,
    epochs: int,
    on_progress: Callable[[int, int], None],
    architecture: model.Architecture,
    noise: Annotated[float, Meta(ge=0, le=100)] = data.NOISE,
    data_share: Annotated[float, Meta(gt=0, le=1)] = 1.0,
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array]]:
    """The trained model, the calibration arrays and the golden arrays.

    `noise` is that of the training, as a standard deviation in grey levels of 256; the golden
    arrays' stays. `data_share` of the patches are trained on.
    """
    patches = NoisyPatches(data.training(seed, data_share), noise, seed)
    trained = model.build(architecture, batch_size=None)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, max(1, epochs * len(patches)))
    trained.compile(keras.optimizers.Adam(rate), loss="mse")
    progress = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, _logs: on_progress(epoch + 1, epochs)
    )
    # not shuffled here: the order of the batches must follow from the seed alone
    trained.fit(patches, epochs=epochs, verbose=0, shuffle=False, callbacks=[progress])
    deployed = model.build(architecture)
    deployed.set_weights(trained.get_weights())
    return deployed, data.calibration(seed), data.golden(seed)


def untrained(architecture: model.Architecture) -> keras.Model:
    """The model, whose cost is known before it is trained."""
    return model.build(architecture)
