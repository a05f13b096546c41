"""Architectures for images, small enough to be kept: what matters is their ops and how they meet.

Every function gives a Keras model of one image, int8 [1, height, width, channels] once it is
converted. Weights are random.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import Input, Model, layers

Tensor = Any  # Keras's symbolic tensor


def normalised(x: Tensor, activation: str | None = "relu") -> Tensor:
    """Batch normalisation, and an activation after it."""
    x = layers.BatchNormalization()(x)
    return x if activation is None else layers.Activation(activation)(x)


def conv(
    x: Tensor, filters: int, size: int, stride: int = 1, activation: str | None = "relu"
) -> Tensor:
    """Convolution, batch normalisation, activation."""
    x = layers.Conv2D(filters, size, stride, padding="same", use_bias=False)(x)
    return normalised(x, activation)


def depthwise(x: Tensor, size: int, stride: int = 1, activation: str | None = "relu") -> Tensor:
    """Depthwise convolution, batch normalisation, activation."""
    x = layers.DepthwiseConv2D(size, stride, padding="same", use_bias=False)(x)
    return normalised(x, activation)


def classifier(x: Tensor, classes: int) -> Tensor:
    """The mean over the image, and a softmax."""
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(classes, activation="softmax")(x)


def squeezed(x: Tensor, reduced: int, gate: str = "sigmoid") -> Tensor:
    """Squeeze-and-excite: every channel times a gate that depends on all channels' means."""
    channels = x.shape[-1]
    s = layers.GlobalAveragePooling2D(keepdims=True)(x)
    s = layers.Conv2D(reduced, 1, activation="relu")(s)
    s = layers.Conv2D(channels, 1, activation=gate)(s)
    return layers.Multiply()([x, s])


def ds_cnn() -> Model:
    """Keyword spotting of MLPerf Tiny: 49 frames of 10 coefficients."""
    image = Input((49, 10, 1))
    x = normalised(layers.Conv2D(24, (10, 4), 2, padding="same")(image))
    for _ in range(4):
        x = conv(depthwise(x, 3), 24, 1)
    x = layers.AveragePooling2D((25, 5))(x)
    return Model(image, layers.Dense(12, activation="softmax")(layers.Flatten()(x)))


def resnet8() -> Model:
    """Image classification of MLPerf Tiny, narrower."""
    image = Input((32, 32, 3))
    x = conv(image, 8, 3)
    for filters, stride in ((8, 1), (16, 2), (24, 2)):
        y = conv(conv(x, filters, 3, stride), filters, 3, activation=None)
        if stride > 1:
            x = layers.Conv2D(filters, 1, stride, padding="same")(x)
        x = layers.Activation("relu")(layers.Add()([x, y]))
    return Model(image, classifier(x, 10))


def mobilenet_v1() -> Model:
    """Visual wake words of MLPerf Tiny, narrower: depthwise separable convolutions, RELU6."""
    image = Input((48, 48, 3))
    x = conv(image, 8, 3, 2, "relu6")
    for filters, stride in ((16, 1), (24, 2), (24, 1), (40, 2), (40, 1), (56, 2), (56, 1)):
        x = conv(depthwise(x, 3, stride, "relu6"), filters, 1, activation="relu6")
    return Model(image, classifier(x, 2))


