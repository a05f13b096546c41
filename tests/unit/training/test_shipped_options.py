"""The shipped training scripts: by default their options make the committed architecture."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mcuforge import boards, planning, recipe
from mcuforge.convert import convert
from mcuforge.recipe import Recipe
from mcuforge.search import task
from mcuforge.search.figures import Budgets
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("autoencoder", {"depth": 1, "activation": "relu6", "noise": 25}),
        ("autoencoder", {"depth": 4, "convolutions": 2, "separable": True, "code": 512}),
        ("autoencoder", {"bottleneck": "dense", "sparsity": 1e-6, "activation": "leaky_relu"}),
        ("autoencoder", {"skip_connections": True, "bottleneck": "dense", "activation": "tanh"}),
        ("unet", {"levels": 2, "convolutions": 3, "activation": "tanh", "loss": "dice"}),
        ("unet", {"levels": 5, "width": 4, "separable": True, "activation": "leaky_relu"}),
        ("unet", {"convolutions": 1, "skip_connections": False, "activation": "relu6"}),
        ("vae", {"latent": 2, "depth": 1, "activation": "tanh"}),
        ("vae", {"latent": 16, "depth": 3, "separable": True, "activation": "leaky_relu"}),
        ("sparse_autoencoder", {"separable": True, "activation": "relu6", "code_channels": 8}),
        ("denoising_autoencoder", {"separable": True, "smoothings": 0, "activation": "tanh"}),
        ("denoising_autoencoder", {"smoothings": 3, "activation": "leaky_relu", "noise": 10}),
    ],
)
def test_what_the_options_make_is_computed(
    name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    made = train.untrained(with_options(name, **options), tmp_path)
    made.tflite.write_bytes(convert(made).tflite)
    assert planning.make_plan(made.tflite, made.name).arena.bytes > 0


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["dice", "both"])
def test_other_losses_of_the_unet_are_learnt(loss: str, tmp_path: Path) -> None:
    loaded = with_options("unet", loss=loss, batch=4, width=4, levels=2, data_share=0.1)
    lesson = train.teach(train.of_recipe(loaded, epochs=3), train.in_folder(loaded, tmp_path))
    assert lesson.curve[-1][1] > 0.5, "0.43 is a picture without ink"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["autoencoder", "unet", "vae"])
def test_the_shipped_searches_name_what_the_scripts_take(name: str) -> None:
    none = {"epochs": None, "seed": 0, "size": 6, "count": None, "beat_seconds": 15.0}
    asked = task.asked(MODELS / name, boards.load("mps2-an386"), Budgets(), **none)
    asked.check_options()
    assert len(asked.search.choices) >= 5
