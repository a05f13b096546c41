"""The trials of a search in a storage of Optuna's, which any number of processes share.

A trial is drawn once, ahead, and stands in the storage with all that it tries before anybody takes
it. Workers take it: the storage lets one of them turn "waiting" into "running". While it works a
counter beats. Where that stands still, whoever sees it turns the trial back to "waiting": the same
trial, not a copy, so that none is lost, and none counted twice, even if the first worker was only
slow: what it tells then is what the other one would tell, and the storage takes one of the two.

Optuna has a heartbeat of its own, but only databases keep it, only in `Study.optimize`, which draws
a new trial where none waits, and it makes a copy of the trial. Hence the storage's own operations,
which all of its kinds have: a journal in a file, SQLite, PostgreSQL, MySQL, Redis.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mcuforge.errors import UsageError
from mcuforge.recipe.search import Option
from mcuforge.search import storages
from mcuforge.search.figures import Objective
from mcuforge.search.record import COMPLETE, CUT, FAILED, PRUNED, RUNNING, WAITING, Outcome, Record
from mcuforge.search.storages import patiently

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import StudyDirection
    from optuna.trial import FrozenTrial

_SETTINGS, _TOTAL = "settings", "total"  # of a study
_NUMBER, _WORKER, _BEAT, _TAKEN, _OUTCOME = "number", "worker", "beat", "taken", "outcome"
MOST_TAKEN = 3  # times that a trial's worker may die before the trial is to blame
_DIED = "its worker died {} times while it was at it: is there enough memory?"


class Ledger:
    """The trials of one search. `settings` are what was agreed on when it was begun."""

    def __init__(self, address: str, name: str) -> None:
        """Join a search. Raises `KeyError` where there is none of that name."""
        import optuna

        self.address, self.name = address, name
        self._storage = storages.open_storage(address)
        try:
            self._study = patiently(optuna.load_study, study_name=name, storage=self._storage)
            self.settings: dict[str, Any] = patiently(lambda: self._study.user_attrs)[_SETTINGS]
        except BaseException:
            self.close()
            raise
        self.objectives = tuple(Objective(**each) for each in self.settings["objectives"])

    @classmethod
    def begin(cls, address: str, name: str, settings: Mapping[str, Any]) -> Ledger:
        """Begin a search, or go on with one. Raises `UsageError` where that has other settings.

        `settings` hold plain values, `objectives` among them.
        """
        _create(address, name, settings)
        return cls.resumed(address, name, settings)

    @classmethod
    def resumed(cls, address: str, name: str, settings: Mapping[str, Any]) -> Ledger:
        """Join a search that was begun with these settings. Raises as `begin`, and `KeyError`."""
        ledger = cls(address, name)
        changed = sorted(
            key
            for key in {*settings, *ledger.settings}
            if settings.get(key) != ledger.settings.get(key)
        )
        if changed:
            ledger.close()
            raise UsageError(
                f"the search '{name}' was begun with other settings ({', '.join(changed)}), so its "
                "trials cannot be compared with new ones. Give them as they were, or begin another "
                "search: --study NAME."
            )
        return ledger

    def close(self) -> None:
        """Let go of the storage."""
        storages.close(self._storage)

    @property
    def total(self) -> int:
        """How many trials there are to be in all; 0 while nobody said."""
        return int(patiently(lambda: self._study.user_attrs).get(_TOTAL, 0))

    def ask_for(self, total: int) -> None:
        """Say how many trials there are to be in all."""
        patiently(self._study.set_user_attr, _TOTAL, total)

    def records(self) -> list[Record]:
        """All trials by their numbers; should one have been added twice, the first one counts."""
        found: dict[int, Record] = {}
        for trial in patiently(self._study.get_trials, deepcopy=False):
            if _NUMBER in trial.user_attrs:
                found.setdefault(trial.user_attrs[_NUMBER], _record(trial))
        return [found[number] for number in sorted(found)]

    def add(
        self,
        number: int,
        params: Mapping[str, Option],
        distributions: Mapping[str, BaseDistribution],
    ) -> None:
        """Add a trial that waits to be taken."""
        from optuna.trial import TrialState, create_trial

        trial = create_trial(
            state=TrialState.WAITING,
            params=dict(params),
            distributions=dict(distributions),
            user_attrs={_NUMBER: number},
        )
        patiently(self._study.add_trial, trial)

    def claim(self, worker: str) -> Record | None:
        """Take the first trial that waits; None where none does.

        SQLite cannot lock a row: two workers may take the same trial there, one is counted.
        """
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        for each in self.records():
            if each.state != WAITING:
                continue
            key = each.key
            try:
                is_ours = patiently(self._storage.set_trial_state_values, key, TrialState.RUNNING)
            except UpdateFinishedTrialError:
                continue
            if is_ours:
                self._set(key, _WORKER, worker)
                self._set(key, _TAKEN, each.taken + 1)
                return each
        return None

    def beat(self, taken: Record, count: int) -> None:
        """Tell that a worker is still at a trial."""
        from optuna.exceptions import UpdateFinishedTrialError

        with suppress(UpdateFinishedTrialError):  # another worker was faster
            self._set(taken.key, _BEAT, count)

    def give_back(self, taken: Record) -> None:
        """Let another worker take a trial that `claim` gave, as this one has to end."""
        from optuna.exceptions import UpdateFinishedTrialError

        with suppress(UpdateFinishedTrialError):
            self._set(taken.key, _TAKEN, taken.taken)
            self._wait(taken)

    def take_back(self, each: Record) -> None:
        """Let another worker take a trial whose worker was ended, which is nobody's fault."""
        self.give_back(replace(each, taken=max(each.taken - 1, 0)))

    def take_away(self, dead: Record) -> None:
        """Let another worker take a trial whose worker died; at the third time it has failed."""
        if dead.taken >= MOST_TAKEN:
            self.finish(dead, Outcome(FAILED, reason=_DIED.format(dead.taken)))
        else:
            self._wait(dead)

    def _wait(self, taken: Record) -> None:
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        with suppress(UpdateFinishedTrialError):
            patiently(self._storage.set_trial_state_values, taken.key, TrialState.WAITING)

    def finish(self, taken: Record, outcome: Outcome) -> None:
        """Keep what came of a trial; of two that tell, the first one counts."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        states = {
            COMPLETE: TrialState.COMPLETE,
            PRUNED: TrialState.PRUNED,
            CUT: TrialState.PRUNED,
            FAILED: TrialState.FAIL,
        }
        values = outcome.values()
        told = [values[o.name] for o in self.objectives] if outcome.end == COMPLETE else None
        with suppress(UpdateFinishedTrialError):
            for step, quality in outcome.curve:
                patiently(self._storage.set_trial_intermediate_value, taken.key, step, quality)
            self._set(taken.key, _OUTCOME, outcome.as_dict())
            patiently(
                self._storage.set_trial_state_values, taken.key, states[outcome.end], told
            )  # fmt: skip

    def _set(self, key: int, name: str, value: Any) -> None:
        patiently(self._storage.set_trial_user_attr, key, name, value)


def _create(address: str, name: str, settings: Mapping[str, Any]) -> None:
    """See to it that there is a search of that name, which has settings."""
    import optuna

    storage = storages.open_storage(address)
    try:
        study = patiently(
            optuna.create_study,
            study_name=name,
            storage=storage,
            directions=directions(Objective(**each) for each in settings["objectives"]),
            load_if_exists=True,
        )
        if _SETTINGS not in patiently(lambda: study.user_attrs):
            patiently(study.set_user_attr, _SETTINGS, dict(settings))
    finally:
        storages.close(storage)


def directions(objectives: Iterable[Objective]) -> list[StudyDirection]:
    """Which way each objective goes, for Optuna."""
    from optuna.study import StudyDirection

    ways = {True: StudyDirection.MAXIMIZE, False: StudyDirection.MINIMIZE}
    return [ways[each.more_is_better] for each in objectives]


def _record(trial: FrozenTrial) -> Record:
    from optuna.trial import TrialState

    attributes = trial.user_attrs
    stored = attributes.get(_OUTCOME)
    outcome = (
        Outcome.from_dict(stored) if stored is not None and trial.state.is_finished() else None
    )
    if trial.state.is_finished():
        state = outcome.end if outcome is not None else FAILED
    else:
        state = WAITING if trial.state == TrialState.WAITING else RUNNING
    return Record(
        number=attributes[_NUMBER],
        key=trial._trial_id,
        state=state,
        params=trial.params,
        outcome=outcome,
        worker=attributes.get(_WORKER, ""),
        beat=attributes.get(_BEAT, 0),
        taken=attributes.get(_TAKEN, 0),
    )
