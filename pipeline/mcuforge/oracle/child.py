"""Runs a model in a worker process, and turns whatever happens there into one error."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ModelError, ToolError
from mcuforge.oracle.engine import Sample
from mcuforge.processes import framing, groups, python_worker

_COMMAND = python_worker.command("mcuforge.oracle.worker")
_NOISE = ("INFO:", "WARNING:")
_LOG_LINES = 6


@dataclass(frozen=True, eq=False)
class Reply:
    """Outputs of every sample, and the tensors that were asked for, by index."""

    outputs: list[list[npt.NDArray[Any]]]
    tensors: list[dict[int, npt.NDArray[Any]]]


def run(
    name: str,
    engine: str,
    model: bytes,
    inputs: Sequence[Sample],
    tensors: Sequence[int] = (),
    timeout_s: float = 600.0,
) -> Reply:
    """Run `model` (a `.tflite`) on every sample, in order, in one interpreter.

    `inputs` holds one sequence of arrays a sample, one array for each input; all samples have the
    same shapes and dtypes. Raises `ModelError` where the interpreter refuses the model or the
    samples, crashes, or needs longer than `timeout_s`; `ToolError` where it cannot be started.
    """
    if not inputs:
        return Reply([], [])
    arrays = {"model": np.frombuffer(model, np.uint8), **_stack(inputs)}
    results, _ = _ask(name, {"engine": engine, "tensors": list(tensors)}, arrays, timeout_s)
    return _reply(results, len(inputs), tensors)


def allocation_log(name: str, model: bytes, timeout_s: float = 60.0) -> str:
    """What TFLM prints about its allocations for `model`. Raises as `run` does."""
    arrays = {"model": np.frombuffer(model, np.uint8)}
    header = {"engine": "tflm_allocations", "tensors": []}
    return _ask(name, header, arrays, timeout_s)[1]


def _ask(
    name: str, header: dict[str, Any], arrays: framing.Arrays, timeout_s: float
) -> tuple[framing.Arrays, str]:
    """The arrays of the worker's reply, and what it printed."""
    ended = _start(name, framing.pack(header, arrays), timeout_s)
    log = "\n".join(python_worker.last_words(ended.stderr, _LOG_LINES, _NOISE))
    if ended.returncode != 0:
        raise ModelError(_crash(name, ended.returncode, log))
    try:
        reply, results = framing.unpack(ended.stdout)
    except framing.FramingError as error:
        raise ToolError(f"{name}: the worker process answered with nonsense ({error}).") from None
    if "error" in reply:
        raise _refusal(name, str(reply["error"]), log)
    return results, ended.stderr.decode(errors="replace")


def _stack(inputs: Sequence[Sample]) -> dict[str, npt.NDArray[Any]]:
    first = inputs[0]
    for number, sample in enumerate(inputs):
        if [(a.shape, a.dtype) for a in sample] != [(a.shape, a.dtype) for a in first]:
            raise ModelError(f"Sample {number} has other shapes or dtypes than sample 0.")
    return {f"input{i}": np.stack([s[i] for s in inputs]) for i in range(len(first))}


def _start(name: str, request: bytes, timeout_s: float) -> subprocess.CompletedProcess[bytes]:
    try:
        return groups.run(
            _COMMAND, input=request, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=timeout_s,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"{name} did not finish within {timeout_s:g} s. The model may be damaged: "
            "`mcuforge inspect` checks it."
        ) from None
    except OSError as error:
        raise ToolError(f"{name}: cannot start {_COMMAND[0]} ({error.strerror}).") from None


def _crash(name: str, code: int, log: str) -> str:
    how = python_worker.ending(code)
    message = f"{name} crashed on the model ({how}). `mcuforge inspect` tells whether it is sound."
    return f"{message}\n{log}" if log else message


def _refusal(name: str, error: str, log: str) -> ModelError | ToolError:
    if error.startswith(("ImportError:", "ModuleNotFoundError:")):
        return ToolError(f"{name} cannot be loaded: {error}")
    return ModelError(f"{name} cannot run the model: {log or error}")


def _reply(results: framing.Arrays, samples: int, tensors: Sequence[int]) -> Reply:
    outputs = [results[f"output{i}"] for i in range(len(results) - len(set(tensors)))]
    return Reply(
        [[output[n] for output in outputs] for n in range(samples)],
        [{t: results[f"tensor{t}"][n] for t in tensors} for n in range(samples)],
    )
