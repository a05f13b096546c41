"""The options that say what labels are and mean, shared by `init` and `run`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from mcuforge.cli.arguments import INPUT
from mcuforge.recipe import Metric
from mcuforge.scaffold import RecipeOptions

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class LabelOptions:
    """The file of labels, and what was said about samples and labels; None where nothing was."""

    file: Path | None = None
    metric: Metric | None = None
    label_names: tuple[str, ...] = ()
    normal: str | None = None
    divide_by: float | None = None

    def recipe(self, **more: Any) -> RecipeOptions:
        """The same with other options."""
        return RecipeOptions(
            metric=self.metric,
            label_names=self.label_names,
            normal=self.normal,
            divide_by=self.divide_by,
            **more,
        )


_METRICS = [metric.value for metric in Metric]
_OPTIONS = (
    click.option(
        "--labels", type=INPUT, metavar="FILE",
        help="What is true of each sample: class numbers or names, one-hot rows, masks, numbers; "
        "an .npz or .npy file, or a text with one a line.",
    ),
    click.option(
        "--metric", type=click.Choice(_METRICS), metavar="METRIC",
        help=f"How outputs are judged: {', '.join(_METRICS[:-1])} or {_METRICS[-1]} [guessed].",
    ),
    click.option(
        "--label-names", metavar="A,B,...", help="The classes in the order of the outputs."
    ),
    click.option(
        "--normal", metavar="LABEL", help="Which label is no anomaly [0, or 'normal', ...]."
    ),
    click.option(
        "--divide-by", metavar="X", type=click.FloatRange(0, min_open=True),
        help="Divide the samples, as pixels by 255 for a model that takes 0 ... 1.",
    ),
)  # fmt: skip


def label_options(function: F) -> F:
    """The options, given to the command as one argument `labels`."""

    @wraps(function)
    def gathering(
        *arguments: Any, labels: Path | None, metric: str | None, label_names: str | None,
        normal: str | None, divide_by: float | None, **rest: Any,
    ) -> Any:  # fmt: skip
        names = tuple(name.strip() for name in (label_names or "").split(",") if name.strip())
        chosen = Metric(metric) if metric else None
        given = LabelOptions(labels, chosen, names, normal, divide_by)
        return function(*arguments, labels=given, **rest)

    made: Any = gathering
    for option in reversed(_OPTIONS):
        made = option(made)
    return made  # type: ignore[no-any-return]
