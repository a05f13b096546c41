"""`recipe.toml`: what belongs to a model, typed, unknown keys refused.

    name = "autoencoder"
    summary = "finds defects in brickwork"

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

    [quantization]              # optional; see mcuforge.quantization.settings
    calibration = "percentile"

Paths are relative to the recipe's folder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from mcuforge.errors import UsageError
from mcuforge.quantization import settings
from mcuforge.quantization.settings import QuantizationSettings

FILE_NAME = "recipe.toml"

Option = bool | int | float | str


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
    deployed.
    """

    name: str
    summary: str
    file: Path
    keras: Path
    tflite: Path
    calibration: Path
    golden: Path
    metric: Metric
    training: Training | None
    quantization: QuantizationSettings
    variants: tuple[tuple[str, Path], ...] = ()
    encoder: Path | None = None

    @property
    def folder(self) -> Path:
        """The folder that holds the recipe."""
        return self.file.parent


def load(path: Path) -> Recipe:
    """Read a recipe, given the file or the folder that holds it.

    Raises `UsageError` naming file, key and allowed values.
    """
    file = (path / FILE_NAME if path.is_dir() else path).resolve()
    top = _Table(file, "", _parse(file))
    top.allow(
        "name", "summary", "model", "convert", "evaluation", "train", "variants", "quantization"
    )
    model = top.table("model").allow("keras", "encoder", "tflite")
    conversion = top.table("convert").allow("calibration")
    evaluation = top.table("evaluation").allow("golden", "metric")
    return Recipe(
        name=top.text("name"),
        summary=top.text("summary"),
        file=file,
        keras=model.path("keras"),
        tflite=model.path("tflite"),
        calibration=conversion.path("calibration"),
        golden=evaluation.path("golden"),
        metric=Metric(evaluation.choice("metric", [m.value for m in Metric])),
        training=_training(top.table("train")) if "train" in top.content else None,
        quantization=settings.from_table(str(file), top.table("quantization").content)
        if "quantization" in top.content
        else settings.DEFAULT,
        variants=_variants(top.table("variants")) if "variants" in top.content else (),
        encoder=model.path("encoder") if "encoder" in model.content else None,
    )


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{file}: no such file. A model's folder holds a {FILE_NAME}.") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not valid TOML ({error}).") from None


def _training(table: _Table) -> Training:
    table.allow("script", "seed", "epochs", "options")
    return Training(
        script=table.path("script"),
        seed=table.integer("seed", 0, 2**32 - 1),
        epochs=table.integer("epochs", 1, 100_000),
        options=_options(table.table("options")) if "options" in table.content else (),
    )


def _options(table: _Table) -> tuple[tuple[str, Option], ...]:
    return tuple((key, table.scalar(key)) for key in table.content)


def _variants(table: _Table) -> tuple[tuple[str, Path], ...]:
    """Names are shown, so they are printable; files exist only once they are compared."""
    for name in table.content:
        if not name.strip() or not name.isprintable():
            raise table.error(repr(name), "must be one line of text")
    return tuple((name, table.path(name)) for name in table.content)


@dataclass(frozen=True)
class _Table:
    """One table of the file; every getter raises `UsageError` that names file and key."""

    file: Path
    name: str
    content: Mapping[str, Any]

    def allow(self, *keys: str) -> _Table:
        unknown = sorted(set(self.content) - set(keys))
        if unknown:
            raise self.error(unknown[0], f"unknown key; allowed here: {_listed(keys)}")
        return self

    def table(self, key: str) -> _Table:
        value = self._required(key)
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table, written as [{self._path(key)}]")
        return _Table(self.file, self._path(key), value)

    def text(self, key: str) -> str:
        value = self._required(key)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise self.error(key, "must be one line of text, in quotes")
        return value

    def path(self, key: str) -> Path:
        return self.file.parent / self.text(key)

    def integer(self, key: str, low: int, high: int) -> int:
        value = self._required(key)
        if type(value) is not int or not low <= value <= high:  # bool is an int
            raise self.error(key, f"must be a whole number in {low} ... {high}, not {value!r}")
        return value

    def scalar(self, key: str) -> Option:
        value = self._required(key)
        if not isinstance(value, Option):
            raise self.error(key, "must be true, false, a number or a text")
        return value

    def choice(self, key: str, allowed: Iterable[str]) -> str:
        value = self._required(key)
        if value not in list(allowed):
            raise self.error(key, f"is {value!r}; allowed: {_listed(allowed)}")
        return str(value)

    def _required(self, key: str) -> Any:
        if key not in self.content:
            raise self.error(key, "is missing")
        return self.content[key]

    def error(self, key: str, problem: str) -> UsageError:
        return UsageError(f"{self.file}: {self._path(key)}: {problem}.")

    def _path(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{v}'" for v in values)
