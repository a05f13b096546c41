"""The options of a training script: the keyword arguments of its `train()`, as it declares them.

    def train(seed, epochs, on_progress,
              depth: Annotated[int, Meta(ge=1, le=4)] = 3,
              activation: Literal["relu", "elu"] = "relu",
              separable: bool = False): ...

A type says what is allowed: `bool`, `int`, `float`, `str`, one of these with bounds
(`msgspec.Meta`), or a `Literal`. Without an annotation it is the type of the default.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mcuforge.errors import UsageError
from mcuforge.files import typed_toml
from mcuforge.files.typed_toml import Problem, Table
from mcuforge.recipe import Option

TABLE = "train.options"

_HELD_BY_A_RECIPE = (
    msgspec.inspect.BoolType,
    msgspec.inspect.IntType,
    msgspec.inspect.FloatType,
    msgspec.inspect.StrType,
    msgspec.inspect.LiteralType,
)


def table(function: Callable[..., Any]) -> type[Struct]:
    """What `[train.options]` may hold for a `train()`: a field an option, in its order.

    Raises `UsageError` where the script's annotations name what is not there.
    """
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise UsageError(
            f"{inspect.getsourcefile(function)}: the types of train()'s arguments: {error}."
        ) from error
    kinds = {
        name: hints.get(name, type(parameter.default))
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    fields = [(n, kind | UnsetType, UNSET) for n, kind in kinds.items() if _is_option(kind)]
    return msgspec.defstruct("Options", fields, bases=(Table,), frozen=True)


def checked(
    function: Callable[..., Any], options: Mapping[str, Option], file: str
) -> dict[str, Option]:
    """The options as the function takes them: a whole number given for a `float` becomes one.

    Raises `UsageError` naming the recipe's `file` and all that is wrong.
    """
    kind = table(function)
    found = typed_toml.problems(dict(options), kind, TABLE)
    if found:
        raise typed_toml.error(file, found)
    taken = typed_toml.convert(options, kind)
    return {name: getattr(taken, name) for name in options}


def problems_of_choices(
    function: Callable[..., Any], choices: Mapping[str, Sequence[Option]], key: str
) -> list[Problem]:
    """What is wrong with the values that options may take, each given under `key`."""
    kind = table(function)
    found: list[Problem] = []
    for name, values in choices.items():
        for value in values:
            wrong = typed_toml.problems({name: value}, kind, key)
            found += [problem for problem in wrong if problem not in found]
    return found


def _is_option(kind: Any) -> bool:
    try:
        return isinstance(msgspec.inspect.type_info(kind), _HELD_BY_A_RECIPE)
    except TypeError:
        return False
