# SPDX-License-Identifier: Apache-2.0
"""Trains the sparse autoencoder. Run by `mcuforge train models/sparse_autoencoder`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import data
import keras
import model
from msgspec import Meta

from mcuforge.recipe import Metric, metrics


def train(
    seed: int,
    epochs: int,
    on_progress: Callable[..., None],
    architecture: model.Architecture,
    batch: Annotated[int, Meta(ge=1, le=1024)] = 64,
    data_share: Annotated[float, Meta(gt=0, le=1)] = 1.0,
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array]]:
    """The trained model, the calibration arrays and the golden arrays.

    `data_share` of the patches are trained on.
    """
    patches, golden = data.training(seed, data_share), data.golden(seed)
    trained = model.build(architecture, batch_size=None)
    steps = max(1, epochs * -(-len(patches) // batch))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    # the code has no target: the regularisation alone judges it
    trained.compile(keras.optimizers.Adam(rate), loss=["mse", None])

    def judge(epoch: int, _logs: object) -> None:
        reconstructions, codes = trained.predict(golden["inputs"], verbose=0)
        quality = metrics.evaluate(
            Metric.RECONSTRUCTION, golden["inputs"], reconstructions, golden, codes
        )
        on_progress(epoch + 1, epochs, quality.pop("auc"), **quality)

    told = keras.callbacks.LambdaCallback(on_epoch_end=judge)
    trained.fit(patches, patches, batch, epochs, verbose=0, callbacks=[told])
    deployed = model.build(architecture)
    deployed.set_weights(trained.get_weights())
    return deployed, data.calibration(seed), golden


def untrained(architecture: model.Architecture) -> keras.Model:
    """The model, whose cost is known before it is trained."""
    return model.build(architecture)
