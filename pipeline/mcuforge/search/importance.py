"""How much each choice decides, by Optuna's PED-ANOVA."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from mcuforge.recipe.search import Choice, Search
from mcuforge.search import drawing
from mcuforge.search.figures import Objective
from mcuforge.search.ledger import directions
from mcuforge.search.record import COMPLETE, Record

_LEAST_TRIALS = 4


def of_choices(
    search: Search, objectives: Sequence[Objective], records: Sequence[Record]
) -> dict[str, dict[str, float]]:
    """Objective -> choice -> its share in what makes a trial one of the better ones, of 1 in all.

    Of what was measured, within budgets or not: what a choice costs does not depend on these. Empty
    where there are too few trials, and without objectives in which too many of them are alike.
    """
    measured = [each for each in records if each.state == COMPLETE]
    choices = [choice for choice in search.choices if _varies(choice, measured)]
    if len(measured) < _LEAST_TRIALS or not choices:
        return {}
    shares = ((o.name, _of(choices, o, measured)) for o in objectives)
    return {name: found for name, found in shares if found}


def _varies(choice: Choice, records: Sequence[Record]) -> bool:
    return len({str(each.params.get(choice.name)) for each in records} - {"None"}) > 1


def _of(
    choices: Sequence[Choice], objective: Objective, records: Sequence[Record]
) -> dict[str, float]:
    """Nothing where the better ones cannot be told from all."""
    import optuna
    from optuna.exceptions import ExperimentalWarning

    study = optuna.create_study(directions=directions([objective]))
    study.add_trials([drawing.measured(each, choices, objective) for each in records])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.filterwarnings("error", "Target and region quantiles", UserWarning)
        try:
            found = optuna.importance.get_param_importances(
                study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
            )
        except UserWarning:
            return {}
    return {choice.name: round(float(found.get(choice.name, 0.0)), 6) for choice in choices}
