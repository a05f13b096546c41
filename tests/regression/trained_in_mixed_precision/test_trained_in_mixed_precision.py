"""Models of every number format become int8, through float32."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

from mcuforge.convert import child

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow"),
]
SQNR_DB = 25.0


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    path = os.environ.get("PYTHONPATH", "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{Path(__file__).parent}{os.pathsep}{path}")
        outcome: dict[str, Any] = child.call("mixed_models:convert_all", {})
    return outcome


@pytest.mark.parametrize(
    "case",
    [
        "mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64", "hdf5",
        "single layers", "half input",
    ],
)  # fmt: skip
def test_it_is_built_in_float32(case: str, found: dict[str, Any]) -> None:
    assert isinstance(found[case], float), found[case]
    assert found[case] > SQNR_DB


def test_the_layer_that_overflowed_is_named(found: dict[str, Any]) -> None:
    assert "at layer 'amplify' they differ first" in found["overflow"]
    assert "The model computes in mixed_float16" in found["overflow"]
