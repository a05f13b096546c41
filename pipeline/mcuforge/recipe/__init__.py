"""`recipe.toml`: what belongs to a model, typed, unknown keys refused, all problems at once.

A folder -> `Recipe`, metrics and settings; knows nothing of the stages that follow them.

    name = "autoencoder"
    summary = "finds defects in brickwork"
    labels = ["no", "yes"]      # optional: what classes are called, or a file with one a line

    [model]
    keras = "artifacts/model.keras"
    encoder = "artifacts/encoder.keras"  # optional: what makes the inputs of a decoder
    tflite = "artifacts/model.tflite"

    [convert]
    calibration = "artifacts/calibration.npz"

    [evaluation]
    golden = "artifacts/golden.npz"
    metric = "reconstruction"

    [train]                     # optional
    script = "train.py"
    seed = 20
    epochs = 30

    [train.options]             # optional: keyword arguments of the script's train()
    skip_connections = true

    [variants]                  # optional: recipes of the same task, which a run's report compares
    "without skip connections" = "without_skips.toml"

    [quantization]              # optional; see mcuforge.recipe.quantization
    calibration = "percentile"

    [gates]                     # optional: what `run` fails for; see mcuforge.recipe.gates
    max_flash = "64k"

    [plan]                      # optional; see mcuforge.recipe.memory
    memory = "small"
    input = "rows"

    [search.options]            # optional: what `tune` may choose; see mcuforge.recipe.search
    skip_connections = [true, false]

    [features]                  # optional; see mcuforge.recipe.features
    function = "sirens_features"
    python = "sirens_features.py"
    c = ["sirens_features.c"]
    raw = "int16[2048]"
    scale = 0.125

Paths are relative to the recipe's folder. Of a model that is quantised already, `[model]` names
`tflite` alone, and nothing is converted: there is no `[convert]` or `[quantization]`; the script of
a `[train]` table returns the `.tflite` itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from mcuforge.errors import UsageError
from mcuforge.files import typed_toml
from mcuforge.files.typed_toml import Problem, Table, Text
from mcuforge.recipe import features as front_end
from mcuforge.recipe import gates as bounds
from mcuforge.recipe import labels as class_labels
from mcuforge.recipe import memory as rows
from mcuforge.recipe import quantization as settings
from mcuforge.recipe import search as searches
from mcuforge.recipe.features import Features, FeaturesTable
from mcuforge.recipe.gates import Gates, GatesTable
from mcuforge.recipe.memory import PlanTable
from mcuforge.recipe.quantization import QuantizationSettings, QuantizationTable
from mcuforge.recipe.search import Search, SearchTable

FILE_NAME = "recipe.toml"
SUFFIX = ".toml"

_MAKE = "To make one: mcuforge init MODEL --samples FILE.npz"
KERAS_TABLES = ("convert", "variants", "quantization")  # for a Keras model alone
_NO_KERAS = (
    "{}: names no Keras model (model.keras), only a .tflite, which is quantised already. This "
    "needs the Keras model."
)

Option = bool | int | float | str
_Option = Annotated[Option, Meta(description="must be true, false, a number or a text")]
_Labels = Annotated[
    list[Text] | str,  # not `| Text`: msgspec frees a pattern in such a union twice
    Meta(description="must be a list of texts, or the name of a file with one a line"),
]


class Metric(Enum):
    """How outputs are judged; `NONE` where only the engines' agreement matters."""

    RECONSTRUCTION = "reconstruction"
    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    SEGMENTATION = "segmentation"
    DENOISING = "denoising"
    GENERATION = "generation"
    NONE = "none"


@dataclass(frozen=True)
class Training:
    """How the model is made. `script` defines `train(seed, epochs, on_progress, **options)`."""

    script: Path
    seed: int
    epochs: int
    options: tuple[tuple[str, Option], ...] = ()


@dataclass(frozen=True)
class Recipe:
    """A model and what belongs to it. Every path is absolute; the files may not exist yet.

    `variants` are recipes of the same task that this one is compared with, by what they are called.
    `encoder` is the Keras model whose outputs the model, a decoder, takes; only the decoder is
    deployed. `keras` and `calibration` are None where `tflite` is the model, quantised already.
    `labels` are what the classes of the first output are called, none if not told. `features` makes
    the input of raw samples, on the host and on the device. `borders` tell whether inputs and
    outputs are "whole" or "rows". `memory` is as in `planning.plan_for`,
    None where nothing is said. `search` is what `tune` may choose.
    """

    name: str
    summary: str
    file: Path
    keras: Path | None
    tflite: Path
    calibration: Path | None
    golden: Path
    metric: Metric
    training: Training | None
    quantization: QuantizationSettings
    variants: tuple[tuple[str, Path], ...] = ()
    encoder: Path | None = None
    labels: tuple[str, ...] = ()
    gates: Gates = bounds.NONE
    features: Features | None = None
    memory: str | None = None
    borders: tuple[str | None, str | None] = (None, None)
    search: Search | None = None

    @property
    def folder(self) -> Path:
        """The folder that holds the recipe."""
        return self.file.parent

    def keras_file(self) -> Path:
        """The Keras model. Raises `UsageError` where the recipe has none."""
        if self.keras is None:
            raise UsageError(_NO_KERAS.format(self.file))
        return self.keras

    def calibration_file(self) -> Path:
        """The calibration samples. Raises `UsageError` where the recipe has no Keras model."""
        if self.calibration is None:
            raise UsageError(_NO_KERAS.format(self.file))
        return self.calibration


