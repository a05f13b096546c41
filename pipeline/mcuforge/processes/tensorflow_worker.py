"""The child process of `tensorflow_child`: it runs the function `package.module:function`.

Reads the arguments from stdin, a line of JSON, and writes one JSON message a line to what was
stdout: progress, then the result or the error. What the function prints is dropped, and so is
progress while nobody reads it.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from mcuforge.errors import ForgeError
from mcuforge.processes import python_worker


def main() -> None:
    """Run the function named on the command line."""
    with (
        Path(os.devnull).open("w") as nowhere,  # Keras prints pages when it exports a model
        python_worker.answers(prints_to=nowhere.fileno()) as messages,
    ):
        arguments = json.loads(sys.stdin.readline())
        _send(messages, _outcome(sys.argv[1], arguments, messages))


def _outcome(function: str, arguments: dict[str, Any], messages: BinaryIO) -> dict[str, Any]:
    def on_progress(done: int, total: int) -> None:
        if done == total or _is_read(messages):
            _send(messages, {"done": done, "total": total})

    try:
        module, _, name = function.partition(":")
        call = getattr(importlib.import_module(module), name)
        return {"result": call(**arguments, on_progress=on_progress)}
    except ForgeError as error:
        return _failure(type(error).__name__, error.message)
    except Exception as error:
        text = " ".join(str(error).split())[:500]
        return _failure("ToolError", f"{name} failed: {type(error).__name__}: {text}")


def _failure(kind: str, message: str) -> dict[str, Any]:
    error = {"kind": kind, "message": message, "traceback": traceback.format_exc()}
    return {"error": error}


def _is_read(messages: BinaryIO) -> bool:
    """Whether there is room for a line. Unknown on Windows, where only sockets can be asked."""
    try:
        return bool(select.select([], [messages], [], 0)[1])
    except OSError:
        return True


def _send(messages: BinaryIO, message: dict[str, Any]) -> None:
    messages.write(json.dumps(message).encode() + b"\n")
    messages.flush()


if __name__ == "__main__":
    main()
