"""What conversion asks of a model's inputs. Needs no Keras, only a model's attributes."""

from __future__ import annotations

from typing import Any

from mcuforge.errors import ModelError, UsageError
from mcuforge.samples.calibration import Layout
from mcuforge.samples.sources import shape_text
from mcuforge.wording import keras_words


def check_inputs(model: Any, samples: Layout, where: str, keras_file: str) -> None:
    """Raise unless the Keras model has static float32 inputs that samples of these shapes fit.

    `samples` holds name and shape of each input of a sample, in order; the name is empty where only
    one input is known of. Raises `ModelError` where the model is to blame, `UsageError` where the
    samples are; `where` and `keras_file` name them.
    """
    layers = _layers(model)
    for tensor in model.inputs:
        _check_input(tensor, keras_file, layers)
    names = [tensor.name for tensor in model.inputs]
    if len(samples) != len(names):
        raise UsageError(
            f"{where}: one array a sample, but {keras_file} has the inputs "
            f"{', '.join(map(repr, names))}. Give a dict with an array for each, by name."
        )
    for tensor, (name, shape) in zip(model.inputs, samples, strict=True):
        expected = tuple(tensor.shape)[1:]
        if tuple(shape) != expected or (name in names and name != tensor.name):
            raise UsageError(
                f"{where}: samples of shape {list(shape)} do not fit input '{tensor.name}' of "
                f"{keras_file}, which is {shape_text(expected)}."
            )


def _check_input(tensor: Any, keras_file: str, layers: list[str]) -> None:
    shape = tuple(tensor.shape)[1:]
    if any(d is None for d in shape):
        raise ModelError(
            f"{keras_file}: input '{tensor.name}' has the dynamic shape {shape_text(shape)}. "
            f"{keras_words.advice_on_shape(shape)}"
        )
    if tensor.dtype != "float32":
        raise ModelError(
            f"{keras_file}: input '{tensor.name}' is {tensor.dtype}; a model for int8 takes "
            f"float32 inputs. {keras_words.advice_on_dtype(tensor.dtype, layers)}"
        )


def _layers(model: Any) -> list[str]:
    """The class names of the model's layers; none of a SavedModel."""
    layers = getattr(model, "layers", ())
    return [type(layer).__name__ for layer in (layers() if callable(layers) else layers)]
