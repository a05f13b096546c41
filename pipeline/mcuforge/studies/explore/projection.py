"""Latents in two dimensions, and how well they keep classes apart."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ToolError
from mcuforge.wording import extras

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

METHODS = {"pca": "PCA", "tsne": "t-SNE"}
_SEED = 20
_PERPLEXITY = 30.0
_EXACT = 1500  # samples up to which the exact gradient is faster, and has no approximation


@dataclass(frozen=True, eq=False)
class Projection:
    """Points in the plane, float64 [N, 2], and the silhouette score of their classes there."""

    method: str
    points: Floats
    silhouette: float


def require_sklearn() -> None:
    """Raise `ToolError` where scikit-learn is not installed."""
    if importlib.util.find_spec("sklearn") is None:
        raise ToolError(
            "scikit-learn is not installed, which `explore` needs. Install with: "
            f"{extras.pip_install('models')}"
        )


def project(
    latents: Floats, labels: Array, like: tuple[Projection, ...] = ()
) -> tuple[Projection, ...]:
    """Principal components and t-SNE of latents [N, D], the same every time.

    t-SNE starts from the principal components, or from the embedding of the same samples in `like`,
    to which it is turned: pictures of the two can then be compared by position.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    components = PCA(2, svd_solver="full").fit_transform(latents)
    known = [p.points for p in like if p.method == "tsne"]
    start = known[0] if known else components
    start = start / np.std(start[:, 0]) * 1e-4  # as small as its authors recommend
    perplexity = min(_PERPLEXITY, (len(latents) - 1) / 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        embedded = TSNE(
            2,
            init=start,
            perplexity=perplexity,
            random_state=_SEED,
            method="exact" if len(latents) <= _EXACT else "barnes_hut",
        ).fit_transform(latents)
    if known:
        embedded = _turned(np.asarray(embedded, np.float64), known[0])
    made = {"pca": components, "tsne": embedded}
    return tuple(
        Projection(name, np.asarray(points, np.float64), silhouette(points, labels))
        for name, points in made.items()
    )


def _turned(points: Floats, target: Floats) -> Floats:
    """Points turned and mirrored, which t-SNE leaves open, to lie as near to the target as can be.

    The orthogonal Procrustes problem: P. H. Schönemann, Psychometrika 31 (1966).
    """
    centred, goal = points - points.mean(axis=0), target - target.mean(axis=0)
    u, _, v = np.linalg.svd(centred.T @ goal)
    return np.asarray(centred @ (u @ v), np.float64)


def silhouette(points: Array, labels: Array) -> float:
    """The mean silhouette of points [N, D] with classes [N]: from -1 to 1, higher is further apart.

    P. J. Rousseeuw, Silhouettes, Journal of Computational and Applied Mathematics 20 (1987).
    """
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(points, labels))
