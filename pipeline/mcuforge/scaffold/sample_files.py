"""Samples and labels as people save them: which array of which file is meant.

Names that a model or this project gives to arrays come first; then what is the only array, or the
only one that fits the model's input.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ForgeError, UsageError
from mcuforge.files import untrusted
from mcuforge.model_files.keras_inputs import DeclaredInput
from mcuforge.samples import array_files
from mcuforge.scaffold import shapes

Array = npt.NDArray[Any]

_LABELS = re.compile(
    r"(?:(?:train|test|val\w*)[_-])?(?:y|labels?|targets?|masks?|clean|classes)(?:[_-]\w+)?",
    re.IGNORECASE,
)
# Parts of a data set, as arrays are called: x_train, x_val, x_test. The last was least seen.
_PARTS = ("test", "val", "valid", "validation")
_TEXT_SUFFIXES = (".txt", ".csv", ".tsv")
_TEXT_BYTES = 64 << 20


@dataclass(frozen=True, eq=False)
class GivenLabels:
    """Labels of N samples, as they are saved: numbers or texts [N, ...].

    `name` is what their array is called, `where` says in words where they come from.
    """

    values: Array
    name: str
    where: str


@dataclass(frozen=True, eq=False)
class GivenInputs:
    """The array [N, ...] of each input of a model, as it is saved, and what each is called.

    `chosen_of` names the arrays that an only input was chosen from, where there were several.
    """

    arrays: dict[str, Array]
    names: tuple[str, ...]
    chosen_of: tuple[str, ...] = ()


def read_inputs(path: Path, inputs: Sequence[DeclaredInput]) -> GivenInputs:
    """The array of each input; `inputs` is empty where the model's file does not tell them.

    Raises `UsageError` where the file is missing or damaged, or it is not clear what is meant.
    """
    names = tuple(declared.name for declared in inputs)
    there = array_files.array_names(path)
    possible: list[str] = []
    if there is None:  # a .npy file
        chosen = [array_files.ONLY]
        if len(names) > 1:
            array_files.read_inputs(path, names)  # says what is missing
    else:
        chosen, possible = _chosen(path, there, inputs, names)
    called = names if len(names) > 1 else (array_files.ONLY,)
    arrays = {
        call: array_files.read_array(path, name)
        for call, name in zip(called, chosen, strict=True)
    }  # fmt: skip
    return GivenInputs(arrays, tuple(chosen), tuple(possible) if len(possible) > 1 else ())


def read_labels(path: Path) -> GivenLabels:
    """The labels in a file: its only array, or that which is called as labels are.

    A text file holds a label a line. Raises `UsageError` where the file is missing or damaged, or
    it is not clear what is meant.
    """
    if path.suffix.lower() in _TEXT_SUFFIXES:
        return GivenLabels(_read_text(path), "labels", str(path))
    there = array_files.array_names(path)
    if there is None:
        return GivenLabels(_read(path, array_files.ONLY), "", str(path))
    named = [name for name in there if are_labels(name)]
    chosen = there if len(there) == 1 else named
    if len(chosen) != 1:
        raise UsageError(
            f"{path}: holds {_listed(there)}; which are the labels? Save them alone, or as an "
            "array named 'labels'."
        )
    return GivenLabels(_read(path, chosen[0]), chosen[0], f"'{chosen[0]}' of {path}")


def labels_beside(path: Path, given: GivenInputs) -> GivenLabels | None:
    """Labels that lie in the same file as the inputs, if there is one array called as they are."""
    rest = [n for n in array_files.array_names(path) or () if n not in given.names]
    named = [n for n in rest if are_labels(n)] or [n for n in rest if n == "arr_1"]
    if len(named) > 1:
        named = [n for n in named if _part(n) == _part(given.names[0])]
    if len(named) != 1:
        return None
    return GivenLabels(_read(path, named[0]), named[0], f"'{named[0]}' of {path}")


def are_labels(name: str) -> bool:
    """Whether an array of this name holds labels."""
    return _LABELS.fullmatch(name) is not None


def _part(name: str) -> str | None:
    """Which part of a data set an array's name tells of; None for training, or where none."""
    words = re.split(r"[^a-z]+", name.lower())
    return next((part for part in _PARTS if part in words), None)


def _chosen(
    path: Path, there: Sequence[str], inputs: Sequence[DeclaredInput], names: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The array of each input, and all that an only one may have been.

    Of several parts of a data set that is the one for tests: the model did not learn from it.
    """
    try:
        chosen = array_files.choose(path, there, names)
    except UsageError:
        possible = [name for name in there if not are_labels(name)]
        if len(names) > 1:
            raise
        if len(possible) > 1 and inputs:
            held = array_files.array_shapes(path)
            possible = [n for n in possible if shapes.may_fit(held[n][1:], inputs[0].shape)]
        if len(possible) == 1:
            return possible, possible
        for part in _PARTS:
            chosen = [name for name in possible if _part(name) == part]
            if len(chosen) == 1:
                return chosen, possible
        raise
    return chosen, chosen


def _read(path: Path, name: str) -> Array:
    try:
        return array_files.read_array(path, name)
    except ForgeError as error:
        if "allow_pickle" not in str(error):
            raise
        raise UsageError(
            f"{path}: holds Python objects. Save names as text: numpy.array(names, dtype=str)."
        ) from error


def _read_text(path: Path) -> Array:
    """A label a line: numbers where all are, in columns where commas part them; else names."""
    try:
        text = untrusted.read(path, _TEXT_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as text ({error}).") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise UsageError(f"{path}: holds no labels.")
    rows = [[cell.strip() for cell in re.split(r"[,;\t]", line)] for line in lines]
    table = _numbers(rows)
    if table is not None:
        return table[:, 0] if table.shape[1] == 1 else table
    if path.suffix.lower() == ".txt" or all(len(row) == 1 for row in rows):
        return np.array(lines, dtype=str)
    raise UsageError(
        f"{path}: its lines hold several columns, not all of numbers or not all as many. Give a "
        "label a line, without a heading."
    )


def _numbers(rows: Sequence[Sequence[str]]) -> Array | None:
    try:
        return np.array(rows, np.float64)
    except ValueError:  # names, or lines of different lengths
        return None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "no arrays"


def lengths(arrays: Mapping[str, Array]) -> int:
    """How many samples there are. Raises `UsageError` where the inputs disagree."""
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count} of '{name}'" for name, count in counts.items())
        raise UsageError(f"as many samples are needed for each input; here are {told}.")
    return next(iter(counts.values()))
