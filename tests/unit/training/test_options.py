"""Options of a training script: what its `train()` declares is what a recipe may hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from mcuforge.errors import UsageError
from mcuforge.files.typed_toml import Problem
from mcuforge.training import options


@dataclass(frozen=True)
class Network:
    """What a script builds."""

    depth: Annotated[int, Meta(ge=1, le=4)] = 3
    activation: Literal["relu", "elu"] = "relu"


def train(
    seed: int,
    epochs: int,
    on_progress: Callable[[int, int], None],
    network: Network,
    noise: Annotated[float, Meta(ge=0, le=100)] = 0.0,
    share: Annotated[float, Meta(gt=0, le=1)] = 1.0,
    rate: float = 0.1,
    separable: bool = False,
    unannotated=5,  # type: ignore[no-untyped-def]
    helper: Callable[[], None] | None = None,
) -> None:
    """What a script declares."""


def test_allowed_values_are_taken_as_declared() -> None:
    given = {"depth": 2, "noise": 25, "separable": True, "unannotated": 7}
    taken = options.checked(train, given, "recipe.toml")
    assert taken.pop("network") == Network(2, "relu")
    assert taken == {"noise": 25.0, "separable": True, "unannotated": 7}
    assert isinstance(taken["noise"], float)
    assert options.checked(train, {}, "recipe.toml") == {"network": Network()}


def test_a_function_is_given_those_that_it_takes() -> None:
    def untrained(network: Network) -> None:
        pass

    made = options.arguments(untrained, {"activation": "elu", "noise": 25})
    assert made == {"network": Network(activation="elu")}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"depth": 5}, "depth: is 5; it must be a whole number in 1 ... 4."),
        ({"depth": True}, "depth: is true; it must be a whole number in 1 ... 4."),
        ({"depth": 2.5}, "depth: is 2.5; it must be a whole number in 1 ... 4."),
        ({"noise": -1}, "noise: is -1; it must be a number in 0 ... 100."),
        ({"noise": float("nan")}, "noise: is nan; it must be a number in 0 ... 100."),
        ({"share": 0}, "share: is 0; it must be a number above 0, at most 1."),
        ({"rate": "fast"}, "rate: is 'fast'; it must be a number."),
        ({"activation": "gelu"}, "activation: is 'gelu'; it must be one of: 'elu', 'relu'."),
        ({"separable": 1}, "separable: is 1; it must be true or false."),
        ({"unannotated": "x"}, "unannotated: is 'x'; it must be a whole number."),
        (
            {"dept": 3},
            "dept: unknown key (did you mean 'depth'?); allowed here: 'depth', 'activation', "
            "'noise', 'share', 'rate', 'separable', 'unannotated'.",
        ),
        ({"seed": 3}, "seed: unknown key"),
        ({"network": 3}, "network: unknown key"),
        ({"helper": 3}, "helper: unknown key"),
    ],
)
def test_others_are_refused_in_words(given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        options.checked(train, given, "recipe.toml")
    assert caught.value.message.startswith(f"recipe.toml: train.options.{told}")


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        options.checked(train, {"depth": 9, "dropout": 0.5, "separable": 0}, "recipe.toml")
    message = caught.value.message
    assert message.startswith("recipe.toml: 3 problems:\n")
    for name in ("depth", "dropout", "separable"):
        assert f"train.options.{name}: " in message


def test_choices_of_a_search_are_checked_one_by_one() -> None:
    choices = {"depth": [1, 2, 7], "dropout": [0.1, 0.2], "activation": ["relu", "elu"]}
    first, second = options.problems_of_choices(train, choices, "search.options")
    assert first == Problem("search.options.depth", "is 7; it must be a whole number in 1 ... 4")
    assert second.key == "search.options.dropout" and "unknown key" in second.text


def test_an_annotation_that_names_nothing_is_told() -> None:
    def misspelt(seed: int, width: Widht = 3) -> None:  # type: ignore[name-defined] # noqa: F821
        pass

    with pytest.raises(UsageError, match=r"test_options\.py: .*'Widht' is not defined"):
        options.checked(misspelt, {}, "recipe.toml")
