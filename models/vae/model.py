# SPDX-License-Identifier: Apache-2.0
"""The variational autoencoder: an encoder for the host, a decoder for the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import keras
from keras import layers, ops
from msgspec import Meta

SIDE = 8

Activation = Literal["relu", "relu6", "leaky_relu", "tanh"]


@dataclass(frozen=True)
class Architecture:
    """The options that make the networks: see MODEL.md."""

    latent: Annotated[int, Meta(ge=1, le=64)] = 8
    depth: Annotated[int, Meta(ge=1, le=3)] = 2
    width: Annotated[int, Meta(ge=2, le=64)] = 16
    features: Annotated[int, Meta(ge=2, le=256)] = 64
    separable: bool = False
    activation: Activation = "relu"

    def conv(
        self, x: keras.KerasTensor, channels: int, name: str, stride: int = 1
    ) -> keras.KerasTensor:
        """A 3 x 3 convolution; a separable one is depthwise, then 1 x 1."""
        kind = layers.SeparableConv2D if self.separable else layers.Conv2D
        activation = self.activation
        return kind(channels, 3, stride, padding="same", activation=activation, name=name)(x)

    def enlarge(self, x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
        """Twice the height and width. Separable ones repeat pixels: Keras transposes none."""
        if self.separable:
            x = layers.UpSampling2D(interpolation="nearest", name=f"{name}_repeat")(x)
            return self.conv(x, channels, name)
        activation = self.activation
        return layers.Conv2DTranspose(
            channels, 3, 2, padding="same", activation=activation, name=name
        )(x)


def build_encoder(chosen: Architecture, batch_size: int | None = 1) -> keras.Model:
    """An untrained encoder: float32 [1, 8, 8, 1] in 0 ... 1 -> mu and log sigma^2, [1, latent].

    Sampling is not part of the graph: z = mu + sigma * noise is computed outside.
    """
    x = image = keras.Input((SIDE, SIDE, 1), batch_size=batch_size, name="image")
    for level in range(chosen.depth):
        side = SIDE >> (level + 1)
        x = chosen.conv(x, chosen.width << level, f"encode_{side}x{side}", stride=2)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(chosen.features, activation=chosen.activation, name="features")(x)
    mu = layers.Dense(chosen.latent, name="mu")(x)
    log_variance = layers.Dense(chosen.latent, name="log_variance")(x)
    return keras.Model(image, [mu, log_variance], name="vae_encoder")


def build_decoder(chosen: Architecture, batch_size: int | None = 1) -> keras.Model:
    """An untrained decoder: float32 [1, latent] -> the probability of ink, [1, 8, 8, 1]."""
    latent = keras.Input((chosen.latent,), batch_size=batch_size, name="latent")
    side, channels = SIDE >> chosen.depth, chosen.width << (chosen.depth - 1)
    x = layers.Dense(side**2 * channels, activation=chosen.activation, name="spread")(latent)
    x = layers.Reshape((side, side, channels), name=f"spread_{side}x{side}")(x)
    for level in reversed(range(chosen.depth)):
        side = SIDE >> level
        x = chosen.enlarge(x, chosen.width << level, f"decode_{side}x{side}")
    x = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="ink")(x)
    return keras.Model(latent, x, name="vae_decoder")


def reconstruction_loss(image: keras.KerasTensor, ink: keras.KerasTensor) -> keras.KerasTensor:
    """Binary cross-entropy in nats, summed over the pixels of a sample: [N, 8, 8, 1] -> [N]."""
    return ops.sum(ops.binary_crossentropy(image, ink), axis=(1, 2, 3))


def divergence(mu: keras.KerasTensor, log_variance: keras.KerasTensor) -> keras.KerasTensor:
    """Kullback-Leibler divergence of N(mu, sigma^2) from N(0, 1) in nats: [N, latent] -> [N].

    -1/2 sum(1 + log sigma^2 - mu^2 - sigma^2); D. P. Kingma and M. Welling, Auto-Encoding
    Variational Bayes (2014), appendix B.
    """
    terms = 1 + log_variance - ops.square(mu) - ops.exp(log_variance)
    return -0.5 * ops.sum(terms, axis=1)


class Vae(keras.Model):
    """Both halves with the sampling between them, for training only.

    `beta` weighs the divergence in the loss: below 1, pictures get sharper (I. Higgins, 2017).
    """

    def __init__(self, encoder: keras.Model, decoder: keras.Model, beta: float, seed: int) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self._beta = beta
        self._noise = keras.random.SeedGenerator(seed)

    def call(self, image: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """The probability of ink for a sampled point; adds the divergence to the loss."""
        mu, log_variance = self.encoder(image, training=training)
        noise = keras.random.normal(ops.shape(mu), seed=self._noise)
        self.add_loss(self._beta * ops.mean(divergence(mu, log_variance)))
        return self.decoder(mu + ops.exp(0.5 * log_variance) * noise, training=training)
