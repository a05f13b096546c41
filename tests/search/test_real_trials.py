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
    searches.tiny(tmp_path)
    words = ("tune", "tiny", "--trials", "6", "--jobs", "2", "--max-instructions", "10k")
    found = mcuforge(tmp_path, *words)
    assert found["counts"]["failed"] == 0
    assert found["counts"]["cut"] and found["counts"]["complete"]
    best = found["trials"][found["front"][0]]
    assert best["costs"]["instructions"] <= 10_000 and best["quality"] > 0.5
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
