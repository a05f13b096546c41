"""Runs a model in a worker process, and turns whatever happens there into one error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ModelError, ToolError
from mcuforge.oracle import remembered
from mcuforge.oracle.engine import Sample
from mcuforge.processes import framing, python_worker
from mcuforge.processes.kept_worker import Answer, KeptWorker

_COMMAND = python_worker.command("mcuforge.oracle.worker")
_TFLM, _LITERT = "tflm", "litert"  # what a worker is told to load
_ALLOCATIONS = "tflm_allocations"
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
    header = {"engine": engine, "tensors": list(dict.fromkeys(tensors))}
    request = framing.pack(header, arrays)
    entry = remembered.entry(model, request)
    content = entry.load() if entry else None
    if content is None:
        content = _ask(name, engine, request, timeout_s).content
        if entry:
            entry.store(content)
    return _reply(_unpacked(name, content)[1], len(inputs), tensors)


def allocation_log(name: str, model: bytes, timeout_s: float = 60.0) -> str:
    """What TFLM prints about its allocations for `model`. Raises as `run` does."""
    arrays = {"model": np.frombuffer(model, np.uint8)}
    header = {"engine": _ALLOCATIONS, "tensors": []}
    found = _ask(name, _ALLOCATIONS, framing.pack(header, arrays), timeout_s)
    return found.printed.decode(errors="replace")


def _ask(name: str, engine: str, request: bytes, timeout_s: float) -> Answer:
    """A worker's answer, which holds results: whatever else happened is raised."""
    found = _answer(name, engine, request, timeout_s)
    log = "\n".join(python_worker.last_words(found.printed, _LOG_LINES, _NOISE))
    if found.exit_code:
        raise ModelError(_crash(name, found.exit_code, log))
    header, _ = _unpacked(name, found.content)
    if "error" in header:
        raise _refusal(name, str(header["error"]), log)
    return found


def _unpacked(name: str, content: bytes) -> tuple[dict[str, Any], framing.Arrays]:
    try:
        return framing.unpack(content)
    except framing.FramingError as error:
        raise ToolError(f"{name}: the worker process answered with nonsense ({error}).") from None


def _stack(inputs: Sequence[Sample]) -> dict[str, npt.NDArray[Any]]:
    first = inputs[0]
    for number, sample in enumerate(inputs):
        if [(a.shape, a.dtype) for a in sample] != [(a.shape, a.dtype) for a in first]:
            raise ModelError(f"Sample {number} has other shapes or dtypes than sample 0.")
    return {f"input{i}": np.stack([s[i] for s in inputs]) for i in range(len(first))}


@contextmanager
def kept(*, eager: bool = True) -> Iterator[None]:
    """Inside, a worker stays for the next request: one for TFLM, one for all else.

    If `eager`, both begin to load their interpreters at once. TFLM decides, and shares its process
    with no other interpreter.
    """
    if _kept.workers is not None:  # somebody around us keeps them
        yield
        return
    _kept.workers = {}
    try:
        with suppress(OSError):  # whoever needs one will say so
            for family in (_TFLM, _LITERT) if eager else ():
                _kept.workers[family] = KeptWorker([*_COMMAND, family])
        yield
    finally:
        workers, _kept.workers = _kept.workers, None
        for worker in workers.values():
            worker.close()


@dataclass
class _Kept:
    """By which interpreters they have loaded; None outside of `kept`."""

    workers: dict[str, KeptWorker] | None = None


_kept = _Kept()


def _answer(name: str, engine: str, request: bytes, timeout_s: float) -> Answer:
    """The worker's answer, by one that is kept, or by one for this request."""
    try:
        with ExitStack() as stack:
            worker = _worker(engine, stack)
            found = worker.ask(request, timeout_s)
            if found.exit_code is None and _kept.workers is not None:
                _kept.workers[_family(engine)] = worker
                stack.pop_all()
            return found
    except TimeoutError:
        raise ModelError(
            f"{name} did not finish within {timeout_s:g} s. The model may be damaged: "
            "`mcuforge inspect` checks it."
        ) from None
    except OSError as error:
        raise ToolError(f"{name}: cannot start {_COMMAND[0]} ({error.strerror}).") from None


def _worker(engine: str, stack: ExitStack) -> KeptWorker:
    """A worker for the engine, which ends with the stack: it is kept once it has answered."""
    found = _kept.workers.pop(_family(engine), None) if _kept.workers is not None else None
    worker = found or KeptWorker([*_COMMAND, _family(engine)])
    stack.callback(worker.close)
    return worker


def _family(engine: str) -> str:
    return _TFLM if engine.startswith(_TFLM) else _LITERT


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
