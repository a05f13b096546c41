"""A model and samples -> a recipe, start to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcuforge.errors import UsageError
from mcuforge.files import locks
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.recipe import Metric
from mcuforge.scaffold import (
    given_samples,
    golden_samples,
    model_facts,
    quality,
    recipe_folder,
    split,
)
from mcuforge.scaffold import guess as guessing
from mcuforge.scaffold import labels as labelling
from mcuforge.scaffold.given_samples import Given
from mcuforge.scaffold.golden_samples import Golden
from mcuforge.scaffold.guess import Guess, Seen
from mcuforge.scaffold.model_facts import ModelFacts
from mcuforge.scaffold.recipe_folder import RecipeText
from mcuforge.scaffold.recipe_options import RecipeOptions
from mcuforge.scaffold.split import Numbers, Sizes
from mcuforge.wording import notebook

# Asked a question with the answers that there are and the one that is guessed; gives one of them.
Ask = Callable[[str, Sequence[str], str], str]


@dataclass(frozen=True)
class NewRecipe:
    """What was made: the recipe's folder, and what it says.

    `calibration` and `golden` count samples. `quality` is what the metric says of the model on the
    golden ones, computed by `engine`: Keras in float, or of a `.tflite` TFLM. `notes` tell what was
    taken for what, `warnings` what looks wrong. `guessed` is False for a metric that was asked for.
    """

    folder: Path
    name: str
    metric: Metric
    guessed: bool
    reason: str
    calibration: int
    golden: int
    engine: str
    quality: dict[str, float]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    def _repr_html_(self) -> str:
        """What notebooks show."""
        rows = [
            ("folder", str(self.folder)),
            ("metric", f"{self.metric.value}: {self.reason}"),
            ("samples that calibrate", f"{self.calibration:,}"),
            ("samples that judge", f"{self.golden:,}"),
            *((f"{name}, {self.engine}", f"{value:.4g}") for name, value in self.quality.items()),
            *(("note", text) for text in self.notes),
            *(("warning", text) for text in self.warnings),
        ]
        return notebook.table(f"Recipe of {self.name}", rows)


def init_recipe(
    model: Path,
    samples: Path,
    labels: Path | None = None,
    folder: Path | None = None,
    options: RecipeOptions | None = None,
    ask: Ask | None = None,
    on_progress: Progress | None = None,
) -> NewRecipe:
    """Make the folder of a recipe for a model, from samples and, if there are, labels.

    `model` is a Keras model, a SavedModel or an int8 `.tflite`. `samples` is an `.npz` or `.npy`
    file of arrays [N, ...], `labels` another one, or a text with a label a line; they may lie in
    the same `.npz`. The folder is called as the model is, unless one is named. The model runs on
    the golden samples, from which the metric is guessed. `ask` is asked where a guess is not sure.

    Raises `UsageError` where files do not fit each other or the folder is somebody else's,
    `ToolError` without TensorFlow (or, for a `.tflite`, TFLM), and `ForgeError` where the folder
    cannot be written. Nothing is written then.
    """
    options = options or RecipeOptions()
    facts = model_facts.look_at(model)
    folder = folder or _usual_folder(facts)
    recipe_folder.check(folder, force=options.force)
    given = given_samples.read(facts, samples, labels, options)
    sizes = split.sizes(
        given.count, options.calibration, options.golden, converts=facts.graph is None
    )
    order = split.order(given.count, _kinds(given), options.seed)
    judging, rest = order[: sizes.golden], order[sizes.golden :]
    seen, outputs = _run(facts, given, judging, on_progress)
    guess = _decided(seen, options, ask)
    golden = golden_samples.make(given, judging, seen, guess.metric, options)
    found = quality.judge(guess.metric, seen, outputs, golden.arrays)
    calibrating = _calibrating(given, judging, rest, golden, options.calibration, sizes)
    text = _text(facts, folder, guess, options, golden)
    _write(folder, text, given.chosen(calibrating), golden, facts, options)
    doubts = [guess.doubt, *quality.warnings(facts, seen, guess.metric, found)]
    return NewRecipe(
        folder,
        text.name,
        guess.metric,
        not guess.told,
        guess.reason,
        len(calibrating),
        len(judging),
        "float model" if text.converts else "int8 model",
        found,
        (*given.notes, *golden.notes),
        tuple(doubt for doubt in doubts if doubt),
    )


def _usual_folder(facts: ModelFacts) -> Path:
    return Path(f"{facts.stem}-recipe" if facts.path.is_dir() else facts.stem)


def _kinds(given: Given) -> Numbers | None:
    """What the samples are drawn from in fair shares: their classes, where each has one."""
    kinds = labelling.kinds_of(given.labels) if given.labels else None
    return kinds[0] if kinds else None


def _run(
    facts: ModelFacts, given: Given, judging: Numbers, on_progress: Progress | None
) -> tuple[Seen, list[npt.NDArray[np.float32]]]:
    """What the model makes of the golden samples."""
    inputs = list(given.chosen(judging).values())
    outputs = facts.outputs(inputs, on_progress)
    only = inputs[0] if len(inputs) == 1 else None
    return Seen(only, outputs[0], given.labels_of(judging)), outputs


def _decided(seen: Seen, options: RecipeOptions, ask: Ask | None) -> Guess:
    """The metric that was asked for, else the one that is guessed; asked where that is not sure."""
    if options.metric is not None:
        return Guess(options.metric, "as asked for", told=True)
    found = guessing.guess(seen)
    if found.sure or ask is None:
        return found
    question = f"Guessed {found.metric.value}, since {found.reason}. {found.doubt}"
    answer = Metric(ask(question, [m.value for m in Metric], found.metric.value))
    return found if answer is found.metric else Guess(answer, "as answered", told=True)


def _calibrating(
    given: Given, judging: Numbers, rest: Numbers, golden: Golden, asked: int | None, sizes: Sizes
) -> Numbers:
    """The samples that calibrate: no anomalies, none that judges, nor any that equals one."""
    if sizes.calibration == 0:
        return rest[:0]
    if golden.anomalous is not None:
        rest = rest[golden.anomalous[rest] == 0]
    found = split.unlike(rest, judging, list(given.inputs.values()))[: sizes.calibration]
    if len(found) == 0 or (asked and len(found) < asked):
        raise UsageError(
            f"only {len(found)} {'normal ' * (golden.anomalous is not None)}samples are left to "
            f"calibrate with, beside {len(judging)} golden ones and what equals them. Give more "
            "samples, or a smaller --golden."
        )
    return found


def _text(
    facts: ModelFacts, folder: Path, guess: Guess, options: RecipeOptions, golden: Golden
) -> RecipeText:
    name = options.name or "".join(c for c in facts.stem if c.isprintable()).strip() or "model"
    copied = _copied(facts, options)
    return RecipeText(
        name=name,
        summary=f"{name}, judged by {guess.metric.value}",
        model=facts.file_name if copied else recipe_folder.reference(facts.path, folder),
        converts=facts.graph is None,
        metric=guess.metric,
        reason=guess.reason,
        comment=options.comment,
        label_names=golden.label_names,
    )


def _copied(facts: ModelFacts, options: RecipeOptions) -> bool:
    """Whether the model is copied: as asked, or because a recipe cannot name it."""
    return options.copy or not str(facts.path).isprintable()


def _write(
    folder: Path,
    text: RecipeText,
    calibration: dict[str, npt.NDArray[np.float32]],
    golden: Golden,
    facts: ModelFacts,
    options: RecipeOptions,
) -> None:
    with locks.writing(folder):
        recipe_folder.check(folder, force=options.force)
        recipe_folder.write(
            folder,
            text,
            calibration if text.converts else None,
            golden.arrays,
            facts if _copied(facts, options) else None,
        )
