# SPDX-License-Identifier: Apache-2.0
"""Trains the variational autoencoder. Run by `mcuforge train models/vae`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import data
import keras
import model
import numpy as np
from msgspec import Meta

BATCH = 32


def train(
    seed: int,
    epochs: int,
    on_progress: Callable[[int, int], None],
    architecture: model.Architecture,
    beta: Annotated[float, Meta(ge=0, le=10)] = 0.3,
    data_share: Annotated[float, Meta(gt=0, le=1)] = 1.0,
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array], keras.Model]:
    """The trained decoder, its calibration and golden arrays, and the encoder.

    `beta` weighs the divergence in the loss. `data_share` of the digits are trained on.
    """
    images = data.digits(seed)[0].images
    images = images[: max(1, round(len(images) * data_share))]
    encoder, decoder = (
        model.build_encoder(architecture, None),
        model.build_decoder(architecture, None),
    )
    both = model.Vae(encoder, decoder, beta, seed)
    steps = max(1, epochs * -(-len(images) // BATCH))
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    both.compile(keras.optimizers.Adam(rate), loss=model.reconstruction_loss)
    progress = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, _logs: on_progress(epoch + 1, epochs)
    )
    both.fit(images, images, BATCH, epochs, verbose=0, callbacks=[progress])
    deployed, host = model.build_decoder(architecture), model.build_encoder(architecture)
    deployed.set_weights(decoder.get_weights())
    host.set_weights(encoder.get_weights())
    return deployed, _calibration(encoder, seed), _golden(encoder, seed), host


def untrained(architecture: model.Architecture) -> keras.Model:
    """The decoder, whose cost is known before it is trained."""
    return model.build_decoder(architecture)


def _calibration(encoder: keras.Model, seed: int) -> dict[str, data.Array]:
    """Beside the digits `inputs`: points that they are sampled at, and ones of N(0, 1)."""
    arrays = data.calibration(seed)
    mu, log_variance = (np.asarray(a) for a in encoder.predict(arrays["images"], verbose=0))
    rng = np.random.default_rng(seed)
    sampled = mu + np.exp(log_variance / 2) * rng.normal(size=mu.shape)
    prior = rng.normal(size=mu.shape)
    points = np.stack([sampled, prior], axis=1).reshape(-1, mu.shape[1])
    return {"inputs": points.astype(np.float32), **arrays}


def _golden(encoder: keras.Model, seed: int) -> dict[str, data.Array]:
    """Beside the digits `inputs`: their mu."""
    arrays = data.golden(seed)
    mu, _ = encoder.predict(arrays["targets"], verbose=0)
    return {"inputs": np.asarray(mu, np.float32), **arrays}
