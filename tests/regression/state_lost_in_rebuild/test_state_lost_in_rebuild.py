"""The model that is converted computes what the user's does, whatever its layers hold."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import in_tensorflow
import numpy as np
import pytest

from mcuforge.convert import same_model

needs_tensorflow = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow"),
]
SQNR_DB = 25.0  # a lost mean leaves less than 0


QUICK = ["open", "nested"]
REST = [
    "one", "four", "hdf5", "all axes", "rows", "deep", "shared", "given", "batch norm", "spectral",
    "odd names",
]  # fmt: skip


def call(job: str, **arguments: list[str]) -> dict[str, str]:
    """Run a job of `rebuilt_models.py` in the child process."""
    found: dict[str, str] = in_tensorflow.call(
        f"rebuilt_models:{job}", arguments, Path(__file__).parent
    )
    return found


@pytest.fixture(scope="module")
def messages() -> dict[str, str]:
    return call("refusals")


class TestConversion:
    pytestmark = needs_tensorflow

    @pytest.mark.parametrize("names", [QUICK, pytest.param(REST, marks=pytest.mark.slow)])
    def test_what_layers_learnt_outside_their_weights_stays(self, names: list[str]) -> None:
        found = call("convert_models", names=names)
        assert list(found) == names
        assert {name: db for name, db in found.items() if float(db) < SQNR_DB} == {}

    @pytest.mark.parametrize(
        ("case", "layer"),
        [("lost state", "normalise"), ("lost weight", "second"), ("other tflite", "conv")],
    )
    def test_the_first_layer_that_differs_is_named(
        self, case: str, layer: str, messages: dict[str, str]
    ) -> None:
        assert "model.keras: the float model made for conversion is not" in messages[case]
        assert f"at layer '{layer}' they differ first" in messages[case]

    def test_outputs_that_changed_places_are_refused(self, messages: dict[str, str]) -> None:
        assert "is not the Keras model" in messages["swapped outputs"]

    def test_a_model_that_draws_numbers_is_refused(self, messages: dict[str, str]) -> None:
        assert "dice' gives another result each time for the same input" in messages["random"]


def _difference(expected: object, actual: object) -> float:
    found = same_model.largest_difference(
        [[np.asarray(expected, np.float64)]], [[np.asarray(actual, np.float64)]]
    )
    assert found is not None
    return found[0]


def test_each_channel_is_judged_by_its_own_values() -> None:
    boxes_and_score = [[300.0, 1.0], [200.0, 0.5]]
    assert _difference(boxes_and_score, [[300.0, 0.0], [200.0, 0.5]]) > 0.1
    assert _difference(boxes_and_score, [[300.0001, 1.0], [200.0, 0.5]]) < same_model.TOLERANCE
    assert _difference([[1.0, 1e-12]], [[1.0, 3e-12]]) < same_model.TOLERANCE
    assert _difference([0.0, 0.0], [0.0, 1e-3]) > same_model.TOLERANCE


def test_what_is_not_finite_must_be_so_in_both() -> None:
    assert _difference([np.inf, np.nan, 1.0], [np.inf, np.nan, 1.0]) == 0.0
    assert _difference([np.inf, 1.0], [1e9, 1.0]) == np.inf
    assert _difference([1.0, 1.0], [np.nan, 1.0]) == np.inf
    assert _difference([1.0, 1.0], [1.0]) == np.inf


def test_decisions_and_cancellation_are_rounding() -> None:
    """Nudging the inputs shows how much of a difference the model itself makes of float noise."""
    samples = [(np.linspace(1e6, 2e6, 8, dtype=np.float32),)]
    steady = same_model.rounding(lambda sample: [sample[0].astype(np.float64)], samples)
    cancels = same_model.rounding(lambda sample: [sample[0].astype(np.float64) - 1.5e6], samples)
    assert steady < same_model.TOLERANCE
    assert cancels > steady
