"""Samples and labels that somebody gives, as a model takes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcuforge.errors import UsageError
from mcuforge.scaffold import labels as labelling
from mcuforge.scaffold import sample_files, shapes
from mcuforge.scaffold.labels import Labels
from mcuforge.scaffold.model_facts import ModelFacts
from mcuforge.scaffold.recipe_options import RecipeOptions


@dataclass(frozen=True, eq=False)
class Given:
    """Samples as the model takes them, float32 [N, ...] each, by name; and their labels."""

    inputs: dict[str, npt.NDArray[np.float32]]
    labels: Labels | None
    notes: list[str]

    @property
    def count(self) -> int:
        return len(next(iter(self.inputs.values())))

    def chosen(self, numbers: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float32]]:
        return {name: values[numbers] for name, values in self.inputs.items()}

    def labels_of(self, numbers: npt.NDArray[np.int64]) -> Labels | None:
        if self.labels is None:
            return None
        found = self.labels
        return Labels(found.values[numbers], found.names, found.array, found.where)


def read(facts: ModelFacts, samples: Path, labels: Path | None, options: RecipeOptions) -> Given:
    found = sample_files.read_inputs(samples, facts.inputs)
    notes, inputs = [], {}
    if found.chosen_of:
        others = ", ".join(f"'{name}'" for name in found.chosen_of if name not in found.names)
        notes.append(f"samples: the array '{found.names[0]}' of {samples}, not {others}.")
    for number, (name, values) in enumerate(found.arrays.items()):
        where = f"{samples}, input '{name}'" if len(found.arrays) > 1 else str(samples)
        shape = facts.inputs[number].shape if facts.inputs else None
        fitted, told = shapes.fitted(facts.real(values, number), shape, where)
        if options.divide_by:
            fitted = fitted / np.float32(options.divide_by)
            told = f"{told}; " * bool(told) + f"divided by {options.divide_by:g}"
        inputs[name] = fitted
        notes += [f"{where}: {told}."] if told else []
    count = sample_files.lengths(inputs)
    saved = sample_files.read_labels(labels) if labels else None
    saved = saved or sample_files.labels_beside(samples, found)
    if saved is None:
        return Given(inputs, None, notes)
    if labels is None:
        notes.append(f"labels: the array {saved.where}.")
    if len(saved.values) != count:
        raise UsageError(
            f"{saved.where}: {len(saved.values):,} labels for {count:,} samples of {samples}. "
            "Each sample needs one, in the same order."
        )
    numbers = labelling.numbered(saved.values, saved.name, saved.where, options.label_names)
    return Given(inputs, numbers, notes)