def _inverted(
    x: Tensor,
    filters: int,
    stride: int,
    expansion: int,
    activation: str,
    size: int = 3,
    squeeze: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Inverted residual: expanded, filtered by depth, projected linearly, added where it fits."""
    y = conv(x, x.shape[-1] * expansion, 1, activation=activation)
    y = depthwise(y, size, stride, activation)
    if squeeze is not None:
        y = squeeze(y)
    y = conv(y, filters, 1, activation=None)
    return layers.Add()([x, y]) if stride == 1 and filters == x.shape[-1] else y


def mobilenet_v2() -> Model:
    """Inverted residuals with RELU6."""
    image = Input((32, 32, 3))
    x = conv(image, 8, 3, 2, "relu6")
    for filters, stride in ((8, 1), (12, 2), (12, 1), (16, 2), (16, 1)):
        x = _inverted(x, filters, stride, 4, "relu6")
    return Model(image, classifier(conv(x, 48, 1, activation="relu6"), 10))


def mobilenet_v3_small() -> Model:
    """Inverted residuals with HARD_SWISH, squeeze-and-excite with a hard sigmoid."""
    image = Input((32, 32, 3))
    x = conv(image, 8, 3, 2, "hard_swish")
    blocks = ((8, 2, "relu", True, 3), (12, 2, "relu", False, 3), (12, 1, "hard_swish", True, 5))
    for filters, stride, activation, gated, size in blocks:
        squeeze = (lambda y: squeezed(y, 8, "hard_sigmoid")) if gated else None
        x = _inverted(x, filters, stride, 3, activation, size, squeeze)
    x = layers.GlobalAveragePooling2D(keepdims=True)(conv(x, 32, 1, activation="hard_swish"))
    x = layers.Conv2D(48, 1, activation="hard_swish")(x)
    return Model(image, layers.Flatten()(layers.Conv2D(10, 1)(x)))


def efficientnet_lite() -> Model:
    """MBConv blocks without squeeze, 5x5 filters among them, dropout left out."""
    image = Input((28, 28, 3))
    x = conv(image, 8, 3, 2, "relu6")
    blocks = ((8, 1, 1, 3), (12, 2, 4, 3), (16, 2, 4, 5), (16, 1, 4, 5))
    for filters, stride, expansion, size in blocks:
        x = _inverted(x, filters, stride, expansion, "relu6", size)
    return Model(image, classifier(conv(x, 40, 1, activation="relu6"), 8))


def squeeze_and_excite() -> Model:
    """A plain network whose blocks are gated."""
    image = Input((20, 20, 3))
    x = squeezed(conv(image, 12, 3, 2), 4)
    x = squeezed(conv(x, 20, 3, 2), 6)
    return Model(image, classifier(x, 5))


def shufflenet_unit() -> Model:
    """ShuffleNet V2: channels are split, one half filtered, then joined and shuffled."""
    image = Input((24, 24, 3))
    x = conv(image, 16, 3, 2)
    for _ in range(2):
        height, width, channels = x.shape[1:]
        half = channels // 2
        left, right = x[..., :half], x[..., half:]
        right = conv(depthwise(conv(right, half, 1), 3, activation=None), half, 1)
        x = layers.Concatenate()([left, right])
        x = layers.Reshape((height, width, 2, half))(x)
        x = layers.Permute((1, 2, 4, 3))(x)
        x = layers.Reshape((height, width, channels))(x)
    return Model(image, classifier(x, 6))


def unet() -> Model:
    """Segmentation: pooled on the way down, convolved on the way up, skips between."""
    image = Input((32, 32, 1))
    skips, x = [], image
    for filters in (8, 12):
        x = conv(x, filters, 3)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = conv(x, 16, 3)
    for skip in reversed(skips):
        x = layers.Conv2DTranspose(skip.shape[-1], 2, 2, padding="same")(x)
        x = conv(layers.Concatenate()([x, skip]), skip.shape[-1], 3)
    return Model(image, layers.Conv2D(2, 1, activation="softmax")(x))


def unet_resized() -> Model:
    """The same with bilinear and nearest upsampling, strided convolutions, and added skips."""
    image = Input((30, 42, 3))
    first = conv(image, 8, 3)
    second = conv(first, 12, 3, 2)
    x = conv(second, 12, 3, 1)
    x = layers.UpSampling2D(interpolation="bilinear")(layers.Add()([x, second]))
    x = layers.Add()([conv(x, 8, 3), first])
    x = layers.UpSampling2D(interpolation="nearest")(layers.AveragePooling2D(2)(x))
    return Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


def unet_padded() -> Model:
    """The same without padding in its convolutions: what is added is cropped."""
    image = Input((28, 28, 1))
    first = layers.Conv2D(8, 3, activation="relu")(image)
    x = layers.Conv2D(12, 3, activation="relu")(layers.MaxPooling2D()(first))
    x = layers.Conv2DTranspose(8, 3, 2)(x)
    x = layers.Add()([x, layers.Cropping2D(((2, 1), (1, 2)))(first)[:, :23, :23, :]])
    x = layers.ZeroPadding2D(((1, 2), (2, 1)))(x)
    return Model(image, layers.Conv2D(2, 1)(x))


def yolo_head() -> Model:
    """Two scales, the coarse one brought up to the fine one; boxes through sigmoid and scale."""
    image = Input((48, 48, 3))

    def leaky(x: Tensor, filters: int, stride: int = 1) -> Tensor:
        x = layers.Conv2D(filters, 3, stride, padding="same")(x)
        return layers.LeakyReLU(negative_slope=0.1)(x)

    fine = leaky(leaky(leaky(image, 8, 2), 12, 2), 16, 2)
    coarse = leaky(fine, 20, 2)
    up = layers.UpSampling2D()(layers.Conv2D(8, 1)(coarse))
    heads = []
    for x in (coarse, layers.Concatenate()([up, fine])):
        x = layers.Conv2D(2 * 7, 1)(x)
        heads.append(layers.Reshape((-1, 7))(x))
    x = layers.Concatenate(axis=1)(heads)
    centre = layers.Activation("sigmoid")(x[..., :2])
    size = x[..., 2:4] * x[..., 2:4]
    score = layers.Activation("sigmoid")(x[..., 4:])
    return Model(image, layers.Concatenate()([centre, size, score]))


def movenet_head() -> Model:
    """Heatmap of centres, keypoints by regression, and offsets, from one feature pyramid."""
    image = Input((48, 48, 3))
    c2 = conv(conv(image, 8, 3, 2, "relu6"), 12, 3, 2, "relu6")
    c3 = conv(depthwise(c2, 3, 2, "relu6"), 20, 1, activation="relu6")
    up = layers.UpSampling2D(interpolation="bilinear")(layers.Conv2D(12, 1)(c3))
    features = conv(depthwise(layers.Add()([c2, up]), 3), 16, 1)

    def head(channels: int, activation: str | None) -> Tensor:
        return layers.Conv2D(channels, 1, activation=activation)(depthwise(features, 3))

    centre, keypoints = head(1, "sigmoid"), head(5, "sigmoid")
    return Model(image, [centre, layers.Multiply()([keypoints, centre]), head(10, None)])


IMAGES: dict[str, Callable[[], Model]] = {
    f.__name__: f
    for f in (
        ds_cnn, resnet8, mobilenet_v1, mobilenet_v2, mobilenet_v3_small, efficientnet_lite,
        squeeze_and_excite, shufflenet_unit, unet, unet_resized, unet_padded, yolo_head,
        movenet_head,
    )
}  # fmt: skip
