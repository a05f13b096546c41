"""Layers of Keras that reduce, compare and multiply, through `convert` and emitted C."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import layered_models
import pytest
from keras_to_c import computes_exactly, converted
from tflite_runs import kinds

missing = importlib.util.find_spec("tensorflow") is None


@pytest.mark.skipif(missing, reason="needs mcuforge[train]")
@pytest.mark.tensorflow
@pytest.mark.slow
def test_reductions_comparisons_and_products(tmp_path: Path) -> None:
    model = converted("layered_models", "all", layered_models.INPUT, tmp_path)
    assert set(kinds(model)) >= {
        "REDUCE_MAX", "REDUCE_MIN", "SUM", "MINIMUM", "MAXIMUM", "BATCH_MATMUL",
    }  # fmt: skip
    computes_exactly(model, tmp_path)
