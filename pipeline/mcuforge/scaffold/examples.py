"""Models that come with mcuforge, as folders to start from.

They are model folders of the repository; the wheel holds some of them. What is written is what a
recipe needs: without the variants that it is compared with, and, quantised, without what makes it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from mcuforge import recipe
from mcuforge.errors import UsageError
from mcuforge.files import atomic, paths
from mcuforge.recipe import FILE_NAME, KERAS_TABLES, Recipe

_SOURCES = (".py", ".c", ".h")  # what trains a model, and what makes its features
_MAKES_IT = (*KERAS_TABLES, "train", "search")  # tables without a meaning once it is quantised
_TABLE = re.compile(r"\[+\s*([\w-]+)")
_KEY = re.compile(r"(\w+)\s*=")


@dataclass(frozen=True)
class Example:
    """A model that can be written into a folder."""

    name: str
    summary: str
    metric: str


def listed() -> list[Example]:
    """The examples that there are."""
    folders = sorted(paths.data_dir("models").glob(f"*/{FILE_NAME}"))
    loaded = (recipe.load(file) for file in folders)
    return [Example(r.name, r.summary, r.metric.value) for r in loaded]


def write(name: str, folder: Path, *, quantized: bool = False) -> tuple[Path, ...]:
    """Write an example's files into a new folder, and say which.

    With `quantized` its model is the `.tflite` alone, which needs no TensorFlow to run. Raises
    `UsageError` where there is no such example or `folder` exists, `ForgeError` where it cannot be
    written.
    """
    names = [example.name for example in listed()]
    if name not in names:
        raise UsageError(f"there is no example '{name}'. Choose one of: {', '.join(names)}.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: is there already. Name another folder with -o.")
    source = recipe.load(paths.data_dir("models") / name)
    left_out = {"variants", *(_MAKES_IT if quantized else ())}
    text = _without(source.file.read_text(encoding="utf-8"), left_out, keras=not quantized)
    files = {folder / path.relative_to(source.folder): path.read_bytes()
             for path in _files(source, quantized)}  # fmt: skip
    atomic.write_all({folder / FILE_NAME: text.encode(), **files})
    return (folder / FILE_NAME, *files)


def _files(source: Recipe, quantized: bool) -> Iterator[Path]:
    made = (source.keras, source.calibration, source.encoder)
    yield from (path for path in (source.golden, source.tflite) if path.is_file())
    yield from (path for path in made if path is not None and not quantized)
    if source.features is not None or not quantized:
        yield from sorted(p for p in source.folder.iterdir() if p.suffix in _SOURCES)


def _without(text: str, tables: Collection[str], *, keras: bool) -> str:
    """A recipe's text without these tables, and without the path of its schema.

    Without `keras` the model's table names the `.tflite` alone.
    """
    kept: list[str] = []
    table = ""
    for line in text.splitlines():
        if header := _TABLE.match(line):
            table = header[1]
        key = _KEY.match(line)
        of_keras = not keras and table == "model" and key and key[1] in ("keras", "encoder")
        if not (table in tables or of_keras or line.startswith("#:schema")):
            kept.append(line)
    return "\n".join(kept).rstrip() + "\n"
