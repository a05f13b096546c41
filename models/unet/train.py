# SPDX-License-Identifier: Apache-2.0
"""Trains the U-Net. Run by `mcuforge train models/unet`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import data
import keras
import model
from keras import ops
from msgspec import Meta

from mcuforge.recipe import Metric, metrics

Loss = Literal["cross_entropy", "dice", "both"]


def train(
    seed: int,
    epochs: int,
    on_progress: Callable[..., None],
    architecture: model.Architecture,
    loss: Loss = "cross_entropy",
    batch: Annotated[int, Meta(ge=1, le=1024)] = 32,
    data_share: Annotated[float, Meta(gt=0, le=1)] = 1.0,
) -> tuple[keras.Model, dict[str, data.Array], dict[str, data.Array]]:
    """The trained model, the calibration arrays and the golden arrays.

    `data_share` of the pictures are trained on.
    """
    (pictures, masks), golden = data.training(seed, data_share), data.golden(seed)
    known = {"inputs": pictures[: len(golden["inputs"])], "masks": masks[: len(golden["masks"])]}
    trained = model.build(architecture, batch_size=None)
    steps = max(1, epochs * -(-len(pictures) // batch))
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    trained.compile(keras.optimizers.Adam(rate), loss=_LOSSES[loss])

    def judge(epoch: int, _logs: object) -> None:
        quality = _mean_iou(trained, golden)
        on_progress(epoch + 1, epochs, quality, mean_iou_trained_on=_mean_iou(trained, known))

    told = keras.callbacks.LambdaCallback(on_epoch_end=judge)
    trained.fit(pictures, masks, batch, epochs, verbose=0, callbacks=[told])
    deployed = model.build(architecture)
    deployed.set_weights(trained.get_weights())
    return deployed, data.calibration(seed), golden


def untrained(architecture: model.Architecture) -> keras.Model:
    """The model, whose cost is known before it is trained."""
    return model.build(architecture)


def _mean_iou(trained: keras.Model, samples: dict[str, data.Array]) -> float:
    inputs = samples["inputs"]
    outputs = trained.predict(inputs, verbose=0)
    return metrics.evaluate(Metric.SEGMENTATION, inputs, outputs, samples)["mean_iou"]


def _dice(masks: keras.KerasTensor, probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """1 - 2 |A and B| / (|A| + |B|) of ink, for each picture: [N, H, W], [N, H, W, 2] -> [N].

    F. Milletari et al., V-Net (2016), with plain sums below; one more pixel on both sides lets a
    picture without ink have a loss.
    """
    ink = ops.cast(masks, probabilities.dtype)
    ink = ops.reshape(ink, ops.shape(probabilities)[:3])
    found = probabilities[..., 1]
    both, either = ops.sum(ink * found, (1, 2)), ops.sum(ink + found, (1, 2))
    return 1 - (2 * both + 1) / (either + 1)


def _dice_and_cross_entropy(
    masks: keras.KerasTensor, probabilities: keras.KerasTensor
) -> keras.KerasTensor:
    """Their sum: [N, H, W], [N, H, W, 2] -> [N]."""
    entropy = keras.losses.sparse_categorical_crossentropy(masks, probabilities)
    return ops.mean(entropy, (1, 2)) + _dice(masks, probabilities)


_LOSSES = {
    "cross_entropy": "sparse_categorical_crossentropy",
    "dice": _dice,
    "both": _dice_and_cross_entropy,
}
