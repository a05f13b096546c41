"""Keras models that cut, reorder, pad and transpose. Saved in the child that has TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SHAPE = (8, 8, 4)
SIDE_BY_SIDE = "side by side"


def save(name: str, file: str, on_progress: Any) -> None:
    """Write the model of that name: the layer between two that compute; or of all of them."""
    del on_progress
    import keras
    from keras.layers import Concatenate, Conv2D, Dense, Flatten

    keras.utils.set_random_seed(1)
    x = keras.Input(SHAPE, name="x")
    names = NAMES if name == SIDE_BY_SIDE else (name,)
    ends = []
    for each in names:
        y = Conv2D(6, 3, padding="same", activation="relu")(x)
        ends.append(Dense(3)(Flatten()(LAYERS[each](y))))
    keras.Model(x, Concatenate()(ends) if len(ends) > 1 else ends[0]).save(file)


def _layers() -> Any:
    from keras import layers

    return layers


def _ops() -> Any:
    from keras import ops

    return ops


def _transposed(padding: str, size: int, stride: int, **more: Any) -> Callable[[Any], Any]:
    """A Conv2DTranspose."""
    return lambda x: _layers().Conv2DTranspose(3, size, stride, padding, **more)(x)


def _as_torch_pads(size: int, stride: int, padding: int, output_padding: int) -> Any:
    """torch.nn.ConvTranspose2d: valid, then `padding` is cut off and `output_padding` added."""

    def call(x: Any) -> Any:
        x = _layers().Conv2DTranspose(3, size, stride, use_bias=True)(x)
        x = _layers().ZeroPadding2D(((0, output_padding), (0, output_padding)))(x)
        return _layers().Cropping2D(padding)(x) if padding else x

    return call


def _columns(x: Any) -> Any:
    """[height, width, channels] -> [height, width * channels], for layers of one dimension."""
    return _layers().Reshape((8, 48))(x)


LAYERS: dict[str, Callable[[Any], Any]] = {
    "cropping 1d": lambda x: _layers().Cropping1D((1, 2))(_columns(x)),
    "cropping": lambda x: _layers().Cropping2D(((1, 2), (0, 3)))(x),
    "padding 1d": lambda x: _layers().ZeroPadding1D((2, 1))(_columns(x)),
    "padding": lambda x: _layers().ZeroPadding2D(((1, 2), (0, 3)))(x),
    "permute": lambda x: _layers().Permute((3, 1, 2))(x),
    "permute back": lambda x: _layers().Permute((2, 3, 1))(_layers().Permute((3, 1, 2))(x)),
    "slice": lambda x: x[:, 1:-2, 2:7, 1:4],
    "slice with strides": lambda x: x[:, ::2, 1::3, :],
    "slice backwards": lambda x: x[:, ::-1, 6:1:-2, :],
    "slice of one": lambda x: x[:, 3, :, 2],
    "slice with an ellipsis": lambda x: x[..., :1],
    "new axis": lambda x: x[:, 2][:, :, None, :],
    "split": lambda x: _layers().Concatenate()(_ops().split(x, 3, axis=-1)[::-1]),
    "split unevenly": lambda x: _layers().Concatenate(1)(_ops().split(x, [1, 5], axis=1)[::-1]),
    "stack": lambda x: _ops().stack([x[:, 0], x[:, 1]], axis=2),
    "unstack": lambda x: _ops().unstack(x, axis=1)[2] + _ops().unstack(x, axis=1)[4],
    "flip": lambda x: _ops().flip(x, axis=(1, 2)),
    "roll": lambda x: _ops().roll(x, 3, axis=1),
    "tile": lambda x: _ops().tile(x, (1, 1, 2, 1)),
    "repeat": lambda x: _ops().repeat(x, 2, axis=2),
    "repeat vector": lambda x: _layers().RepeatVector(3)(_layers().GlobalMaxPooling2D()(x)),
    "upsampling 1d": lambda x: _layers().UpSampling1D(2)(_columns(x)),
    "upsampling": lambda x: _layers().UpSampling2D((2, 3))(x),
    "swap axes": lambda x: _ops().swapaxes(x, 1, 3),
    "reflect": lambda x: _ops().pad(x, ((0, 0), (1, 2), (2, 1), (0, 0)), mode="reflect"),
    "symmetric": lambda x: _ops().pad(x, ((0, 0), (1, 2), (2, 1), (0, 0)), mode="symmetric"),
    "pad with a value": lambda x: _ops().pad(
        x, ((0, 0), (1, 1), (0, 0), (0, 0)), constant_values=0.5
    ),
    "take": lambda x: _ops().take(x, [3, 0, 5, 5], axis=2),
    "broadcast": lambda x: x[:, :1] * _ops().broadcast_to(x[:, :, :1], (1, 8, 8, 6)),
    "depth to space": lambda x: _layers().Reshape((16, 16, 1))(
        _layers().Permute((1, 3, 2, 4))(_layers().Reshape((8, 8, 2, 2))(_layers().Conv2D(4, 1)(x)))
    ),
    "transposed same": _transposed("same", 3, 2),
    "transposed valid": _transposed("valid", 3, 2),
    "transposed with gaps": _transposed("valid", 2, 3),
    "transposed with output padding": _transposed("valid", 3, 2, output_padding=1),
    "transposed by one": _transposed("same", 4, 1),
    "transposed of one dimension": lambda x: _layers().Conv1DTranspose(4, 4, 2, "same")(
        _columns(x)
    ),
    "torch 4 2 1": _as_torch_pads(4, 2, 1, 0),
    "torch 3 2 1 1": _as_torch_pads(3, 2, 1, 1),
    "torch 2 2 0": _as_torch_pads(2, 2, 0, 0),
}
NAMES = tuple(LAYERS)
