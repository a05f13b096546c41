"""The child process of `tensorflow.py`: it runs the function `package.module:function`.

Reads the arguments as JSON from stdin, writes one JSON message a line to what was stdout: progress,
then the result or the error. What the function prints is dropped.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, TextIO

from mcuforge.errors import ForgeError


def main() -> None:
    """Run the function named on the command line."""
    # Hand the real stdout to the messages alone. Keras prints pages when it exports a model.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as messages:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        arguments = json.load(sys.stdin)
        _send(messages, _outcome(sys.argv[1], arguments, messages))


def _outcome(function: str, arguments: dict[str, Any], messages: TextIO) -> dict[str, Any]:
    def on_progress(done: int, total: int) -> None:
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


def _send(messages: TextIO, message: dict[str, Any]) -> None:
    messages.write(json.dumps(message) + "\n")
    messages.flush()


if __name__ == "__main__":
    main()
