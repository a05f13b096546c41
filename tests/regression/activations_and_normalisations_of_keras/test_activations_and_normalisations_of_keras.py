"""Activations and normalisations of Keras through `convert` and emitted C, which equals TFLM."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import layer_models
import pytest
from keras_to_c import computes_exactly, converted

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="needs mcuforge[train]"
)


@needs_tensorflow
@pytest.mark.tensorflow
def test_several_in_a_row(tmp_path: Path) -> None:
    computes_exactly(converted("layer_models", "all", layer_models.SHAPE, tmp_path), tmp_path)


@needs_tensorflow
@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", [n for n in layer_models.NAMES if n != "all"])
def test_each_layer(name: str, tmp_path: Path) -> None:
    computes_exactly(converted("layer_models", name, layer_models.SHAPE, tmp_path), tmp_path)