class ModelTable(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The model's files; without `keras` the `.tflite` is given. `encoder` feeds a decoder."""

    keras: Text | UnsetType = UNSET
    tflite: Text
    encoder: Text | UnsetType = UNSET


class ConvertTable(Table, frozen=True, forbid_unknown_fields=True):
    """What the conversion takes."""

    calibration: Text


class EvaluationTable(Table, frozen=True, forbid_unknown_fields=True):
    """What the model is judged on, and how."""

    golden: Text
    metric: Metric


class TrainTable(Table, frozen=True, forbid_unknown_fields=True):
    """How the model is made; `options` are keyword arguments of the script's `train()`."""

    script: Text
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    epochs: Annotated[int, Meta(ge=1, le=100_000)]
    options: dict[str, _Option] | UnsetType = UNSET


class RecipeFile(Table, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model's recipe. Paths are relative to its folder."""

    name: Text
    summary: Text
    model: ModelTable
    convert: ConvertTable | UnsetType = UNSET
    evaluation: EvaluationTable
    train: TrainTable | UnsetType = UNSET
    labels: _Labels | UnsetType = UNSET
    variants: dict[str, Text] | UnsetType = UNSET
    quantization: QuantizationTable | UnsetType = UNSET
    gates: GatesTable | UnsetType = UNSET
    plan: PlanTable | UnsetType = UNSET
    search: SearchTable | UnsetType = UNSET
    features: FeaturesTable | UnsetType = UNSET


def load(path: Path) -> Recipe:
    """Read a recipe, given the file or the folder that holds it.

    Raises `UsageError` naming the file and all of its problems: keys and what is allowed.
    """
    if path.is_file() and path.suffix != SUFFIX:
        raise UsageError(
            f"{path}: not a model's recipe. Give the model's folder, its recipe (a {SUFFIX} file), "
            "or a .keras file where no recipe is needed."
        )
    file = Path(os.path.realpath(path / FILE_NAME if path.is_dir() else path))
    content = typed_toml.parse(file, f"no such file. A model's folder holds a {FILE_NAME}. {_MAKE}")
    quantization = content.get("quantization", {})
    found = [p for p in typed_toml.problems(content, RecipeFile) if not _is_quantization(p)]
    found += settings.problems(quantization)
    found += _without_keras(content)
    found += bounds.problems(content.get(bounds.TABLE), _metric(content))
    found += searches.problems(content.get(searches.TABLE), _metric(content))
    if found:
        raise typed_toml.error(file, found)
    typed = typed_toml.convert(content, RecipeFile)
    if not isinstance(typed.features, UnsetType):
        found += front_end.problems(typed.features)
    if found:
        raise typed_toml.error(file, found)
    gates, search = content.get(bounds.TABLE, {}), content.get(searches.TABLE)
    return _recipe(file, typed, quantization, gates, search)


def _without_keras(content: dict[str, Any]) -> list[Problem]:
    """What is missing, or has no meaning, as the recipe names a Keras model or does not."""
    model = content.get("model")
    if not isinstance(model, dict):
        return []
    if "keras" in model:
        missing = "convert" not in content
        return [Problem("convert", "is missing; it names the calibration samples")] * missing
    given = [table for table in KERAS_TABLES if table in content]
    if not given:
        return []
    return [Problem("model.keras", f"is missing; [{given[0]}] is for a Keras model")]


def _is_quantization(problem: Problem) -> bool:
    """True for what `settings.problems` finds as well."""
    return problem.key.partition(".")[0] == "quantization"


def _metric(content: dict[str, Any]) -> str:
    """The metric that is written there, if any is."""
    evaluation = content.get("evaluation")
    return str(evaluation.get("metric")) if isinstance(evaluation, dict) else ""


def _recipe(
    file: Path,
    content: RecipeFile,
    quantization: dict[str, Any],
    gates: dict[str, Any],
    search: dict[str, Any] | None,
) -> Recipe:
    folder = file.parent
    train, variants, encoder = content.train, content.variants, content.model.encoder
    return Recipe(
        name=content.name,
        summary=content.summary,
        file=file,
        keras=_below(folder, content.model.keras),
        tflite=folder / content.model.tflite,
        calibration=None
        if isinstance(content.convert, UnsetType)
        else folder / content.convert.calibration,
        golden=folder / content.evaluation.golden,
        metric=content.evaluation.metric,
        training=None if isinstance(train, UnsetType) else _training(folder, train),
        quantization=settings.from_table(str(file), quantization),
        variants=()
        if isinstance(variants, UnsetType)
        else tuple((name, folder / path) for name, path in variants.items()),
        encoder=_below(folder, encoder),
        labels=_labels(file, content.labels, content.evaluation.metric),
        gates=bounds.from_table(folder, gates),
        features=front_end.of(folder, content.features),
        memory=rows.memory(content.plan),
        borders=rows.borders(content.plan),
        search=searches.from_table(search),
    )


def _below(folder: Path, path: str | UnsetType) -> Path | None:
    return None if isinstance(path, UnsetType) else folder / path


def _labels(file: Path, value: list[str] | str | UnsetType, metric: Metric) -> tuple[str, ...]:
    if isinstance(value, UnsetType):
        return ()
    found = class_labels.read(file, value)
    class_labels.check(file, found, metric.value)
    return found


def _training(folder: Path, table: TrainTable) -> Training:
    options = {} if isinstance(table.options, UnsetType) else table.options
    return Training(folder / table.script, table.seed, table.epochs, tuple(options.items()))
