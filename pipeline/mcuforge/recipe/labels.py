"""What a model's classes are called: a list in the recipe, or a text file with one a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mcuforge.errors import UsageError
from mcuforge.files import untrusted
from mcuforge.frontend.graph import Graph

METRICS = ("classification", "segmentation", "none")  # those whose outputs are classes, or may be
_MOST = 10_000
_LONGEST = 100  # characters


def read(file: Path, value: Sequence[str] | str) -> tuple[str, ...]:
    """The labels that `value` of the recipe `file` lists, or that the text file it names holds.

    Raises `UsageError` where that file cannot be read.
    """
    if not isinstance(value, str):
        return tuple(value)
    path = file.parent / value
    try:
        text = untrusted.read(path).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file}: labels: {path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: labels: {path} is no text in UTF-8.") from None
    return tuple(line.strip() for line in text.rstrip().splitlines())


def check(file: Path, labels: Sequence[str], metric: str) -> None:
    """Raise `UsageError` where texts cannot name the classes of a model judged by `metric`."""
    problem = _problem(labels, metric)
    if problem:
        raise UsageError(f"{file}: labels: {problem}.")


def _problem(labels: Sequence[str], metric: str) -> str | None:
    if metric not in METRICS:
        return f"metric '{metric}' has no classes to name; they are for {', '.join(METRICS)}"
    if not 2 <= len(labels) <= _MOST:
        return f"there are {len(labels):,}; it takes 2 to {_MOST:,}, one for each class"
    for number, label in enumerate(labels):
        if not label.strip() or not label.isprintable() or len(label) > _LONGEST:
            return (
                f"number {number} is {label[:_LONGEST]!r}; it must be one line of text of at most "
                f"{_LONGEST} characters"
            )
    twice = [label for label, count in Counter(labels).items() if count > 1]
    return f"{twice[0]!r} is there twice" if twice else None


def check_classes(file: Path, labels: Sequence[str], graph: Graph) -> None:
    """Raise `UsageError` where the model's first output has another number of classes.

    Classes lie along its last axis; a single probability has two, the first of which is "no".
    """
    shape = graph.tensor(graph.outputs[0]).shape
    classes = max(shape[-1] if shape else 1, 2)
    if labels and len(labels) != classes:
        raise UsageError(
            f"{file}: labels: there are {len(labels)}, but the model's output of shape "
            f"{list(shape)} has {classes} classes. Give one label for each, in their order."
        )
