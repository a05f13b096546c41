"""From the codes that features give to the numbers of the model's input."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import UsageError
from mcuforge.frontend import border_names
from mcuforge.frontend.graph import DType, Graph, Tensor
from mcuforge.recipe import Recipe
from mcuforge.recipe.features import Features
from mcuforge.samples.quantised import QUANTIZED, quantize


def only_input(recipe: Recipe, graph: Graph) -> Tensor:
    """The input that the features make. Raises `UsageError` where they cannot make it."""
    names = border_names.input_names(graph)
    if len(names) != 1:
        raise UsageError(
            f"{recipe.file}: [features] make the only input of a model; this one has the inputs "
            f"{', '.join(map(repr, names))}."
        )
    tensor = graph.tensor(graph.inputs[0])
    quantised = tensor.dtype in QUANTIZED and tensor.quantization is not None
    if not quantised and tensor.dtype is not DType.FLOAT32:
        raise UsageError(
            f"{recipe.file}: [features] make inputs that are quantised or float32; this model's is "
            f"{tensor.dtype.value}."
        )
    return tensor


def table(features: Features, tensor: Tensor) -> npt.NDArray[Any]:
    """What the input holds for each of the 256 codes, in the order of their bytes 0 ... 255.

    That is what quantising their real values gives, as for any other samples.
    """
    codes = np.arange(256).astype(np.uint8).view(features.output)
    real = features.real(codes)
    if tensor.quantization is None or tensor.dtype is DType.FLOAT32:
        return real
    return quantize(real, tensor.quantization, tensor.dtype)


def is_identity(features: Features, tensor: Tensor) -> bool:
    """Whether the input holds the codes themselves."""
    codes = np.arange(256).astype(np.uint8).view(features.output)
    made = table(features, tensor)
    return made.dtype == codes.dtype and bool((made == codes).all())


def of_codes(
    features: Features, codes: npt.NDArray[np.integer], tensor: Tensor
) -> list[list[npt.NDArray[Any]]]:
    """Samples for the model of codes [N, elements]: for each a list with its only input."""
    made = table(features, tensor)[codes.view(np.uint8)]
    return [[sample.reshape(tensor.shape)] for sample in made]
