"""The options of a training script: the keyword arguments of its `train()`, as it declares them.

    @dataclass(frozen=True)
    class Network:
        depth: Annotated[int, Meta(ge=1, le=4)] = 3
        activation: Literal["relu", "elu"] = "relu"

    def train(seed, epochs, on_progress, network: Network, separable: bool = False): ...

A type says what is allowed: `bool`, `int`, `float`, `str`, one of these with bounds
(`msgspec.Meta`), or a `Literal`. Without an annotation it is the type of the default. An argument
whose type is a dataclass stands for the dataclass's fields: each is an option like the others.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
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


def checked(
    function: Callable[..., Any], options: Mapping[str, Option], file: str
) -> dict[str, Any]:
    """The arguments that the options make: dataclasses filled, a whole number for a `float` one.

    Raises `UsageError` naming the recipe's `file` and all that is wrong.
    """
    found = typed_toml.problems(dict(options), _table(function), TABLE)
    if found:
        raise typed_toml.error(file, found)
    return arguments(function, options)


def arguments(function: Callable[..., Any], options: Mapping[str, Option]) -> dict[str, Any]:
    """The same of those options that the function takes, known to be right."""
    table = _table(function)
    known = {name: options[name] for name in table.__struct_fields__ if name in options}
    taken = typed_toml.convert(known, table)
    values = {name: getattr(taken, name) for name in known}
    made: dict[str, Any] = {}
    for name, kind in _parameters(function):
        if _is_group(kind):
            held = [field.name for field in dataclasses.fields(kind)]
            made[name] = kind(**{field: values.pop(field) for field in held if field in values})
    return made | values


def names(function: Callable[..., Any]) -> list[str]:
    """What the options are called that a function takes."""
    return [name for name, _ in _options(function)]


def problems_of_choices(
    function: Callable[..., Any], choices: Mapping[str, Sequence[Option]], key: str
) -> list[Problem]:
    """What is wrong with the values that options may take, each given under `key`."""
    table = _table(function)
    found: list[Problem] = []
    for name, values in choices.items():
        for value in values:
            wrong = typed_toml.problems({name: value}, table, key)
            found += [problem for problem in wrong if problem not in found]
    return found


def _table(function: Callable[..., Any]) -> type[Struct]:
    """What `[train.options]` may hold for a function: a field an option, in its order."""
    fields = [(name, kind | UnsetType, UNSET) for name, kind in _options(function)]
    return msgspec.defstruct("Options", fields, bases=(Table,), frozen=True)


def _options(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Name and type of each option."""
    for name, kind in _parameters(function):
        if _is_group(kind):
            yield from ((n, k) for n, k in _hints(kind).items() if _is_option(k))
        elif _is_option(kind):
            yield name, kind


def _parameters(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Name and type of the arguments that have a default, or are a dataclass."""
    hints = _hints(function)
    for name, parameter in inspect.signature(function).parameters.items():
        kind = hints.get(name, type(parameter.default))
        if parameter.default is not inspect.Parameter.empty or _is_group(kind):
            yield name, kind


def _hints(function: Any) -> dict[str, Any]:
    """Annotations with their bounds. Raises `UsageError` where one names what is not there."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        file = inspect.getsourcefile(function)
        raise UsageError(f"{file}: the types of {function.__name__}: {error}.") from error


def _is_group(kind: Any) -> bool:
    """Whether an argument of this type stands for several options."""
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


def _is_option(kind: Any) -> bool:
    try:
        return isinstance(msgspec.inspect.type_info(kind), _HELD_BY_A_RECIPE)
    except TypeError:
        return False
