# SPDX-License-Identifier: Apache-2.0
"""Short tones as a 12-bit converter would give them, made up from a seed: nothing is downloaded.

A tone begins somewhere in the clip, keeps its pitch, raises it, lowers it, or jumps between two.
Level, pitch, harmonics and noise are drawn; "quiet" is noise alone.
"""

from __future__ import annotations

from typing import Any

import chirps_tables as tables
import numpy as np
import numpy.typing as npt
from chirps_features import chirps_features

LABELS = ("quiet", "steady", "rising", "falling", "two tones")  # as in recipe.toml
TRAINING_CLIPS = 4000
CALIBRATION_CLIPS = 96
GOLDEN_CLIPS = 64
SCALE = 64  # the model takes code / 64

Array = npt.NDArray[Any]


def training(seed: int) -> tuple[Array, Array]:
    """Features float32 [4000, 15, 16, 1] and class numbers."""
    raw, labels = _clips(TRAINING_CLIPS, np.random.default_rng(seed))
    return features(raw), labels


def calibration(seed: int) -> dict[str, Array]:
    """`inputs`: features float32 [96, 15, 16, 1]. The first two are silence and full scale."""
    raw, _ = _clips(CALIBRATION_CLIPS, np.random.default_rng(seed + 1))
    raw[0] = 0
    raw[1] = np.where(np.arange(tables.SAMPLES) // 5 % 2, 32767, -32768)
    return {"inputs": features(raw)}


def golden(seed: int) -> dict[str, Array]:
    """`raw`: int16 [64, 1024]; `inputs`: their features; `labels`: class numbers."""
    raw, labels = _clips(GOLDEN_CLIPS, np.random.default_rng(seed + 2))
    return {"raw": raw, "inputs": features(raw), "labels": labels}


def features(raw: Array) -> Array:
    """What the model is trained on: float32 code / 64, which is exact."""
    codes = np.stack([chirps_features(clip) for clip in raw])
    return np.asarray(codes, np.float32) / np.float32(SCALE)


def _clips(count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """int16 [count, 1024] and class numbers uint8 [count], each as often as any other."""
    labels = np.arange(count, dtype=np.uint8) % len(LABELS)
    return np.stack([_clip(LABELS[label], rng) for label in labels]), labels


def _clip(label: str, rng: np.random.Generator) -> Array:
    """int16 [1024]: multiples of 16, as 12 bits at the left."""
    noise = rng.standard_normal(tables.SAMPLES) * 10 ** rng.uniform(1.0, 2.3)
    level = 10 ** rng.uniform(2.2, 4.2)
    wave = 0 if label == "quiet" else level * _tone(_pitch(label, rng), rng)
    sampled = np.floor((noise + wave) / 16 + 0.5) * 16
    return np.asarray(np.clip(sampled, -32768, 32752), np.int16)


def _pitch(label: str, rng: np.random.Generator) -> Array:
    """Hz, at each sample."""
    low = rng.uniform(200, 700)
    high = low * rng.uniform(1.12, 2.0)
    place = np.linspace(0, 1, tables.SAMPLES)
    if label == "steady":
        return np.full(tables.SAMPLES, rng.choice([low, high]))
    if label == "two tones":
        jumps = np.floor(place * rng.uniform(4, 7) + rng.uniform(0, 1)) % 2
        return np.where(jumps > 0, high, low)
    swept = low * (high / low) ** place
    return swept if label == "rising" else swept[::-1]


def _tone(pitch: Array, rng: np.random.Generator) -> Array:
    """A tone of that pitch with two harmonics, which sets in and ends softly; about -1 ... 1."""
    phase = 2 * np.pi * (np.cumsum(pitch) / tables.RATE + rng.uniform())
    wave = np.sin(phase) + rng.uniform(0, 0.4) * np.sin(2 * phase + rng.uniform(0, 6))
    wave += rng.uniform(0, 0.2) * np.sin(3 * phase + rng.uniform(0, 6))
    place = np.arange(tables.SAMPLES)
    begin, end = rng.uniform(0, 100), rng.uniform(900, 1024)
    return wave * np.clip(np.minimum(place - begin, end - place) / 40, 0, 1)
