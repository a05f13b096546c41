"""The variants that a recipe names: the same task solved otherwise, measured on the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from mcuforge import recipe
from mcuforge.convert import all_float_outputs, convert, input_names
from mcuforge.errors import UsageError
from mcuforge.planning import cost, make_plan
from mcuforge.processes import scratch
from mcuforge.proof.evaluation import all_host_outputs
from mcuforge.proof.prove import OnStage
from mcuforge.recipe import Recipe, metrics
from mcuforge.recipe.quantization import QuantizationSettings


@dataclass(frozen=True)
class Variant:
    """What a variant is worth and what it costs: bytes, and multiply-accumulates an inference.

    `float_model` and `int8_model` hold the recipe's metrics, the latter computed by the oracle.
    """

    name: str
    float_model: dict[str, float]
    int8_model: dict[str, float]
    macs: int
    constants: int
    arena: int


def compare(
    loaded: Recipe | None,
    settings: QuantizationSettings | None,
    inputs: Sequence[npt.NDArray[Any]] | None,
    on_stage: OnStage,
) -> tuple[Variant, ...]:
    """Judge the variants of a recipe on as many golden samples as there are `inputs`.

    Each is converted with `settings`, or with those of the recipe `loaded`, but for strategies of
    single layers, which it may not have. There is none without a recipe or golden inputs. Raises
    `UsageError` where a variant is judged by another metric, and what `convert` raises.
    """
    if loaded is None or inputs is None:
        return ()
    found = [(name, recipe.load(file)) for name, file in loaded.variants]
    _check_metrics(loaded, found)
    chosen = replace(settings or loaded.quantization, layers=())
    made = []
    for number, (name, variant) in enumerate(found):
        on_stage("variants", number, len(found))
        made.append(_measure(name, variant, chosen, len(inputs[0])))
        on_stage("variants", number + 1, len(found))
    return tuple(made)


def _check_metrics(loaded: Recipe, found: Sequence[tuple[str, Recipe]]) -> None:
    for name, variant in found:
        if variant.metric is not loaded.metric:
            raise UsageError(
                f"{loaded.file}: variants.'{name}' is judged by '{variant.metric.value}', this "
                f"model by '{loaded.metric.value}': they cannot be compared."
            )


def _measure(name: str, loaded: Recipe, settings: QuantizationSettings, count: int) -> Variant:
    tflite = convert(loaded, settings=settings).tflite
    names = input_names(loaded.keras_file())
    golden = metrics.load_golden(loaded.golden, loaded.metric, names)
    inputs = metrics.golden_inputs(golden, names, count)
    floats = all_float_outputs(loaded.keras_file(), inputs)
    ints, _ = all_host_outputs(tflite, inputs)
    costs = _costs(tflite, loaded.name)
    return Variant(
        name,
        metrics.evaluate(loaded.metric, inputs[0], floats[0], golden, *floats[1:2]),
        metrics.evaluate(loaded.metric, inputs[0], ints[0], golden, *ints[1:2]),
        costs["macs"],
        costs["constant_bytes"],
        costs["arena"],
    )


def _costs(tflite: bytes, name: str) -> dict[str, int]:
    with scratch.folder() as folder:
        file = folder / "variant.tflite"
        file.write_bytes(tflite)
        summary = cost.summary(make_plan(file, name))
    return {
        "macs": summary["macs"],
        "constant_bytes": summary["constant_bytes"],
        "arena": summary["arena"]["bytes"],
    }
