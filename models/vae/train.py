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
from sklearn.metrics import silhouette_score

from mcuforge.recipe import metrics


def train(
    seed: int,
    epochs: int,
    on_progress: Callable[..., None],
    architecture: model.Architecture,
    beta: Annotated[float, Meta(ge=0, le=10)] = 0.3,
    batch: Annotated[int, Meta(ge=1, le=1024)] = 32,
    data_share: Annotated[float, Meta(gt=0, le=1)] = 1.0,
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array], keras.Model]:
    """The trained decoder, its calibration and golden arrays, and the encoder.

    `beta` weighs the divergence in the loss. `data_share` of the digits are trained on.
    """
    known, held_out = data.digits(seed)
    images = known.images[: max(1, round(len(known.images) * data_share))]
    encoder = model.build_encoder(architecture, None)
    decoder = model.build_decoder(architecture, None)
    both = model.Vae(encoder, decoder, beta, seed)
    steps = max(1, epochs * -(-len(images) // batch))
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    both.compile(keras.optimizers.Adam(rate), loss=model.reconstruction_loss)

    def judge(epoch: int, _logs: object) -> None:
        quality, figures = _quality(encoder, decoder, held_out)
        on_progress(epoch + 1, epochs, quality, **figures)

    told = keras.callbacks.LambdaCallback(on_epoch_end=judge)
    both.fit(images, images, batch, epochs, verbose=0, callbacks=[told])
    deployed, host = model.build_decoder(architecture), model.build_encoder(architecture)
    deployed.set_weights(decoder.get_weights())
    host.set_weights(encoder.get_weights())
    return deployed, _calibration(encoder, seed), _golden(encoder, seed), host


def untrained(architecture: model.Architecture) -> keras.Model:
    """The decoder, whose cost is known before it is trained."""
    return model.build_decoder(architecture)


def _quality(
    encoder: keras.Model, decoder: keras.Model, digits: data.Digits
) -> tuple[float, dict[str, float]]:
    """PSNR of the decoder at mu, in dB; cross-entropy and divergence in nats, silhouette of mu."""
    mu, log_variance = (np.asarray(a) for a in encoder.predict(digits.images, verbose=0))
    ink = decoder.predict(mu, verbose=0)
    return metrics.psnr(digits.images, ink), {
        "bce": float(np.mean(model.reconstruction_loss(digits.images, ink))),
        "kl": float(np.mean(model.divergence(mu, log_variance))),
        "silhouette": float(silhouette_score(mu, digits.labels)),
    }


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
