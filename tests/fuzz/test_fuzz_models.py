"""Mutated models, boards and recipes: each is taken, or refused in words, within bounds.

A campaign is named by its seed, a file in it by (seed, number): `model_mutation.model` makes it
again. `make fuzz` runs other seeds: FUZZ_SEED and FUZZ_COUNT say which and how many.
"""

from __future__ import annotations

import os
from pathlib import Path

import accepted
import campaign
import numpy as np
import pytest

SEED = 20
SAMPLED = 20  # of the accepted ones are run; where there is time, twenty times as many


def fuzz_models(seed: int, count: int, sampled: int, folder: Path) -> None:
    """A campaign of models, and a sample of those accepted as C against the oracle."""
    outcome = campaign.run("model", seed, count, folder)
    print(outcome.told())
    assert not outcome.broken, outcome.told()
    assert outcome.ends["accepted"] > count // 20 and outcome.ends["refused"] > count // 20
    models = sorted(folder.glob("*.tflite"), key=lambda p: int(p.stem[1:]))
    chosen = np.random.default_rng(seed).permutation(len(models))[:sampled]
    problems = accepted.check([models[i] for i in chosen], folder)
    assert not problems, "\n".join([f"seed {seed}:", *problems])


def test_a_thousand_models(tmp_path: Path) -> None:
    fuzz_models(SEED, 1000, SAMPLED, tmp_path)


@pytest.mark.slow
def test_twenty_thousand_models(tmp_path: Path) -> None:
    fuzz_models(SEED + 1, 20_000, 20 * SAMPLED, tmp_path)


@pytest.mark.parametrize("kind", ["board", "recipe"])
def test_tables(kind: str, tmp_path: Path) -> None:
    outcome = campaign.run(kind, SEED, 500, tmp_path)
    assert not outcome.broken, outcome.told()
    assert outcome.ends["accepted"] and outcome.ends["refused"]


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", ["model", "board", "recipe"])
def test_another_seed(kind: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("FUZZ_SEED", "1"))
    count = int(os.environ.get("FUZZ_COUNT", "20000"))
    if kind == "model":
        fuzz_models(seed, count, 20 * SAMPLED, tmp_path)
        return
    outcome = campaign.run(kind, seed, count, tmp_path)
    print(outcome.told())
    assert not outcome.broken, outcome.told()
