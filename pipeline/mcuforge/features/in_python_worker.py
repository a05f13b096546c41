"""The child process of `in_python`: imports the user's file and calls its function.

Reads what is asked as JSON from stdin, raw samples and codes as `.npy` files, and writes one JSON
object to what was stdout. What the user's code prints goes to stderr.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mcuforge.processes import python_worker


class _WrongError(Exception):
    """What the user's file lacks, or gives instead."""


def main() -> None:
    """Make the features of all samples."""
    with python_worker.answers(prints_to=2) as answers:
        asked = json.load(sys.stdin)
        answers.write(json.dumps(_outcome(asked)).encode())


def _outcome(asked: dict[str, Any]) -> dict[str, str]:
    try:
        _make(asked)
    except _WrongError as error:
        return {"error": str(error), "traceback": traceback.format_exc()}
    except Exception as error:
        text = " ".join(str(error).split())[:500]
        told = f"{asked['function']} failed: {type(error).__name__}: {text}"
        return {"error": told, "traceback": traceback.format_exc()}
    return {}


def _make(asked: dict[str, Any]) -> None:
    raw = np.load(asked["given"], allow_pickle=False)
    function = _function(Path(asked["python"]), asked["function"])
    codes = np.empty((len(raw), asked["elements"]), asked["output"])
    for number, sample in enumerate(raw):
        made = function(sample.reshape(asked["shape"]).copy())
        codes[number] = _checked(made, number, codes.dtype, asked["elements"]).reshape(-1)
    np.save(asked["made"], codes)


def _checked(made: Any, number: int, dtype: np.dtype[Any], elements: int) -> Any:
    if isinstance(made, np.ndarray) and made.dtype == dtype and made.size == elements:
        return made
    is_array = isinstance(made, np.ndarray)
    text = f"{made.dtype}{list(made.shape)}" if is_array else type(made).__name__
    raise _WrongError(
        f"sample {number}: gives {text}; it must give an array of {dtype}, which the recipe says, "
        f"with {elements} elements, which the model's input has."
    )


def _function(file: Path, name: str) -> Callable[[Any], Any]:
    """The function in the file, which may import its neighbours."""
    sys.dont_write_bytecode = True  # nothing is left behind beside it
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location("recipe_features", file)
    if spec is None or spec.loader is None:
        raise _WrongError("not a Python file.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        raise _WrongError(f"defines no function {name}(raw), which the recipe names.")
    found: Callable[[Any], Any] = function
    return found


if __name__ == "__main__":
    main()
