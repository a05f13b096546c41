"""The metrics by name: which of them a recipe gives, and when one is better than another.

`recipe/metrics.py` computes them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# What `metrics.evaluate` may give for each `metric` of a recipe, in its order.
GIVEN = {
    "reconstruction": ("mse", "auc", "code_sparsity", "code_zeros"),
    "classification": ("accuracy",),
    "regression": ("mae", "rmse", "r2", "r2_worst"),
    "segmentation": ("mean_iou",),
    "denoising": ("psnr", "psnr_gain"),
    "generation": ("psnr",),
    "none": (),
}
# The one that says in a single number how good the model is. More is better.
MAIN = {
    "reconstruction": "auc",
    "classification": "accuracy",
    "regression": "r2",
    "segmentation": "mean_iou",
    "denoising": "psnr",
    "generation": "psnr",
}
LESS_IS_BETTER = ("mse", "mae", "rmse")
_NEITHER = ("code_sparsity", "code_zeros")  # what a code looks like, not how good it is
ALL = tuple(dict.fromkeys(name for names in GIVEN.values() for name in names))
MORE_IS_BETTER = tuple(n for n in ALL if n not in LESS_IS_BETTER and n not in _NEITHER)


def main(names: Iterable[str]) -> str | None:
    """The main metric among those that a report holds; None where it is not there."""
    held = set(names)
    return next((name for name in MAIN.values() if name in held), None)


def problem_with_bound(name: str, *, lower: bool, among: Iterable[str] = ALL) -> str | None:
    """Why a lower (or else an upper) bound for a metric makes no sense; None where it does."""
    known = tuple(among)
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        return f"there is no metric '{name}'{hint}; there are: {', '.join(known) or 'none'}"
    if lower and name in LESS_IS_BETTER:
        return f"of {name} less is better: bound it from above, as max-metric"
    if not lower and name in MORE_IS_BETTER:
        return f"of {name} more is better: bound it from below, as min-metric"
    return None


def less_is_better(name: str) -> bool | None:
    """True where less of a metric is better, False where more is, None where neither is known."""
    return True if name in LESS_IS_BETTER else False if name in MORE_IS_BETTER else None
