"""The shipped training scripts: by default their options make the committed architecture."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mcuforge import recipe
from mcuforge.recipe import Recipe
from mcuforge.training import train

MODELS = Path(__file__).parents[3] / "models"
NAMES = ("autoencoder", "denoising_autoencoder", "sparse_autoencoder", "unet", "vae")
# The others' tests take as long and find the same kind of fault: once in a while is enough.
DEFAULT = [
    name if name in ("autoencoder", "unet") else pytest.param(name, marks=pytest.mark.slow)
    for name in NAMES
]
pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="needs mcuforge[train]"
    ),
]


def architecture(file: Path) -> dict[str, Any]:
    """Layers and connections of a .keras file."""
    content: dict[str, Any] = json.loads(zipfile.ZipFile(file).read("config.json"))
    return content


def with_options(name: str, **options: Any) -> Recipe:
    """A shipped recipe with other options, of which little is made."""
    loaded = recipe.load(MODELS / name)
    assert loaded.training is not None
    chosen = dict(loaded.training.options) | {"data_share": 0.01} | options
    training = dataclasses.replace(loaded.training, options=tuple(chosen.items()))
    return dataclasses.replace(loaded, training=training)


@pytest.mark.parametrize("name", DEFAULT)
def test_the_defaults_make_the_committed_architecture(name: str, tmp_path: Path) -> None:
    committed = recipe.load(MODELS / name)
    made = train.untrained(with_options(name), tmp_path)
    assert architecture(made.keras_file()) == architecture(committed.keras_file())
    if made.encoder is not None and committed.encoder is not None:
        assert architecture(made.encoder) == architecture(committed.encoder)
