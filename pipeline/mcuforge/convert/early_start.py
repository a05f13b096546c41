"""TensorFlow takes seconds to start: a command has it started before it looks at anything else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mcuforge import recipe
from mcuforge.errors import ForgeError
from mcuforge.model_files.kind import CONVERTIBLE, Kind, recognise
from mcuforge.processes import tensorflow_child

_JOBS = "mcuforge.convert.keras_jobs:quantise"


def expect_conversion(*models: Path) -> None:
    """Start TensorFlow where one of the models, files or recipes, is one that is converted.

    Does not wait for it, and says nothing of what is wrong: whoever converts the model will.
    Starts nothing outside of `tensorflow_child.kept`.
    """
    if any(_is_converted(model) for model in models):
        tensorflow_child.expect(_JOBS)


def _is_converted(model: Path) -> bool:
    with suppress(ForgeError, OSError):
        kind = recognise(model)
        return kind in CONVERTIBLE or (kind is Kind.RECIPE and recipe.load(model).keras is not None)
    return False
