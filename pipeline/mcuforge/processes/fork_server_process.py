"""The process of `fork_server.py`: `python -P -m mcuforge.processes.fork_server_process NAMES`.

stdin is a socket. A message on it names modules to import, one a line; while they are imported, the
packages NAMES count as not installed. With two descriptors comes a job: a process is forked, which
runs `main` of the last of these modules. The first descriptor is a socket, its stdin and stdout,
the other is its stderr. On the socket comes first what `_become` reads, a message of `kept_worker`.

When the process has ended, its exit code goes down the socket after all that it wrote. It is
killed, with whatever it started, where the other end of the socket is closed for writing.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import FrameType
from typing import Any

from mcuforge.processes import kept_worker
from mcuforge.processes.fork_server import ENDED

LONGEST_MESSAGE = 1 << 14
_STREAMS = 2
_HUNG_UP = select.POLLRDHUP | select.POLLHUP | select.POLLERR
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


class _Server:
    """Jobs by the descriptor of their socket: process and socket; exit codes likewise."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._jobs: dict[int, tuple[int, socket.socket]] = {}
        self._untold: dict[int, tuple[bytes, socket.socket]] = {}
        self._poll = select.poll()

    def serve(self) -> None:
        """Until the other end of the control socket is closed."""
        with _child_signals() as ended:
            self._poll.register(self._control, select.POLLIN)
            self._poll.register(ended, select.POLLIN)
            try:
                while True:
                    for descriptor, _ in self._poll.poll():
                        if descriptor == ended:
                            os.read(ended, 1 << 12)
                            self._collect()
                        elif descriptor in self._untold:
                            self._tell(descriptor)
                        elif descriptor in self._jobs:
                            self._give_up(descriptor)
                        elif not self._take():
                            return
            finally:
                for pid, _ in self._jobs.values():
                    _kill(pid)

    def _take(self) -> bool:
        """Do what a message asks for; False at the end."""
        message, descriptors, _, _ = socket.recv_fds(self._control, LONGEST_MESSAGE, _STREAMS)
        if not message:
            return False
        modules = message.decode().split("\n")
        with _hidden(sys.argv[1:]):
            for module in modules:
                with suppress(Exception):  # the job will say so
                    import_module(module)
        if descriptors:
            self._fork(modules[-1], descriptors)
        return True

    def _fork(self, module: str, descriptors: Sequence[int]) -> None:
        gc.freeze()  # what was imported is no job's garbage: looking at all of it takes a second
        with warnings.catch_warnings():
            # Python warns of threads: those of BLAS, which know of forks
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if not pid:
            _run(module, descriptors, self._sockets())
        with suppress(OSError):
            os.setpgid(pid, pid)  # here as well: it may have to be killed before it does so itself
        os.close(descriptors[1])
        connection = socket.socket(fileno=descriptors[0])
        self._jobs[connection.fileno()] = pid, connection
        self._poll.register(connection, _HUNG_UP)

    def _sockets(self) -> list[socket.socket]:
        """What is no job's business."""
        theirs = [*self._jobs.values(), *self._untold.values()]
        return [self._control, *(connection for _, connection in theirs)]

    def _give_up(self, descriptor: int) -> None:
        _kill(self._jobs[descriptor][0])
        self._poll.unregister(descriptor)

    def _collect(self) -> None:
        for descriptor, (pid, connection) in list(self._jobs.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                _kill(pid)  # what it started
                del self._jobs[descriptor]
                ending = ENDED + b"%d\n" % os.waitstatus_to_exitcode(status)
                self._untold[descriptor] = ending, connection
                self._poll.register(connection, select.POLLOUT)
                self._tell(descriptor)

    def _tell(self, descriptor: int) -> None:
        """Send how a job ended, as soon as somebody reads what it wrote."""
        ending, connection = self._untold[descriptor]
        try:
            connection.send(ending, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            pass  # nobody wants to know
        self._poll.unregister(descriptor)
        connection.close()
        del self._untold[descriptor]


@contextmanager
def _hidden(modules: Sequence[str]) -> Iterator[None]:
    """Inside, an import of one of these raises `ImportError`, unless it was imported before."""
    names = [name for name in modules if name not in sys.modules]
    known: dict[str, Any] = sys.modules
    known.update(dict.fromkeys(names))
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)


@contextmanager
def _child_signals() -> Iterator[int]:
    """A descriptor that can be read when a child has ended. SIGTERM ends what is inside."""
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, _exit)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    yield ended


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _run(module: str, descriptors: Sequence[int], foreign: Sequence[socket.socket]) -> None:
    """The process of a job, from its first step to its last."""
    code = 1
    try:
        os.setpgid(0, 0)
        _end_with_parent()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        for connection in foreign:
            connection.close()
        for target, source in zip((0, 1, 2), (descriptors[0], *descriptors), strict=True):
            os.dup2(source, target)
        for descriptor in descriptors:
            os.close(descriptor)
        gc.enable()
        _become(json.loads(kept_worker.read_message(0) or b"{}"))
        import_module(module).main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code & 0xFF)


def _end_with_parent() -> None:
    """Where the server is killed, nobody else ends its jobs."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


def _become(process: dict[str, object]) -> None:
    """Take over environment, folder and arguments."""
    environment, arguments = process["environment"], process["arguments"]
    assert isinstance(environment, dict) and isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(process["folder"]))
    sys.argv = [sys.argv[0], *arguments]
    added = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [path for path in added if path and path not in sys.path]
    tempfile.tempdir = None  # TMPDIR may be another


def main() -> None:
    """Serve on what is stdin, which jobs have for themselves."""
    with socket.socket(fileno=os.dup(0)) as control, open(os.devnull) as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
        gc.disable()  # imports make hardly any garbage: looking for it is a fifth of their time
        try:
            _Server(control).serve()
        except SystemExit:
            pass  # told to end
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)  # what was imported has nothing to finish, and takes long over it


if __name__ == "__main__":
    main()
