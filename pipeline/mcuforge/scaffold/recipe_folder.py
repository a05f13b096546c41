"""The files of a recipe's folder, written together or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import UsageError
from mcuforge.files import atomic
from mcuforge.recipe import FILE_NAME, Metric
from mcuforge.scaffold.model_facts import ModelFacts
from mcuforge.wording import escape

Array = npt.NDArray[Any]

MARK = "# Made by mcuforge"
CALIBRATION, GOLDEN = "calibration.npz", "golden.npz"


@dataclass(frozen=True)
class RecipeText:
    """What a recipe says. `comment` stands at its beginning, `reason` beside the metric."""

    name: str
    summary: str
    model: str
    converts: bool
    metric: Metric
    reason: str
    comment: str
    label_names: tuple[str, ...] = ()

    def toml(self) -> str:
        """The recipe as text."""
        given = [f"keras = {_text(self.model)}", 'tflite = "model.tflite"']
        lines = [
            f"{MARK}: {escape.comment(self.comment)}",
            f"name = {_text(self.name)}",
            f"summary = {_text(self.summary)}",
            *(
                [f"labels = [{', '.join(map(_text, self.label_names))}]"]
                if self.label_names
                else []
            ),
            "",
            "[model]",
            *(given if self.converts else [f"tflite = {_text(self.model)}"]),
            *(["", "[convert]", f'calibration = "{CALIBRATION}"'] if self.converts else []),
            "",
            "[evaluation]",
            f'golden = "{GOLDEN}"',
            f"# {escape.comment(self.reason)}",
            f'metric = "{self.metric.value}"',
        ]
        return "\n".join(lines) + "\n"


def check(folder: Path, *, force: bool) -> None:
    """Raise `UsageError` where something of the user's lies in `folder`.

    With `force` a recipe that mcuforge made may be written again.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    ours = is_ours(folder)
    if ours and force:
        return
    advice = (
        "Choose another with -o, or make it again with --force, which loses what was changed in it"
        if ours
        else "Nothing was changed. Choose another with -o"
    )
    what = "holds a recipe that mcuforge made" if ours else "is there, and not made by mcuforge"
    raise UsageError(f"{folder}: {what}. {advice}.")


def is_ours(folder: Path) -> bool:
    """Whether mcuforge made the recipe in `folder`."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            return file.read(len(MARK)) == MARK.encode()
    except OSError:
        return False


def write(
    folder: Path,
    text: RecipeText,
    calibration: Mapping[str, Array] | None,
    golden: Mapping[str, Array],
    model: ModelFacts | None,
) -> None:
    """Write the folder; a copy of `model` lies in it, where one is given.

    Raises `ForgeError` where it cannot be written; nothing is changed then.
    """
    files = {folder / FILE_NAME: text.toml().encode(), folder / GOLDEN: packed(golden)}
    if calibration is not None:
        files[folder / CALIBRATION] = packed(calibration)
    if model is not None:
        files |= _copies(model.path, folder / model.file_name)
    atomic.write_all(files)


def reference(model: Path, folder: Path) -> str:
    """How a recipe in `folder` names a model that stays where it is."""
    try:
        return Path(os.path.relpath(model, folder)).as_posix()
    except ValueError:  # another drive
        return model.absolute().as_posix()


def packed(arrays: Mapping[str, Array]) -> bytes:
    """An `.npz` with the arrays; the same for the same ones."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def _copies(model: Path, target: Path) -> dict[Path, bytes]:
    if model.is_file():
        return {target: model.read_bytes()}
    files = [path for path in sorted(model.rglob("*")) if path.is_file()]
    return {target / path.relative_to(model): path.read_bytes() for path in files}


def _text(text: str) -> str:
    """A string of TOML in one line, of what can be shown."""
    return str(escape.toml_string(text))
