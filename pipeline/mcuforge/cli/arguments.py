"""Arguments that name files: what is not there is bad usage, and what is near it is named."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem
from click.types import StringParamType

from mcuforge import recipe
from mcuforge.cli import completion
from mcuforge.cli.consoles import note
from mcuforge.emit import c_names, manifest
from mcuforge.errors import UsageError
from mcuforge.model_files.kind import Kind, recognise, require_tflite
from mcuforge.recipe import Recipe

Offer = Callable[[str], list[CompletionItem]]
OUTPUT = Path("build")  # where `run` and `emit` write by default


class InputPath(click.Path):
    """A path that is read. Raises `UsageError` (exit code 2) where nothing is there."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, known to exist."""
        path = Path(str(super().convert(value, param, ctx)))
        if not path.exists():
            raise _missing(path, param)
        return path


class SamplesPath(InputPath):
    """A file of samples. A number is somebody who wants so many of them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, known to exist."""
        if isinstance(value, str) and value.isdigit() and not Path(value).exists():
            counts = ctx is not None and any(p.name == "count" for p in ctx.command.params)
            hint = f" How many of them are used is --count {value}." if counts else ""
            raise UsageError(f"--samples is {value}, but it names a file of samples.{hint}")
        return super().convert(value, param, ctx)


class OutputFolder(click.Path):
    """A folder that is written to, and need not exist yet."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, known to be no file."""
        path = Path(str(super().convert(value, param, ctx)))
        for place in (path, *path.parents):
            if place.exists() and not place.is_dir():
                raise UsageError(f"--output {path}: {place} is a file; a folder is to be written.")
        return path


class _Offering:
    """A type whose values the Tab key offers."""

    _offer: Offer

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """What may stand there, for click."""
        return self._offer(incomplete)


class _Word(_Offering, StringParamType):
    """A text that is looked up."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer


class _Place(_Offering, click.Path):
    """A path that a command looks up itself."""

    def __init__(self, offer: Offer) -> None:
        super().__init__(path_type=Path)
        self._offer = offer


class _InputPlace(_Offering, InputPath):
    """A path that is there."""

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self._offer = offer


INPUT = InputPath()
INPUT_MODEL = _InputPlace(completion.models)
MODEL = _Place(completion.models)
PROJECT = _Place(completion.projects)
FIRMWARE = _Place(completion.firmware)
BOARD = _Word(completion.board_names)
CORE = _Word(completion.core_names)
EXAMPLE = _Word(completion.example_names)
STRATEGY = _Word(completion.strategy_names)
OUTPUT_FOLDER = OutputFolder()
SAMPLES = SamplesPath()


@dataclass(frozen=True)
class FoundModel:
    """A `.tflite`, and the recipe that it was found by; None where the file itself was given."""

    tflite: Path
    recipe: Recipe | None = None

    @property
    def name(self) -> str | None:
        """The name in the recipe; None where the file names itself."""
        return self.recipe.name if self.recipe else None


def find_model(model: Path, output: Path = OUTPUT) -> FoundModel:
    """The `.tflite` that MODEL means: the file, the model of a recipe, or what `run` wrote.

    A recipe is given by its folder or its file. Where its own `.tflite` was not made yet, and for a
    name alone, it is the one in `output`, which is said on stderr. Raises `UsageError` where MODEL
    is something else, or is not there.
    """
    if model.exists():
        if recognise(model) is Kind.RECIPE:
            return _of_recipe(model, output)
        require_tflite(model)
        return FoundModel(model)
    written = _written(model.name, output)
    if model.parent == Path() and not model.suffix and written.is_file():
        return FoundModel(_told(model, written))
    raise _missing(model, None, [written] if model.suffix in ("", ".tflite") else ())


def _of_recipe(model: Path, output: Path) -> FoundModel:
    described = recipe.load(model)
    written = _written(described.name, output)
    if described.tflite.exists():
        return FoundModel(described.tflite, described)
    if written.is_file():
        return FoundModel(_told(model, written), described)
    quoted = shlex.quote(str(model))
    raise UsageError(
        f"{described.tflite}: no such file, nor {written}. "
        f"Make it with `mcuforge convert {quoted}`, or `mcuforge run {quoted}`."
    )


def _written(name: str, output: Path) -> Path:
    """The `.tflite` that `run` writes for a model of that name."""
    return output / f"{c_names.identifier(name.removesuffix('.tflite'))}.tflite"


def _told(given: Path, found: Path) -> Path:
    note(f"{given}: taking {found}.")
    return found


def find_project(folder: Path) -> Path:
    """The folder of a firmware project: FOLDER, or for a name alone the one that `run` wrote.

    Raises `UsageError` where there is none, or several of them.
    """
    if folder.exists():
        return folder
    near = [p.parent for p in sorted(OUTPUT.glob(f"*/{manifest.NAME}"))]
    named = [p for p in near if p.name == folder.name or p.name.startswith(f"{folder.name}-")]
    if folder.parent == Path() and len(named) == 1:
        return _told(folder, named[0])
    raise _missing(folder, None, named or near)


def _missing(
    path: Path, param: click.Parameter | None, candidates: Iterable[Path] = ()
) -> UsageError:
    """The error about a path that is not there, with what is there instead."""
    option = param.opts[0] if isinstance(param, click.Option) else ""
    places = (path.name, f"{path.name}.tflite", f"{path.name}.keras")
    possible = [*candidates, *(Path(folder) / place for folder in ("", "models", OUTPUT)
                               for place in places)]  # fmt: skip
    near = list(dict.fromkeys(str(p) for p in possible if p != path and p.exists()))
    hint = f" There is: {', '.join(near)}." if near and not option else ""
    return UsageError(f"{path}: no such file{f' ({option})' if option else ''}.{hint}")
