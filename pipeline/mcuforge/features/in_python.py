"""Runs the Python of a recipe's features on raw samples, in a child process.

It is the user's own program, as the training script is. A child, because it may print, exit, crash
or hang.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ForgeError, ToolError, UsageError
from mcuforge.processes import groups, python_worker, scratch
from mcuforge.recipe.features import Features

TIMEOUT_SECONDS = 600
_WORKER = "mcuforge.features.in_python_worker"
_LAST_WORDS = 3


def compute(features: Features, raw: npt.NDArray[Any], elements: int) -> npt.NDArray[np.integer]:
    """The codes [N, elements] that the recipe's Python makes of raw samples [N, ...].

    Raises `UsageError` where there is no such file or function, `ToolError` where it fails, and
    `ForgeError` where it gives something else than the recipe says.
    """
    if not features.python.is_file():
        raise UsageError(f"features.python: {features.python} does not exist.")
    with scratch.folder() as folder:
        given, made = folder / "raw.npy", folder / "codes.npy"
        np.save(given, raw)
        asked = {
            "python": str(features.python),
            "function": features.function,
            "shape": features.raw_shape,
            "output": features.output,
            "elements": elements,
            "given": str(given),
            "made": str(made),
        }
        _run(features.python, asked)
        return np.asarray(np.load(made, allow_pickle=False))


def _run(python: Path, asked: dict[str, Any]) -> None:
    try:
        done = groups.run(
            python_worker.command(_WORKER),
            input=json.dumps(asked).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise ToolError(
            f"{python}: did not make its features within {TIMEOUT_SECONDS} s, and was ended."
        ) from None
    outcome = _outcome(done.stdout)
    if done.returncode != 0 or outcome is None:
        said = " | ".join(python_worker.last_words(done.stderr, _LAST_WORDS)) or "nothing"
        raise ToolError(
            f"{python}: its process ended ({python_worker.ending(done.returncode)}) before the "
            f"features were made. Its last words: {said}"
        )
    if "error" in outcome:
        error = ForgeError(f"{python}: {outcome['error']}")
        error.add_note("In the child process:\n" + outcome["traceback"])
        raise error


def _outcome(answer: bytes) -> dict[str, str] | None:
    try:
        found = json.loads(answer)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
