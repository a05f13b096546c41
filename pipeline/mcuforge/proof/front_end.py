"""Do the features in C give the bytes of the Python that the model was trained with?

The recipe's Python is run once for each raw sample, on the host. The C on the host and on the
device must fill the model's input with the same bytes: of all golden samples, and of some at the
ends of what a sensor can say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ParityError
from mcuforge.features import in_python, input_codes, raw_samples
from mcuforge.frontend.graph import Graph
from mcuforge.proof import parity
from mcuforge.proof.parity import Comparison
from mcuforge.recipe import Recipe
from mcuforge.recipe.features import Features

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class RawSamples:
    """Raw samples [N, ...], and for each a list with the input that the recipe's Python makes.

    The first `count` belong to the samples that the model runs with; the others are at the ends.
    """

    features: Features
    raw: Array
    expected: list[list[Array]]
    codes: npt.NDArray[np.integer]
    count: int

    @property
    def inputs(self) -> list[list[Array]]:
        """The model's samples."""
        return self.expected[: self.count]

    @property
    def python(self) -> str:
        """What the C is compared with."""
        return self.features.python.name


def of_golden(
    recipe: Recipe, graph: Graph, count: int | None, inputs: npt.NDArray[np.float32]
) -> RawSamples | None:
    """The first `count` golden raw samples; None where the recipe has no features.

    `inputs` are the golden inputs. Raises `ForgeError` where the Python fails, `ParityError` where
    it makes others than these of the raw samples.
    """
    if recipe.features is None:
        return None
    raw = raw_samples.golden(recipe.features, recipe.golden, count)
    made = _made(recipe, recipe.features, graph, raw)
    _check_golden(made, inputs, str(recipe.golden))
    return made


def of_random(recipe: Recipe | None, graph: Graph, count: int) -> RawSamples | None:
    """`count` random raw samples; None without a recipe with features."""
    if recipe is None or recipe.features is None:
        return None
    return _made(recipe, recipe.features, graph, raw_samples.random(recipe.features, count))


def of_ends(recipe: Recipe | None, graph: Graph) -> RawSamples | None:
    """Only the samples at the ends; None without a recipe with features."""
    return of_random(recipe, graph, 0)


def _made(recipe: Recipe, features: Features, graph: Graph, raw: Array) -> RawSamples:
    """These raw samples and those at the ends, with what the recipe's Python makes of them."""
    tensor = input_codes.only_input(recipe, graph)
    every = np.concatenate([raw, raw_samples.at_the_ends(features)])
    codes = in_python.compute(features, every, tensor.elements)
    expected = input_codes.of_codes(features, codes, tensor)
    return RawSamples(features, every, expected, codes, len(raw))


def _check_golden(made: RawSamples, inputs: npt.NDArray[np.float32], where: str) -> None:
    """Raise `ParityError` where the golden inputs are not what the Python makes of the raw samples.

    The model was then trained and calibrated on other features than it would meet.
    """
    real = made.features.real(made.codes[: made.count]).reshape(made.count, -1)
    stored = np.asarray(inputs[: made.count], np.float32).reshape(made.count, -1)
    if stored.shape != real.shape:
        raise ParityError(
            f"{where}: 'inputs' hold {stored.shape[1]:,} elements a sample; {made.python} makes "
            f"{real.shape[1]:,} of a raw one."
        )
    wrong = np.argwhere(stored != real)
    if len(wrong):
        sample, index = (int(i) for i in wrong[0])
        raise ParityError(
            f"{where}: 'inputs' are not what {made.python} makes of 'raw': sample {sample}, "
            f"element {index} is {stored[sample, index]:g}, and it makes "
            f"{real[sample, index]:g}. Train the model again, or make the golden samples and the "
            "calibration again from the raw ones."
        )


def compare(engine: str, made: RawSamples, actual: Sequence[Array]) -> Comparison:
    """What C made of the raw samples, against what the Python made. It decides."""
    each = [[array] for array in actual]
    found = parity.compare(f"features, {engine}", made.expected, each, decides=True)
    found = replace(found, against=made.python)
    if found.first_sample is None:
        return found
    number = found.first_sample
    kind = f"sample {number}"
    if number >= made.count:
        kind = f"sample {number - made.count} of those at the ends"
    text = parity.first_difference(made.expected[number][0], actual[number])
    return replace(found, first_difference=f"{kind}, {text}")


def divergence(comparisons: Sequence[Comparison]) -> str | None:
    """Where the first C that failed leaves the Python; None where none did."""
    failed = next((c for c in comparisons if c.bytes_differing), None)
    if failed is None:
        return None
    return (
        f"{failed.engine}: other bytes than {failed.against} makes, in {failed.first_difference}. "
        "The C and the Python of the recipe's features do not compute the same; this is the input "
        "of the model as it holds it."
    )
