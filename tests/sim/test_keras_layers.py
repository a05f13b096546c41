"""Small layers of Keras: converted, emitted, built, and the same bytes as TFLM on a device."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import layer_models
import layered_models
import moving_layers
import pytest
import recurrent_models
from keras_to_c import computes_exactly, converted, runs_exactly

BOARD = "mps2-an386"
MODELS = {
    "recurrent_models": (
        recurrent_models.SIDE_BY_SIDE,
        (recurrent_models.STEPS, recurrent_models.FEATURES),
    ),
    "layer_models": (layer_models.SIDE_BY_SIDE, layer_models.SHAPE),
    "layered_models": ("all", layered_models.INPUT),
    "moving_layers": (moving_layers.SIDE_BY_SIDE, moving_layers.SHAPE),
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sim,
    pytest.mark.tensorflow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="needs mcuforge[train]"
    ),
]


@pytest.mark.parametrize("module", MODELS)
def test_all_are_exact_on_a_device(module: str, tmp_path: Path) -> None:
    """A model of all layers of the module. Where one fails, `converted` makes it alone."""
    model = converted(module, *MODELS[module], tmp_path)
    computes_exactly(model, tmp_path)
    runs_exactly(model, BOARD, tmp_path)
