"""The options that say what a run must keep to: each a bound, or an earlier run to compare with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from mcuforge import recipe
from mcuforge.cli.sizes import FINITE, NUMBER, PERCENT, SIZE
from mcuforge.documents.run import RunDocument
from mcuforge.errors import UsageError
from mcuforge.model_files.kind import Kind, recognise
from mcuforge.recipe import metric_names
from mcuforge.recipe.gates import Bounds, Gates
from mcuforge.report import earlier

F = TypeVar("F", bound=Callable[..., Any])
_COSTS = (
    click.option("--max-flash", metavar="SIZE", type=SIZE, help="Fail above: 64k, 1M."),
    click.option(
        "--max-ram", metavar="SIZE", type=SIZE,
        help="Plan for so much RAM, row by row where need be, and fail above: 32k.",
    ),
    click.option(
        "--max-instructions", metavar="N", type=NUMBER,
        help="Fail above: instructions of one inference, such as 5M.",
    ),
    click.option(
        "--max-cycles", metavar="N", type=NUMBER,
        help="Fail above: cycles of one inference, measured on a board, else estimated.",
    ),
    click.option(
        "--max-difference", metavar="N", type=click.FloatRange(0),
        help="Fail where TFLM and LiteRT's reference kernels differ by more than N steps of an "
        "output; by default more than 3 is a warning.",
    ),
    click.option(
        "--baseline", metavar="FILE|RUN",
        help="Fail where more grew than --max-growth allows since this report.json, folder of one, "
        "or run of the output folder by its number.",
    ),
    click.option(
        "--max-growth", metavar="PERCENT", type=PERCENT,
        help="Of flash, RAM and instructions, and loss of accuracy [0%].",
    ),
)  # fmt: skip
_ACCURACY = (
    click.option(
        "--min-accuracy", metavar="X", type=FINITE,
        help="Fail below: the main metric on the device (AUC, accuracy, R², mean IoU, PSNR).",
    ),
    click.option("--min-metric", metavar="NAME=X", multiple=True, help="Fail below: auc=0.9."),
    click.option("--max-metric", metavar="NAME=X", multiple=True, help="Fail above: mse=0.01."),
    click.option("--no-gates", is_flag=True, help="Without the recipe's [gates]."),
)  # fmt: skip


@dataclass(frozen=True)
class Demand:
    """What one report must keep to. `baseline` is the document that the gates name."""

    gates: Gates
    baseline: RunDocument | None = None


@dataclass(frozen=True)
class Asked:
    """What the options ask of every model; `of_recipes`: recipes are asked as well."""

    gates: Gates
    of_recipes: bool

    def of(self, model: Path, output: Path) -> Demand:
        """What a model must keep to. Raises `UsageError` where its baseline cannot be read."""
        bounds = self.gates
        if self.of_recipes and recognise(model) is Kind.RECIPE:
            bounds = recipe.load(model).gates.overridden(bounds)
        if bounds.baseline is None:
            if bounds.max_growth is not None:
                raise UsageError("--max-growth needs a --baseline: growth from what?")
            return Demand(bounds)
        return Demand(bounds, earlier.load(earlier.find(bounds.baseline, output)))


def gate_options(*, accuracy: bool) -> Callable[[F], F]:
    """The options, given to the command as one, `asked`; without `accuracy` those of costs alone.

    Without `accuracy` recipes are not asked, either.
    """

    def with_options(function: F) -> F:
        @wraps(function)
        def collecting(*arguments: Any, **options: Any) -> Any:
            asked = Asked(_gates(options), accuracy and not options.pop("no_gates"))
            return function(*arguments, asked=asked, **options)

        made: Any = collecting
        for option in reversed((*_COSTS, *(_ACCURACY if accuracy else ()))):
            made = option(made)
        return made  # type: ignore[no-any-return]

    return with_options


def _gates(options: dict[str, Any]) -> Gates:
    """The bounds among the options, which are taken out of them."""
    return Gates(
        max_flash=options.pop("max_flash"),
        max_ram=options.pop("max_ram"),
        max_instructions=options.pop("max_instructions"),
        max_cycles=options.pop("max_cycles"),
        max_difference=options.pop("max_difference"),
        baseline=options.pop("baseline"),
        max_growth=options.pop("max_growth"),
        min_accuracy=options.pop("min_accuracy", None),
        min_metric=_bounds("--min-metric", options.pop("min_metric", ()), lower=True),
        max_metric=_bounds("--max-metric", options.pop("max_metric", ()), lower=False),
    )


def _bounds(option: str, given: tuple[str, ...], *, lower: bool) -> Bounds:
    found: dict[str, float] = {}
    for text in given:
        name, equals, number = (part.strip() for part in text.partition("="))
        if not (name and equals and number):
            raise UsageError(f"{option} {text}: write NAME=X, such as auc=0.9.")
        problem = metric_names.problem_with_bound(name, lower=lower)
        if problem is not None:
            raise UsageError(f"{option} {text}: {problem}.")
        found[name] = FINITE.convert(number, None, None)
    return tuple(found.items())
