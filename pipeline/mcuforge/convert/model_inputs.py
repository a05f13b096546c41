"""What conversion asks of a model's inputs. Needs no Keras, only a model's attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcuforge import keras_words
from mcuforge.errors import ModelError, UsageError


def check_inputs(model: Any, sample: Sequence[int], where: str, keras_file: str) -> None:
    """Raise unless the Keras model has one static float32 input that samples of a shape fit.

    Raises `ModelError` where the model is to blame, `UsageError` where the samples are; `where`
    and `keras_file` name them.
    """
    if len(model.inputs) != 1:
        raise ModelError(
            f"{keras_file}: the model has {len(model.inputs)} inputs; one is supported. "
            "Concatenate them outside the model."
        )
    name, shape = model.inputs[0].name, tuple(model.inputs[0].shape)[1:]
    if any(d is None for d in shape):
        raise ModelError(
            f"{keras_file}: input '{name}' has the dynamic shape {_text(shape)}. "
            f"{keras_words.advice_on_shape(shape)}"
        )
    if model.inputs[0].dtype != "float32":
        raise ModelError(
            f"{keras_file}: input '{name}' is {model.inputs[0].dtype}; a model for int8 takes "
            f"float32 inputs. {keras_words.advice_on_dtype(model.inputs[0].dtype, _layers(model))}"
        )
    if tuple(sample) != shape:
        raise UsageError(
            f"{where}: samples of shape {list(sample)} do not fit input '{name}' of "
            f"{keras_file}, which is {_text(shape)}."
        )


def _layers(model: Any) -> list[str]:
    """The class names of the model's layers; none of a SavedModel."""
    layers = getattr(model, "layers", None)
    return [type(layer).__name__ for layer in layers()] if callable(layers) else []


def _text(shape: tuple[int | None, ...]) -> str:
    return "[" + ", ".join("?" if d is None else str(d) for d in shape) + "]"
