"""What trials try: drawn ahead, generation by generation, the same wherever the trials run.

A generation is drawn at once, from what came of all generations but the one before it, which may
still be at work then: workers need not wait for the slowest of a generation. What is drawn depends
on the seed and on outcomes alone, never on who was faster. Optuna's sampler of tree-structured
Parzen estimators (TPE) draws; it knows several objectives, conditional choices, and constraints,
which tell it of budgets.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcuforge.recipe.search import Choice, Option
from mcuforge.search.figures import Budgets, Objective
from mcuforge.search.ledger import directions
from mcuforge.search.record import COMPLETE, FAILED, PRUNED, Record

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

_ATTEMPTS = 50  # at something that was not tried yet
_MOST_LISTED = 20_000  # combinations that are listed where drawing finds no new one
Params = dict[str, Option]
IsValid = Callable[[Params], bool]


@dataclass(frozen=True)
class Drawn:
    """What a trial is to try, and out of what each value was drawn, for the storage."""

    params: Params
    distributions: Mapping[str, BaseDistribution]


def generation_of(number: int, size: int) -> int:
    """The generation of a trial."""
    return number // size


def known_before(number: int, size: int) -> int:
    """How many trials are over, whatever happens, before a trial is drawn or begins."""
    return max(generation_of(number, size) - 1, 0) * size


def generation(
    choices: Sequence[Choice],
    objectives: Sequence[Objective],
    budgets: Budgets,
    records: Sequence[Record],
    size: int,
    seed: int,
    is_valid: IsValid,
) -> list[Drawn]:
    """What is next after `records`: the rest of a generation of `size` trials, or a whole one.

    It is drawn whole always, so that it does not matter in how many goes a search was made. Fewer
    where nothing is left that was not tried already, and is valid.
    """
    begin = len(records) // size * size
    known = records[: known_before(begin, size)]
    study = _study(choices, objectives, budgets, known, _mixed(seed, begin))
    tried = {_key(each.params) for each in records[:begin]}
    found: list[Drawn] = []
    for number in range(begin, begin + size):
        drawn = _new(study, choices, tried, is_valid, _mixed(seed, number))
        if drawn is None:
            break
        tried.add(_key(drawn.params))
        found.append(drawn)
    return found[len(records) - begin :]


def combinations(choices: Sequence[Choice]) -> Iterator[Params]:
    """Every combination where no choice is a range of real numbers; else none."""
    listed = [_values(choice) for choice in choices]
    if any(values is None for values in listed):
        return
    seen: set[str] = set()
    for values in itertools.product(*(v for v in listed if v is not None)):
        params: Params = {}
        for choice, value in zip(choices, values, strict=True):
            if choice.is_made(params):
                params[choice.name] = value
        key = _key(params)
        if key not in seen:
            seen.add(key)
            yield params


def _values(choice: Choice) -> Sequence[Option] | None:
    if choice.values:
        return choice.values
    if isinstance(choice.low, int) and isinstance(choice.high, int):
        step = int(choice.step or 1)
        return range(choice.low, choice.high + 1, step)
    return None


def _mixed(seed: int, number: int) -> int:
    """A seed for a part of a search."""
    return random.Random(f"{seed}/{number}").getrandbits(32)  # noqa: S311  no secret


def _key(params: Mapping[str, Option]) -> str:
    return json.dumps(params, sort_keys=True)


def _new(
    study: Study, choices: Sequence[Choice], tried: set[str], is_valid: IsValid, seed: int
) -> Drawn | None:
    """Something that was not tried yet; None where there is no more."""
    from optuna.trial import TrialState

    for _ in range(_ATTEMPTS):
        trial = study.ask()
        params = _asked(trial, choices)
        if _key(params) not in tried and is_valid(params):
            return Drawn(params, trial.distributions)
        study.tell(trial, state=TrialState.FAIL)
    left = [
        params
        for params in itertools.islice(combinations(choices), _MOST_LISTED)
        if _key(params) not in tried and is_valid(params)
    ]
    if not left:
        return None
    params = random.Random(seed).choice(left)  # noqa: S311  no secret
    return Drawn(params, {c.name: _distribution(c) for c in choices if c.name in params})


def _asked(trial: Trial, choices: Sequence[Choice]) -> Params:
    params: Params = {}
    for choice in choices:
        if choice.is_made(params):
            params[choice.name] = _suggested(trial, choice)
    return params


def _suggested(trial: Trial, choice: Choice) -> Option:
    from optuna.distributions import FloatDistribution, IntDistribution

    distribution = _distribution(choice)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            choice.name, distribution.low, distribution.high,
            step=distribution.step, log=distribution.log,
        )  # fmt: skip
    if isinstance(distribution, FloatDistribution):
        return trial.suggest_float(
            choice.name, distribution.low, distribution.high,
            step=distribution.step, log=distribution.log,
        )  # fmt: skip
    value = trial.suggest_categorical(choice.name, choice.values)
    assert value is not None
    return value


def _distribution(choice: Choice) -> BaseDistribution:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if choice.values:
        return CategoricalDistribution(choice.values)
    if isinstance(choice.low, int) and isinstance(choice.high, int):
        step = int(choice.step or 1)
        high = choice.high - (choice.high - choice.low) % step
        return IntDistribution(choice.low, high, log=choice.log, step=step)
    return FloatDistribution(choice.low, choice.high, log=choice.log, step=choice.step)


def _study(
    choices: Sequence[Choice],
    objectives: Sequence[Objective],
    budgets: Budgets,
    known: Sequence[Record],
    seed: int,
) -> Study:
    """A study in memory that holds what is known, whose sampler begins with the seed."""
    import optuna

    study = optuna.create_study(
        directions=directions(objectives),
        sampler=optuna.samplers.TPESampler(seed=seed),
    )
    distributions = {choice.name: _distribution(choice) for choice in choices}
    study.add_trials([_known(each, distributions, objectives, budgets) for each in known])
    return study


def _known(
    each: Record,
    distributions: Mapping[str, BaseDistribution],
    objectives: Sequence[Objective],
    budgets: Budgets,
) -> FrozenTrial:
    """A trial that is over, for the sampler: what broke a budget, by how much; what failed."""
    from optuna.trial import TrialState, create_trial

    outcome = each.outcome
    assert outcome is not None
    settled: dict[str, Any] = {
        "params": dict(each.params),
        "distributions": {name: distributions[name] for name in each.params},
    }
    if outcome.end == FAILED:
        return create_trial(state=TrialState.PRUNED, constraints={"failed": 1.0}, **settled)
    excess = budgets.excess({**outcome.forecast, **outcome.costs})
    if outcome.end != COMPLETE:
        # given up: no budget is broken, but one that is cut breaks one
        broken = {} if outcome.end == PRUNED else excess
        return create_trial(state=TrialState.PRUNED, constraints=broken, **settled)
    values = outcome.values()
    return create_trial(values=[values[o.name] for o in objectives], constraints=excess, **settled)


def measured(each: Record, choices: Sequence[Choice], objective: Objective) -> FrozenTrial:
    """A trial that was measured, with one objective and some choices alone, for Optuna."""
    from optuna.trial import create_trial

    assert each.outcome is not None
    made = [choice for choice in choices if choice.name in each.params]
    return create_trial(
        value=each.outcome.values()[objective.name],
        params={choice.name: each.params[choice.name] for choice in made},
        distributions={choice.name: _distribution(choice) for choice in made},
    )
