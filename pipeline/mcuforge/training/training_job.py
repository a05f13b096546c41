"""Training, in the child process: the script, what it may be asked, and what it tells.

Without TensorFlow: `keras_training` has what Keras models need.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mcuforge.errors import ToolError, UsageError
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.training import options as script_options
from mcuforge.wording import extras


class GivenUpError(Exception):
    """The quality so far is below the floor: the model cannot be the best one."""


class Report:
    """What the script calls with what is done, of how much, and how good the model is so far.

    `floors` pair so many epochs with the least quality after them.
    """

    def __init__(self, on_progress: Progress, floors: Sequence[Sequence[float]] = ()) -> None:
        self._on_progress = on_progress
        self._floors = {int(done): least for done, least in floors}
        self.curve: dict[int, float] = {}
        self.figures: dict[str, float] = {}
        self.stopped_at: int | None = None

    def __call__(
        self, done: int, total: int, quality: float | None = None, **figures: float
    ) -> None:
        """Raises `GivenUpError` where the quality is below the floor, which the script lets go."""
        self._on_progress(int(done), int(total))
        self.figures |= {name: float(value) for name, value in figures.items()}
        if quality is None:
            return
        told = float(quality)
        if not math.isfinite(told):
            told = -sys.float_info.max  # of a training that went astray
        self.curve[int(done)] = told
        if told < self._floors.get(int(done), -math.inf):
            self.stopped_at = int(done)
            raise GivenUpError

    def told(self) -> dict[str, Any]:
        """For the parent."""
        figures = {name: value for name, value in self.figures.items() if math.isfinite(value)}
        return {
            "curve": sorted(self.curve.items()),
            "figures": figures,
            "stopped_at": self.stopped_at,
        }


@dataclass(frozen=True)
class Asked:
    """What a script is run with, and where the golden arrays go."""

    recipe_file: str
    script: str
    seed: int
    epochs: int
    options: Mapping[str, Any]
    golden: str
    floors: Sequence[Sequence[float]] = ()


def train_tflite(asked: dict[str, Any], tflite: str, on_progress: Progress) -> dict[str, Any]:
    """Run a script that makes a `.tflite`, and write that and the golden arrays.

    `asked` are the members of `Asked`.
    """

    def keep(asked: Asked, made: tuple[Any, ...]) -> None:
        if len(made) != 2 or not isinstance(made[0], bytes):
            raise UsageError(
                f"{asked.script}: train() must return the bytes of a .tflite and the golden "
                "arrays, as the recipe's [model] table names no Keras model."
            )
        Path(tflite).write_bytes(made[0])
        np.savez_compressed(asked.golden, **made[1])

    return taught(Asked(**asked), _seed, keep, on_progress)


def untrained_tflite(
    script: str, seed: int, options: dict[str, Any], file: str, on_progress: Progress
) -> list[Any]:
    """Write what the script's `untrained` gives.

    Returns its digest, None without one, and the names of the options that it takes.
    """
    on_progress(0, 1)
    _seed(seed)
    made, taken = built(script, options)
    if made is None:
        return [None, taken]
    if not isinstance(made, bytes):
        raise UsageError(f"{script}: untrained() must return the bytes of a .tflite.")
    Path(file).write_bytes(made)
    return [hashlib.sha256(made).hexdigest(), taken]


def problems_tflite(
    script: str, choices: dict[str, list[Any]], key: str, on_progress: Progress
) -> list[list[str]]:
    """What the script's `train` does not take of the values for its options: keys and words."""
    on_progress(0, 1)
    found = script_options.problems_of_choices(_trainer(script), choices, key)
    return [[problem.key, problem.text] for problem in found]


def taught(
    asked: Asked,
    begin: Callable[[int], None],
    keep: Callable[[Asked, tuple[Any, ...]], None],
    on_progress: Progress,
) -> dict[str, Any]:
    """Run the script's `train`, and tell what it told. `begin` is given the seed before.

    `keep` writes what it returns, unless it was given up.
    """
    begin(asked.seed)
    report = Report(on_progress, asked.floors)
    function = _trainer(asked.script)
    taken = script_options.checked(function, asked.options, asked.recipe_file)
    report(0, asked.epochs)
    try:
        made = tuple(function(asked.seed, asked.epochs, report, **taken))
    except GivenUpError:
        return report.told()
    keep(asked, made)
    return report.told()


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # what the script may use


def _trainer(script: str) -> Callable[..., Any]:
    function: Callable[..., Any] | None = getattr(load(Path(script)), "train", None)
    if function is None:
        raise UsageError(f"{script}: defines no function train(seed, epochs, on_progress).")
    return function


def built(script: str, options: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """What the script's `untrained` returns for those options that it takes, and their names.

    None and no names without such a function.
    """
    function = getattr(load(Path(script)), "untrained", None)
    if function is None:
        return None, []
    made = function(**script_options.arguments(function, options))
    return made, script_options.names(function)


def load(script: Path) -> ModuleType:
    """The script as a module; it may import its neighbours."""
    sys.path.insert(0, str(script.parent))
    spec = importlib.util.spec_from_file_location("recipe_train", script)
    if spec is None or spec.loader is None:
        raise UsageError(f"{script}: not a Python script.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their module up
    writes = sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # or an edit within the same second might run what was there
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise ToolError(
            f"{script}: needs the module '{error.name}', which is not installed. What the models "
            f"of this repository need comes with: {extras.pip_install('models')}"
        ) from error
    finally:
        sys.dont_write_bytecode = writes
    return module
