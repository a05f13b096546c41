"""Everything that `mcuforge explore` finds out about a decoder's latent space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge import driver, planning
from mcuforge.boards import Board
from mcuforge.build import require_tools
from mcuforge.convert import float_outputs
from mcuforge.emit import c_names
from mcuforge.oracle import tflm as oracle
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.processes import scratch
from mcuforge.proof.prove import OnStage
from mcuforge.recipe import Recipe
from mcuforge.recipe.metrics import psnr
from mcuforge.simulate.choose import choose
from mcuforge.studies import latent
from mcuforge.studies.explore import latents, projection
from mcuforge.studies.explore.generation import Generator, generator
from mcuforge.studies.explore.latents import Digits, Latents
from mcuforge.studies.explore.projection import Projection

Array = npt.NDArray[Any]

SHOWN = 10  # samples that are reconstructed in pictures
PAIRS = 6  # of samples that are interpolated
STEPS = 8  # of an interpolation: one picture more
GENERATED = 40
SEED = 20
_LEAST = 1 / 512  # half a step of the int8 output: no probability is taken to be smaller


@dataclass(frozen=True, eq=False)
class Quality:
    """Losses in nats a sample, PSNR in dB, and the silhouette of the classes in the latents.

    `reconstruction` is the binary cross-entropy summed over a sample's values, `divergence` the
    Kullback-Leibler divergence of the encoder's distribution from N(0, 1).
    """

    reconstruction: float
    divergence: float
    psnr: float
    silhouette: float
    projections: tuple[Projection, ...]


@dataclass(frozen=True, eq=False)
class Exploration:
    """The result. Pictures are float32 [N, H, W, C]; `labels` are the samples' classes.

    `interpolations` holds a row of pictures for each pair, made by the device, and `pairs` the
    classes at its ends. `bytes_compared` of the device's outputs equal the oracle's.
    """

    model: str
    board: str
    labels: Array
    float_model: Quality
    int8_model: Quality
    originals: Array
    float_pictures: Array
    device_pictures: Array
    interpolations: Array
    pairs: tuple[tuple[int, int], ...]
    generated: Array
    bytes_compared: int


def explore(
    recipe: Recipe,
    board: Board,
    output: Path,
    on_stage: OnStage,
    *,
    memory: str = planning.FIT,
    max_ram: int | None = None,
    borders: BorderRows = WHOLE_BORDERS,
    force: bool = False,
) -> Exploration:
    """Look at a recipe's decoder and its encoder; the decoder runs in the board's simulator.

    The firmware project is written under `output`; `memory`, `max_ram` and `borders` are as in
    `planning.plan_for`. Raises `UsageError` where the recipe has no
    encoder, `ToolError` where a tool is missing, `ParityError` where the device computes other
    bytes than the oracle.
    """
    encoder, content = latents.load(recipe)
    projection.require_sklearn()
    choose(board)
    oracle.require()
    require_tools(host=False)
    source = driver.prepare(recipe.folder, None, output, on_stage, force=force)
    plan = planning.plan_for(
        board, source.tflite, source.name, memory=memory, max_ram=max_ram, borders=borders
    )
    count = len(content.images)
    on_stage("float encoder", 0, 0)
    floats = latents.in_float(
        encoder, content.images, lambda done, total: on_stage("float encoder", done, total)
    )
    with scratch.folder() as folder:
        on_stage("int8 encoder", 0, count)
        int8 = latents.in_int8(encoder, content, folder)
        on_stage("int8 encoder", count, count)
    on_stage("float decoder", 0, 0)
    decoded = float_outputs(
        recipe.keras_file(),
        floats.mu.astype(np.float32),
        lambda done, total: on_stage("float decoder", done, total),
    ).reshape(content.images.shape)
    project = output / f"{c_names.identifier(source.name)}-{board.name}-explore"
    on_stage("device", 0, 3)
    with generator(plan, source.tflite, board, project, force=force) as running:
        made = _reconstructed(running, int8).reshape(content.images.shape)
        on_stage("device", 1, 3)
        pairs = _pairs(content.labels)
        strips = _interpolated(running, int8, pairs)
        on_stage("device", 2, 3)
        size = int8.mu.shape[1]
        fresh = running.generate([latent.prior(SEED, n, size) for n in range(GENERATED)])
        on_stage("device", 3, 3)
        compared = running.bytes_compared
    shape = content.images.shape[1:]
    on_stage("projections", 0, 2)
    float_quality = _quality(content, floats, decoded)
    on_stage("projections", 1, 2)
    int8_quality = _quality(content, int8, made, float_quality.projections)
    on_stage("projections", 2, 2)
    return Exploration(
        model=source.name,
        board=board.name,
        labels=content.labels,
        float_model=float_quality,
        int8_model=int8_quality,
        originals=content.images[:SHOWN],
        float_pictures=decoded[:SHOWN],
        device_pictures=made[:SHOWN],
        interpolations=strips.reshape(len(pairs), STEPS + 1, *shape),
        pairs=tuple((int(content.labels[a]), int(content.labels[b])) for a, b in pairs),
        generated=fresh.reshape(GENERATED, *shape),
        bytes_compared=compared,
    )


def _reconstructed(running: Generator, found: Latents) -> npt.NDArray[np.float32]:
    """What the decoder on the device makes of each sample's mu."""
    points = latent.to_q16(found.mu)
    return running.generate([latent.on_the_way(p, p, 0, 1) for p in points])


def _interpolated(
    running: Generator, found: Latents, pairs: list[tuple[int, int]]
) -> npt.NDArray[np.float32]:
    """Every pair's way from one sample's mu to the other's."""
    points = latent.to_q16(found.mu)
    return running.generate(
        [
            latent.on_the_way(points[a], points[b], step, STEPS)
            for a, b in pairs
            for step in range(STEPS + 1)
        ]
    )


def _pairs(labels: Array) -> list[tuple[int, int]]:
    """Pairs of the first samples of different classes: 0 to 1, 1 to 2, and so on."""
    first = [int(np.flatnonzero(labels == c)[0]) for c in np.unique(labels)]
    return list(zip(first, [*first[1:], first[0]], strict=True))[:PAIRS]


def _quality(
    content: Digits, found: Latents, pictures: Array, like: tuple[Projection, ...] = ()
) -> Quality:
    return Quality(
        reconstruction=cross_entropy(content.images, pictures),
        divergence=found.divergence(),
        psnr=psnr(content.images, pictures),
        silhouette=projection.silhouette(found.mu, content.labels),
        projections=projection.project(found.mu, content.labels, like),
    )


def cross_entropy(expected: Array, probabilities: Array) -> float:
    """Binary cross-entropy in nats, summed over a sample's values, mean over samples.

    Probabilities below 1/512, half a step of an int8 output, count as that, and likewise above.
    """
    p = np.clip(np.asarray(probabilities, np.float64), _LEAST, 1 - _LEAST)
    x = np.asarray(expected, np.float64)
    terms = -(x * np.log(p) + (1 - x) * np.log1p(-p))
    return float(terms.reshape(len(terms), -1).sum(axis=1).mean())
