"""Runs a function that needs TensorFlow in a child process (`tensorflow_worker` there).

A child, because TensorFlow writes to stderr below Python, can take the process down with it (its
converter segfaults on some models), and holds on to hundreds of megabytes.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from typing import IO, Any

from mcuforge import errors
from mcuforge.errors import ForgeError, ToolError
from mcuforge.processes import groups, python_worker, scratch
from mcuforge.wording import extras

Progress = Callable[[int, int], None]  # (done, total)

_NEEDED = ("tensorflow", "keras")
_TAIL_LINES = 3
_ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # its kernels round differently from machine to machine
    "CUDA_VISIBLE_DEVICES": "-1",
    "PYTHONHASHSEED": "0",
}


def require_tensorflow() -> None:
    """Raise `ToolError` where TensorFlow or Keras is not installed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ToolError(
            f"{' and '.join(missing)} not installed, which only `train` and `convert` need. "
            f"Install with: {extras.pip_install('train')}"
        )


def call(
    function: str,
    arguments: Mapping[str, Any],
    on_progress: Progress | None = None,
) -> Any:
    """Call `function` ("package.module:name") in a child with `arguments` and a progress callback.

    Returns what it returned, which must be JSON. A `ForgeError` raised there is raised here; any
    other failure, a crash included, becomes `ToolError`. The child ends with this call, however
    the call ends.
    """
    require_tensorflow()
    command = python_worker.command("mcuforge.processes.tensorflow_worker", function)
    # What it leaves in its temporary folder when it is ended goes with that folder.
    with (
        tempfile.TemporaryFile() as noise,
        scratch.folder() as folder,
    ):
        process = groups.start(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=noise,
            env={**os.environ, **_ENVIRONMENT, "TMPDIR": str(folder)},
            text=True,
            encoding="utf-8",
        )
        try:
            outcome = _converse(process, json.dumps(dict(arguments)), on_progress)
            code = process.wait()
        finally:
            groups.end(process)
            for pipe in (process.stdin, process.stdout):
                _close(pipe)
        if outcome is None:
            raise _crashed(function, code, _tail(noise))
    if "error" in outcome:
        raise _rebuilt(outcome["error"])
    return outcome["result"]


def _converse(
    process: subprocess.Popen[str], arguments: str, on_progress: Progress | None
) -> dict[str, Any] | None:
    """Send the arguments, follow the progress; the final message, or None after a crash."""
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(arguments)
        process.stdin.close()
    except BrokenPipeError:
        return None
    for line in process.stdout:
        message: dict[str, Any] = json.loads(line)
        if "done" not in message:
            return message
        if on_progress is not None:
            on_progress(message["done"], message["total"])
    return None


def _close(pipe: IO[str] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except BrokenPipeError:
        pass  # the child is gone, and what it did not read is of no use


def _tail(noise: IO[bytes]) -> str:
    noise.seek(0)
    return " | ".join(python_worker.last_words(noise.read(), _TAIL_LINES)) or "nothing"


def _crashed(function: str, code: int, last_words: str) -> ToolError:
    task = function.rpartition(":")[2]
    return ToolError(
        f"TensorFlow's process died in '{task}' ({python_worker.ending(code)}). The model "
        "may hold a layer that the TensorFlow Lite converter cannot take, or memory ran out. "
        f"Its last words: {last_words}"
    )


def _rebuilt(error: Mapping[str, str]) -> ForgeError:
    kind = getattr(errors, error["kind"], ToolError)
    rebuilt: ForgeError = kind(error["message"])
    rebuilt.add_note("In the child process:\n" + error["traceback"])
    return rebuilt
