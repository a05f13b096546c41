"""Models of every number format become int8, through float32."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import in_tensorflow
import pytest

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow"),
]
SQNR_DB = 25.0


def convert(*names: str) -> dict[str, Any]:
    """SQNR or message of each model of `mixed_models.py`, from the child process."""
    outcome: dict[str, Any] = in_tensorflow.call(
        "mixed_models:convert_models", {"names": names}, Path(__file__).parent
    )
    return outcome


def test_it_is_built_in_float32_or_the_layer_that_overflowed_is_named() -> None:
    found = convert("mixed_float16", "overflow")
    assert isinstance(found["mixed_float16"], float), found
    assert found["mixed_float16"] > SQNR_DB
    assert "at layer 'amplify' they differ first" in found["overflow"]
    assert "The model computes in mixed_float16" in found["overflow"]


@pytest.mark.slow
def test_every_other_format() -> None:
    names = ("mixed_bfloat16", "float16", "bfloat16", "float64")
    found = convert(*names, "hdf5", "single layers", "half input")
    assert len(found) == 7
    for name, outcome in found.items():
        assert isinstance(outcome, float) and outcome > SQNR_DB, (name, outcome)
