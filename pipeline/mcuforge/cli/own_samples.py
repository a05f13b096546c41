"""`run MODEL --samples FILE`: the recipe that such a run is by, made as `init` makes one."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from mcuforge.cli import init
from mcuforge.cli.arguments import SAMPLES
from mcuforge.cli.consoles import note, warn
from mcuforge.cli.label_options import LabelOptions, label_options
from mcuforge.cli.progress import stages
from mcuforge.emit import c_names
from mcuforge.errors import UsageError
from mcuforge.model_files.kind import CONVERTIBLE, Kind, recognise
from mcuforge.samples import array_files
from mcuforge.scaffold import init_recipe, sample_files

F = TypeVar("F", bound=Callable[..., Any])

_NOTHING = LabelOptions()
_COMMENT = "run, which writes this folder again each time; `mcuforge init` makes one to keep"


@dataclass(frozen=True)
class Task:
    """What a run takes: a recipe or a `.tflite`, and samples that go with the latter.

    `given` is the model as it was named.
    """

    given: Path
    model: Path
    inputs: Path | None = None


@dataclass(frozen=True)
class OwnSamples:
    """The file of `--samples`, None where it was not given; and what goes with it."""

    samples: Path | None = None
    labels: LabelOptions = _NOTHING

    def tasks(self, models: Sequence[Path], output: Path, *, quiet: bool) -> list[Task]:
        """What each model runs by. With samples a recipe is made in `output`, and told of unless
        `quiet`.

        Raises `UsageError` where samples are missing, or given for a recipe or several models.
        """
        if self.samples is None:
            return [self._without(model) for model in models]
        if len(models) > 1:
            raise UsageError("--samples is for one model; here are several. Run them one by one.")
        return [self._with(models[0], self.samples, output, quiet)]

    def _without(self, model: Path) -> Task:
        if self.labels != _NOTHING:
            raise UsageError(
                "--labels, --metric, --label-names, --normal and --divide-by go with --samples."
            )
        if recognise(model) in CONVERTIBLE:
            quoted = shlex.quote(str(model))
            raise UsageError(
                f"{model}: a Keras model, which is quantised by samples. Name them: mcuforge run "
                f"{quoted} --samples FILE.npz [--labels FILE]. To make a folder of model, samples "
                f"and settings: mcuforge init {quoted} --samples FILE.npz"
            )
        return Task(model, model)

    def _with(self, model: Path, samples: Path, output: Path, quiet: bool) -> Task:
        kind = recognise(model)
        if kind is Kind.RECIPE:
            raise UsageError(
                f"{model}: its recipe names the samples. Leave out --samples, or change the recipe."
            )
        if kind is Kind.TFLITE and self.labels == _NOTHING and not _labelled(samples):
            return Task(model, model, samples)
        folder = output / f"{c_names.identifier(model.stem)}-recipe"
        options = self.labels.recipe(copy=False, force=True, comment=_COMMENT)
        asks = sys.stdin.isatty() and not quiet
        with stages(f"{model}: a recipe in {folder}") as on_stage:
            on_stage("reading", 0, 0)
            made = init_recipe(
                model, samples, self.labels.file, folder, options,
                init.ask if asks else None,
                lambda done, total: on_stage("running", done, total),
            )  # fmt: skip
        for warning in made.warnings:
            warn(warning)
        for line in () if quiet else init.told(made):
            note(line)
        return Task(model, folder)


def _labelled(samples: Path) -> bool:
    """Whether labels lie beside the samples in their file."""
    return any(map(sample_files.are_labels, array_files.array_names(samples) or ()))


def samples_options(function: F) -> F:
    """`--samples` and what `init` takes with it, as one argument `own_samples`."""

    @wraps(function)
    def gathering(*arguments: Any, samples: Path | None, labels: LabelOptions, **rest: Any) -> Any:
        return function(*arguments, own_samples=OwnSamples(samples, labels), **rest)

    option = click.option(
        "--samples", type=SAMPLES, metavar="FILE",
        help="Of a model without a recipe: inputs [N, ...], an .npz or .npy file.",
    )  # fmt: skip
    made: Any = option(label_options(gathering))
    return made  # type: ignore[no-any-return]
