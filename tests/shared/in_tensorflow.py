"""Python that needs TensorFlow, in processes forked from one that has imported it: seconds less."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from mcuforge.processes import tensorflow_child

SHARED = Path(__file__).parent


def call(function: str, arguments: Mapping[str, Any], beside: Path = SHARED) -> Any:
    """What `module:function` returns; the module lies in the folder `beside`."""
    path = os.environ.get("PYTHONPATH", "")
    with mock.patch.dict(os.environ, PYTHONPATH=f"{beside}{os.pathsep}{path}"):
        return tensorflow_child.call(function, arguments)


def run(script: str | Path, *arguments: str | Path) -> None:
    """As `python SCRIPT ARGUMENTS`; the script is a file, or its text."""
    text = script.read_text() if isinstance(script, Path) else script
    given = [str(script) if isinstance(script, Path) else "-c", *map(str, arguments)]
    call("in_tensorflow:execute", {"text": text, "arguments": given})


def execute(text: str, arguments: list[str], on_progress: Callable[[int, int], None]) -> None:
    """In the child: `run` asks for it."""
    del on_progress
    sys.argv = arguments
    exec(compile(text, arguments[0], "exec"), {"__name__": "__main__"})
