"""Real models with bytes flipped: every one is refused in words, or compiles. Nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_model import small_classifier

from mcuforge.emit.model_files import model_files
from mcuforge.errors import ForgeError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.verify import verify
from mcuforge.planning import planner

MODELS = Path(__file__).parents[3] / "models"
FLIPS = 250
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("autoencoder", "unet")]


def compile_bytes(data: bytes) -> None:
    """All stages that a `.tflite` meets before a compiler does."""
    plan = planner.plan(legalise(verify(tflite_reader.read_bytes(data, "damaged"))))
    if plan.arena.bytes < 1 << 24:
        model_files(plan)


def model(name: str) -> bytes:
    """The `.tflite`; "small" is no model of the repository's."""
    if name == "small":
        return small_classifier()
    return (MODELS / name / "artifacts" / "model.tflite").read_bytes()


@pytest.mark.parametrize("name", ["small", *SLOW])
def test_flipped_bytes(name: str) -> None:
    data = model(name)
    rng = np.random.default_rng(3)
    refused = 0
    # Weights fill most of the file; the structure, where damage matters, is at its ends.
    structure = np.concatenate([np.arange(4096), np.arange(max(len(data) - 16384, 0), len(data))])
    for _ in range(FLIPS):
        damaged = bytearray(data)
        for position in rng.choice(structure, size=int(rng.integers(1, 4))):
            damaged[position] ^= 1 << int(rng.integers(8))
        try:
            compile_bytes(bytes(damaged))
        except ForgeError as error:
            assert error.message
            refused += 1
    assert refused > FLIPS // 10


@pytest.mark.parametrize("name", ["autoencoder", "unet"])
def test_truncation(name: str) -> None:
    data = model(name)
    for length in range(0, len(data), max(1, len(data) // 150)):
        with pytest.raises(ForgeError):
            compile_bytes(data[:length])
