"""Mutated models, boards and recipes: each is taken, or refused in words, within bounds.

A campaign is named by its seed, a file in it by (seed, number): `model_mutation.model` makes it
again. `make fuzz` runs other seeds: FUZZ_SEED and FUZZ_COUNT say which and how many.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import accepted
import campaign
import numpy as np
import pytest
import seed_models

SEED = 20
SAMPLED = 20  # of the accepted ones are run; where there is time, twenty times as many


def fuzz_models(seed: int, count: int, sampled: int, folder: Path) -> None:
    """A campaign of models; all accepted ones compiled, a sample run against the oracle."""
    outcome = campaign.run("model", seed, count, folder)
    print(outcome.told())
    assert not outcome.broken, outcome.told()
    assert outcome.ends["accepted"] > count // 20 and outcome.ends["refused"] > count // 20
    compiled = sum(1 for _ in (folder / "c").iterdir())
    assert compiled == outcome.ends["accepted"]
    problems = accepted.compile_all(folder / "c")
    assert not problems, "\n".join([f"seed {seed}:", *problems])
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


def test_the_limits_hold() -> None:
    """An endless loop, memory without end, another exception and an error without words."""
    code = (
        "import limited_worker as w\n"
        "w.limit()\n"
        "def spin():\n"
        "    while True: pass\n"
        "def silent():\n"
        "    raise w.ForgeError('')\n"
        "for run in (spin, lambda: bytearray(2**29), lambda: [][0], silent, int):\n"
        "    print(w.ended(run)['end'])\n"
    )
    places = os.pathsep.join(map(str, campaign.SEARCHED))
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=os.environ | {"PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["broken"] * 4 + ["accepted"]


def test_a_warning_of_the_compiler_is_found(tmp_path: Path) -> None:
    for name, code in (
        ("1", "extern int i;"),
        ("2", "extern long i; int j(void); int j(void) { return i; }"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "fuzzed_model.c").write_text(f"{code}\n")
    (problem,) = accepted.compile_all(tmp_path)
    assert problem.startswith("model 2: ") and "conversion" in problem


def test_what_differs_from_the_oracle_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("honest", "lying"):
        (tmp_path / name).mkdir()
    (tmp_path / "m1.tflite").write_bytes(seed_models.handmade()[0])
    honest = accepted.oracle

    def lying(pairs: list[tuple[bytes, list[list[object]]]]) -> Iterator[accepted.Answer]:
        for answer in honest(pairs):
            assert not isinstance(answer, str)
            yield [[bytes(o[:-1]) + bytes([o[-1] ^ 1]) for o in s] for s in answer]

    assert accepted.check([tmp_path / "m1.tflite"], tmp_path / "honest") == []
    monkeypatch.setattr(accepted, "oracle", lying)
    assert accepted.check([tmp_path / "m1.tflite"], tmp_path / "lying")
