"""Searches and sweeps with all that is real: TensorFlow, compilers, QEMU, worker processes."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import searches

from mcuforge.search.ledger import Ledger
from mcuforge.search.record import COMPLETE, ENDS

pytestmark = [pytest.mark.slow, pytest.mark.sim]
MODELS = Path(__file__).parents[2] / "models"
RECIPE = """
name = "tiny"
summary = "tells two kinds of noise apart"
[model]
keras = "artifacts/model.keras"
tflite = "artifacts/model.tflite"
[convert]
calibration = "artifacts/calibration.npz"
[evaluation]
golden = "artifacts/golden.npz"
metric = "classification"
[train]
script = "train.py"
seed = 7
epochs = 4
[search]
objectives = ["quality", "ram"]
[search.options]
width = [2, 64]
rate = { from = 1e-3, to = 1e-1, log = true }
[search.quantization]
calibration = ["converter", "min-max"]
[search.run]
memory = ["fit", "small"]
"""
SCRIPT = """
import keras
import numpy as np


def train(seed, epochs, on_progress, width: int = 4, rate: float = 0.01):
    rng = np.random.default_rng(seed)
    labels = np.arange(96) % 2
    inputs = rng.normal(0, 0.2 + 0.2 * labels[:, None, None, None], (96, 8, 8, 1))
    inputs = inputs.astype(np.float32)
    model = untrained(width)
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    for epoch in range(epochs):
        found = model.fit(inputs, labels, 1, 1, verbose=0)
        on_progress(epoch + 1, epochs, found.history["accuracy"][-1])
    return model, {"inputs": inputs[:32]}, {"inputs": inputs[32:], "labels": labels[32:]}


def untrained(width: int = 4) -> keras.Model:
    image = keras.Input((8, 8, 1), batch_size=1, name="image")
    x = keras.layers.Conv2D(width, 3, activation="relu", name="only")(image)
    x = keras.layers.Flatten()(keras.layers.MaxPooling2D(3, name="most")(x))
    return keras.Model(image, keras.layers.Dense(2, activation="softmax", name="kinds")(x))
"""


def mcuforge(folder: Path, *words: str, code: int = 0) -> dict[str, Any]:
    """The document that a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "mcuforge", *words, "--json"],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr.decode()
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.tensorflow
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs mcuforge[train]")
def test_keras_models_are_trained_and_picked(tmp_path: Path) -> None:
    model = tmp_path / "tiny"
    model.mkdir()
    (model / "recipe.toml").write_text(RECIPE)
    (model / "train.py").write_text(SCRIPT)
    words = ("tune", "tiny", "--trials", "6", "--jobs", "2", "--max-instructions", "20k")
    found = mcuforge(tmp_path, *words)
    assert found["counts"]["failed"] == 0
    assert found["counts"]["cut"] and found["counts"]["complete"]
    best = found["trials"][found["front"][0]]
    assert best["costs"]["instructions"] <= 20000 and best["quality"] > 0.5
    assert best["float_metrics"]["accuracy"] == pytest.approx(best["quality"], abs=0.2)
    forecast, costs = best["forecast"], best["costs"]
    assert forecast["arena"] == costs["arena"], "the plan of the untrained model"
    assert forecast["flash"] == pytest.approx(costs["flash"], rel=0.4)
    number = str(best["number"])
    subprocess.run(
        [sys.executable, "-m", "mcuforge", *words, "--pick", number], cwd=tmp_path, check=True
    )
    run = mcuforge(tmp_path, "run", f"tiny-{number}", "--board", "mps2-an386", "-o", "picked")
    (report,) = run["reports"]
    assert report["sha256"] == best["sha256"], "the very model"
    assert report["costs"]["arena"] == costs["arena"]


def test_an_interrupted_search_goes_on(tmp_path: Path) -> None:
    searches.toy(tmp_path)
    words = ("tune", "toy", "--trials", "5", "--jobs", "2", "--generation", "2")
    whole = mcuforge(tmp_path, *words, "-o", "whole")
    command = [sys.executable, "-m", "mcuforge", *words, "-o", "parts"]
    journal = tmp_path / "parts" / "tune" / "toy_mps2_an386" / "journal.log"
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as begun:
        while not (journal.exists() and b'"outcome"' in journal.read_bytes()):
            assert begun.poll() is None
            time.sleep(0.05)
        begun.send_signal(signal.SIGINT)
        assert begun.wait(60) == 130
    ledger = Ledger(str(journal), "toy-mps2-an386")
    left = [each.state for each in ledger.records() if each.state not in ENDS]
    ledger.close()
    assert left and set(left) == {"waiting"}, "workers gave back what they had begun"
    goes_on = mcuforge(tmp_path, *words, "-o", "parts")
    assert goes_on["front"] == whole["front"]
    assert goes_on["trials"] == whole["trials"]


def test_a_sweep_runs_every_combination(tmp_path: Path) -> None:
    searches.toy(tmp_path)
    subprocess.run([sys.executable, "-m", "mcuforge", "train", "toy"], cwd=tmp_path, check=True)
    model = str(MODELS / "autoencoder" / "artifacts" / "model.tflite")
    words = ("sweep", "toy", model, "--boards", "mps2-an386,microbit", "--memory", "fit,small",
             "--count", "2", "--jobs", "2")  # fmt: skip
    found = mcuforge(tmp_path, *words)
    combinations = found["combinations"]
    assert len(combinations) == 8
    assert {each["end"] for each in combinations} == {COMPLETE}
    arenas = [each["costs"]["arena"] for each in combinations if each["params"]["model"] == model]
    assert len(set(arenas)) >= 2, "row by row it takes less"
    before = time.monotonic()
    assert mcuforge(tmp_path, *words) == found
    assert time.monotonic() - before < 60, "what was made is not made again"
