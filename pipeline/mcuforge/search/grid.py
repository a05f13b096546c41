"""A sweep: every combination of models, boards and settings through the whole pipeline."""

from __future__ import annotations

import hashlib
import itertools
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcuforge import boards, driver, recipe
from mcuforge.errors import ForgeError, UsageError
from mcuforge.model_files.kind import Kind, recognise, require_tflite
from mcuforge.planning import FIT, SPEED
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.recipe import metric_names, quantization
from mcuforge.recipe.quantization import QuantizationSettings
from mcuforge.recipe.search import QUANTIZATION, RUN, Option
from mcuforge.search import recipes, trial
from mcuforge.search.figures import FLASH, RAM, objectives
from mcuforge.search.fingerprint import fingerprint
from mcuforge.search.record import COMPLETE, FAILED, Outcome, Record
from mcuforge.search.trial import trial_folder
from mcuforge.search.worker import OnStage

if TYPE_CHECKING:
    from mcuforge.search.drawing import Drawn

KIND = "sweep"
MODEL, BOARD = "model", "board"
Params = dict[str, Option]


@dataclass(frozen=True)
class Sweep:
    """What is combined: `axes` pair a name with the values that it takes."""

    models: tuple[Path, ...]
    boards: tuple[str, ...]
    axes: tuple[tuple[str, tuple[str, ...]], ...]
    count: int | None
    beat_seconds: float

    def settings(self) -> dict[str, Any]:
        """What a storage keeps, and workers must agree on."""
        return {
            "kind": KIND,
            "models": {str(model): _digest(model) for model in self.models},
            "boards": list(self.boards),
            "axes": [[name, list(values)] for name, values in self.axes],
            "objectives": [asdict(each) for each in objectives((RAM, FLASH), None)],
            "count": self.count,
            "heartbeat": self.beat_seconds,
        }

    @property
    def converts(self) -> bool:
        """Whether there are Keras models."""
        return not all(map(_is_quantised, self.models))

    def combinations(self) -> list[Params]:
        """Each once, model by model. What is quantised already has no settings for that.

        Left out are settings that contradict each other, such as mse and 16x8.
        """
        found: list[Params] = []
        for model, board in itertools.product(self.models, self.boards):
            for params in self._of_model(model):
                each: Params = {MODEL: str(model), BOARD: board, **params}
                if each not in found:
                    found.append(each)
        return found

    def _of_model(self, model: Path) -> Iterator[Params]:
        is_fixed = _is_quantised(model)
        axes = [(n, v) for n, v in self.axes if not (is_fixed and n.startswith(QUANTIZATION))]
        for values in itertools.product(*(values for _, values in axes)):
            params: Params = {name: value for (name, _), value in zip(axes, values, strict=True)}
            try:
                settings(model, params)
            except UsageError:
                continue
            yield params


def asked(
    models: Sequence[Path],
    names: Sequence[str],
    choices: Mapping[str, Sequence[str]],
    count: int | None,
    beat_seconds: float,
) -> Sweep:
    """A sweep. Raises `UsageError` where a model, a board or a setting is unknown."""
    for model in models:
        if recognise(model) is not Kind.RECIPE:
            require_tflite(model)
    for name in names:
        boards.load(name)
    for text in choices.get(f"{QUANTIZATION}.calibration", ()):
        quantization.parse_strategy(text)
    axes = tuple((name, tuple(values)) for name, values in choices.items() if values)
    sweep = Sweep(tuple(models), tuple(names), axes, count, beat_seconds)
    if not sweep.combinations():
        raise UsageError("no combination is left: the settings contradict each other.")
    return sweep


def joined(stored: Mapping[str, Any]) -> Sweep:
    """The sweep that a storage tells of. Raises `UsageError` where its models differ here."""
    models = [Path(name) for name in stored["models"]]
    for model in models:
        if not model.exists():
            raise UsageError(
                f"{model}: no such file; the sweep was begun with it. Go to its folder."
            )
        if _digest(model) != stored["models"][str(model)]:
            raise UsageError(f"{model}: this is not the model that the sweep was begun with.")
    axes = tuple((name, tuple(values)) for name, values in stored["axes"])
    return Sweep(tuple(models), tuple(stored["boards"]), axes, stored["count"], stored["heartbeat"])


def drawn(sweep: Sweep) -> list[Drawn]:
    """All combinations, for a storage."""
    from optuna.distributions import CategoricalDistribution

    from mcuforge.search.drawing import Drawn

    combined = sweep.combinations()
    names = dict.fromkeys(name for params in combined for name in params)
    values = {name: tuple(dict.fromkeys(p[name] for p in combined if name in p)) for name in names}
    distributions = {name: CategoricalDistribution(each) for name, each in values.items()}
    return [Drawn(p, {name: distributions[name] for name in p}) for p in combined]


def settings(model: Path, params: Mapping[str, Option]) -> QuantizationSettings | None:
    """How a combination's model is quantised; None where nothing is asked."""
    words: dict[str, Any] = recipes.quantization(params)
    if not words or _is_quantised(model):
        return None
    return quantization.combine(recipe.load(model).quantization, **words)


class Runner:
    """Runs combinations, each in a folder of its own below `folder`."""

    def __init__(self, sweep: Sweep, folder: Path) -> None:
        self._sweep, self._folder = sweep, folder

    @property
    def beat_seconds(self) -> float:
        """How often a worker tells that it lives."""
        return self._sweep.beat_seconds

    def known_before(self, number: int) -> int:
        """Combinations do not depend on each other."""
        return 0 * number

    def run(self, taken: Record, known: Sequence[Record], on_stage: OnStage) -> Outcome:
        """What comes of a combination; of errors the reason. None is needed of `known`."""
        del known
        where = trial_folder(self._folder, taken.number)
        shutil.rmtree(where, ignore_errors=True)
        try:
            return self._measured(taken, where / "run", on_stage)
        except ForgeError as error:
            return Outcome(FAILED, reason=trial.reason_of(error, where))

    def _measured(self, taken: Record, output: Path, on_stage: OnStage) -> Outcome:
        model, modes = Path(str(taken.params[MODEL])), recipes.chosen(taken.params, RUN)
        described = recipe.load(model) if recognise(model) is Kind.RECIPE else None
        found = driver.run(
            model,
            boards.load(str(taken.params[BOARD])),
            output,
            count=self._sweep.count,
            on_stage=on_stage,
            settings=settings(model, taken.params),
            memory=str(modes.get("memory", (described and described.memory) or FIT)),
            optimize=str(modes.get("optimize", SPEED)),
            borders=BorderRows.said(*described.borders) if described else WHOLE_BORDERS,
        )
        trial.keep(found, output)
        for tflite in output.glob("*.tflite"):
            tflite.unlink()
        if not found.verdict.exact:
            return Outcome(FAILED, reason=f"not exact: {found.verdict.divergence}")
        metrics, floats = trial.metrics_of(found)
        main = metric_names.main(metrics)
        return Outcome(
            COMPLETE,
            quality=metrics.get(main) if main else None,
            costs=trial.costs_of(found),
            metrics=metrics,
            float_metrics=floats,
            facts={
                "sha256": found.sha256,
                "name": found.model,
                "quantization": found.quantization or "",
                "metric": main or "",
            },
        )


def _is_quantised(model: Path) -> bool:
    return recognise(model) is not Kind.RECIPE or recipe.load(model).keras is None


def _digest(model: Path) -> str:
    if recognise(model) is Kind.RECIPE:
        return fingerprint(recipe.load(model), trained=False)
    return hashlib.sha256(model.read_bytes()).hexdigest()[:16]
