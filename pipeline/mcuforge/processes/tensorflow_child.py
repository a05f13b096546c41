"""Runs a function that needs TensorFlow in a child process (`tensorflow_worker` there).

A child, because TensorFlow writes to stderr below Python, can take the process down with it (its
converter segfaults on some models), and holds on to hundreds of megabytes. Every call has a process
to itself. Inside of `kept` these are forked from one that has imported TensorFlow, once.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from mcuforge import errors
from mcuforge.errors import ForgeError, ToolError
from mcuforge.processes import groups, python_worker, scratch
from mcuforge.processes.fork_server import ForkedJob, ForkServer, is_possible
from mcuforge.wording import extras

Progress = Callable[[int, int], None]  # (done, total)

_NEEDED = ("tensorflow", "keras")
_TAIL_LINES = 3
_WORKER = "mcuforge.processes.tensorflow_worker"
_OURS = "mcuforge."
# Keras imports them for wrappers and pictures: a third of the time until it is there.
_OPTIONAL = ("sklearn", "matplotlib")
_ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # its kernels round differently from machine to machine
    "CUDA_VISIBLE_DEVICES": "-1",
    "PYTHONHASHSEED": "0",
}


class _Kept:
    """The servers inside of `kept`; by whether Keras is there with its optional parts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: dict[bool, ForkServer] = {}
        self.depth = 0

    def server(self, whole: bool) -> ForkServer:
        """One that is alive, started where there is none."""
        with self._lock:
            for kind in (True, False):
                found = self._servers.get(kind)
                if found is not None and found.is_alive() and kind >= whole:
                    return found
            if whole in self._servers:
                self._servers.pop(whole).end()
            made = ForkServer(_ENVIRONMENT, () if whole else _OPTIONAL)
            self._servers[whole] = made
            return made

    def enter(self) -> None:
        with self._lock:
            self.depth += 1

    def leave(self) -> None:
        with self._lock:
            self.depth -= 1
            while self._servers and not self.depth:
                self._servers.popitem()[1].end()


_kept = _Kept()


def require_tensorflow() -> None:
    """Raise `ToolError` where TensorFlow or Keras is not installed."""
    missing = _missing()
    if missing:
        raise ToolError(
            f"{' and '.join(missing)} not installed, which only `train` and `convert` need. "
            f"Install with: {extras.pip_install('train')}"
        )


def _missing() -> list[str]:
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]


@contextmanager
def kept() -> Iterator[None]:
    """Inside, TensorFlow is imported once, by the first call, and not once a call.

    May be nested: what the outermost began ends with it. A call finds no trace of those before it.
    """
    _kept.enter()
    try:
        yield
    finally:
        _kept.leave()


def expect(function: str, *, whole: bool = False) -> None:
    """Inside of `kept`, have imported what this function needs, beside whatever comes first."""
    if is_possible() and _kept.depth and not _missing():
        with suppress(OSError):
            _kept.server(whole).expect(_modules(function))


def call(
    function: str,
    arguments: Mapping[str, Any],
    on_progress: Progress | None = None,
    *,
    whole: bool = False,
    needs_tensorflow: bool = True,
) -> Any:
    """Call `function` ("package.module:name") in a child with `arguments` and a progress callback.

    Returns what it returned, which must be JSON. A `ForgeError` raised there is raised here; any
    other failure, a crash included, becomes `ToolError`. The child ends with this call, however
    the call ends. `whole`: Keras has all of its optional parts, as a script of the user's may want.
    `needs_tensorflow` is False for code of the user's that may do without.
    """
    if needs_tensorflow:
        require_tensorflow()
    with _started(function, arguments, whole=whole) as running:
        return running.result(on_progress)


@contextmanager
def started(
    function: str, arguments: Mapping[str, Any], *, whole: bool = False
) -> Iterator[Running]:
    """As `call`, beside what is done inside, which asks for the result. The child ends with it."""
    require_tensorflow()
    with _started(function, arguments, whole=whole) as running:
        yield running


@contextmanager
def _started(function: str, arguments: Mapping[str, Any], *, whole: bool) -> Iterator[Running]:
    # What it leaves in its temporary folder when it is ended goes with that folder.
    with scratch.folder() as folder, ExitStack() as stack:
        environment = {**os.environ, **_ENVIRONMENT, "TMPDIR": str(folder)}
        child: ForkedJob | _Alone
        if is_possible():
            stack.enter_context(kept())
            child = _kept.server(whole).job(_modules(function), [function], environment)
        else:
            child = _Alone(function, environment)
        stack.callback(child.end)
        child.write(json.dumps(dict(arguments)).encode() + b"\n")
        yield Running(function, child)


def _modules(function: str) -> list[str]:
    """What a server imports before it forks a process for this function."""
    module = function.partition(":")[0]
    return [*((module,) if module.startswith(_OURS) else _NEEDED), _WORKER]


class _Alone:
    """A process that was not forked, with the methods of `ForkedJob`."""

    def __init__(self, function: str, environment: Mapping[str, str]) -> None:
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - `end` closes it
        self._process = groups.start(
            python_worker.command(_WORKER, function),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._printed, env=environment,
        )  # fmt: skip

    def write(self, content: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(content)
            self._process.stdin.flush()

    def lines(self) -> Iterator[bytes]:
        assert self._process.stdout is not None
        yield from self._process.stdout

    def wait(self) -> int:
        return int(self._process.wait())

    def printed(self) -> bytes:
        self._printed.seek(0)
        return self._printed.read()

    def end(self) -> None:
        groups.end(self._process)
        for stream in (self._process.stdin, self._process.stdout, self._printed):
            with suppress(BrokenPipeError):  # what it did not read is of no use
                if stream is not None:
                    stream.close()


class Running:
    """A call that is under way."""

    def __init__(self, function: str, child: ForkedJob | _Alone) -> None:
        self._function, self._child = function, child

    def result(self, on_progress: Progress | None = None) -> Any:
        """Wait for it, as `call` does."""
        outcome = self._outcome(on_progress)
        if outcome is None:
            raise _crashed(self._function, self._child.wait(), self._child.printed())
        if "error" in outcome:
            raise _rebuilt(outcome["error"])
        return outcome["result"]

    def _outcome(self, on_progress: Progress | None) -> dict[str, Any] | None:
        """The final message, or None after a crash."""
        for line in self._child.lines():
            message: dict[str, Any] = json.loads(line)
            if "done" not in message:
                return message
            if on_progress is not None:
                on_progress(message["done"], message["total"])
        return None


def _crashed(function: str, code: int, printed: bytes) -> ToolError:
    task = function.rpartition(":")[2]
    words = " | ".join(python_worker.last_words(printed, _TAIL_LINES)) or "nothing"
    return ToolError(
        f"TensorFlow's process died in '{task}' ({python_worker.ending(code)}). The model "
        "may hold a layer that the TensorFlow Lite converter cannot take, or memory ran out. "
        f"Its last words: {words}"
    )


def _rebuilt(error: Mapping[str, str]) -> ForgeError:
    kind = getattr(errors, error["kind"], ToolError)
    rebuilt: ForgeError = kind(error["message"])
    rebuilt.add_note("In the child process:\n" + error["traceback"])
    return rebuilt
