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

from mcuforge.recipe import metrics


class NoisyPatches(keras.utils.PyDataset):
    """Batches of patches in random order, with new noise in every epoch, and without."""

    def __init__(self, clean: data.Array, noise: float, batch: int, seed: int) -> None:
        super().__init__()
        self._clean, self._noise, self._batch = clean, noise, batch
        self._rng = np.random.default_rng(seed)
        self._shuffle()

    def __len__(self) -> int:
        return -(-len(self._clean) // self._batch)

    def __getitem__(self, index: int) -> tuple[data.Array, data.Array]:
        clean = self._clean[self._order[index * self._batch : (index + 1) * self._batch]]
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
    on_progress: Callable[..., None],
    architecture: model.Architecture,
    noise: Annotated[float, Meta(ge=0, le=100)] = data.NOISE,
    batch: Annotated[int, Meta(ge=1, le=1024)] = 64,
    data_share: Annotated[float, Meta(gt=0, le=1)] = 1.0,
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array]]:
    """The trained model, the calibration arrays and the golden arrays.

    `noise` is that of the training, as a standard deviation in grey levels of 256; the golden
    arrays' stays. `data_share` of the patches are trained on.
    """
    patches = NoisyPatches(data.training(seed, data_share), noise, batch, seed)
    golden = data.golden(seed)
    trained = model.build(architecture, batch_size=None)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, max(1, epochs * len(patches)))
    trained.compile(keras.optimizers.Adam(rate), loss="mse")

    def judge(epoch: int, _logs: object) -> None:
        denoised = trained.predict(golden["inputs"], verbose=0)
        on_progress(epoch + 1, epochs, metrics.psnr(golden["clean"], denoised))

    told = keras.callbacks.LambdaCallback(on_epoch_end=judge)
    # not shuffled here: the order of the batches must follow from the seed alone
    trained.fit(patches, epochs=epochs, verbose=0, shuffle=False, callbacks=[told])
    deployed = model.build(architecture)
    deployed.set_weights(trained.get_weights())
    return deployed, data.calibration(seed), golden


def untrained(architecture: model.Architecture) -> keras.Model:
    """The model, whose cost is known before it is trained."""
    return model.build(architecture)
