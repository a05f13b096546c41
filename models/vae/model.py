# SPDX-License-Identifier: Apache-2.0
"""The variational autoencoder: an encoder for the host, a decoder for the device."""

from __future__ import annotations

import keras
from keras import layers, ops

SIDE = 8
LATENT = 8
BETA = 0.3  # of the divergence in the loss: below 1, pictures get sharper (I. Higgins, 2017)


def build_encoder(batch_size: int | None = 1) -> keras.Model:
    """An untrained encoder: float32 [1, 8, 8, 1] in 0 ... 1 -> mu and log sigma^2, each [1, 8].

    Sampling is not part of the graph: z = mu + sigma * noise is computed outside.
    """
    image = keras.Input((SIDE, SIDE, 1), batch_size=batch_size, name="image")
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu", name="encode_4x4")(image)
    x = layers.Conv2D(32, 3, 2, padding="same", activation="relu", name="encode_2x2")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(64, activation="relu", name="features")(x)
    mu = layers.Dense(LATENT, name="mu")(x)
    log_variance = layers.Dense(LATENT, name="log_variance")(x)
    return keras.Model(image, [mu, log_variance], name="vae_encoder")


def build_decoder(batch_size: int | None = 1) -> keras.Model:
    """An untrained decoder: float32 [1, 8] -> the probability of ink, [1, 8, 8, 1]."""
    latent = keras.Input((LATENT,), batch_size=batch_size, name="latent")
    x = layers.Dense(2 * 2 * 32, activation="relu", name="spread")(latent)
    x = layers.Reshape((2, 2, 32), name="spread_2x2")(x)
    x = _enlarge(x, 32, "decode_4x4")
    x = _enlarge(x, 16, "decode_8x8")
    x = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="ink")(x)
    return keras.Model(latent, x, name="vae_decoder")


def _enlarge(x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
    return layers.Conv2DTranspose(channels, 3, 2, padding="same", activation="relu", name=name)(x)


def reconstruction_loss(image: keras.KerasTensor, ink: keras.KerasTensor) -> keras.KerasTensor:
    """Binary cross-entropy in nats, summed over the pixels of a sample: [N, 8, 8, 1] -> [N]."""
    return ops.sum(ops.binary_crossentropy(image, ink), axis=(1, 2, 3))


def divergence(mu: keras.KerasTensor, log_variance: keras.KerasTensor) -> keras.KerasTensor:
    """Kullback-Leibler divergence of N(mu, sigma^2) from N(0, 1) in nats: [N, 8] -> [N].

    -1/2 sum(1 + log sigma^2 - mu^2 - sigma^2); D. P. Kingma and M. Welling, Auto-Encoding
    Variational Bayes (2014), appendix B.
    """
    terms = 1 + log_variance - ops.square(mu) - ops.exp(log_variance)
    return -0.5 * ops.sum(terms, axis=1)


class Vae(keras.Model):
    """Both halves with the sampling between them, for training only."""

    def __init__(self, encoder: keras.Model, decoder: keras.Model, seed: int) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self._noise = keras.random.SeedGenerator(seed)

    def call(self, image: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """The probability of ink for a sampled point; adds the divergence to the loss."""
        mu, log_variance = self.encoder(image, training=training)
        noise = keras.random.normal(ops.shape(mu), seed=self._noise)
        self.add_loss(BETA * ops.mean(divergence(mu, log_variance)))
        return self.decoder(mu + ops.exp(0.5 * log_variance) * noise, training=training)
