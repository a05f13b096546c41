"""A process that imports what jobs need, once, and forks a process for each of them.

An import may take seconds; a fork takes none. A job begins as it would in a process of its own,
whatever ran before it: the server runs nothing but imports. A job that crashes takes nobody along.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO

from mcuforge.processes import groups, kept_worker, python_worker

ENDED = b"\0ended "  # before the exit code: what jobs write has no zero byte
_MODULE = "mcuforge.processes.fork_server_process"


def is_possible() -> bool:
    """Whether a process with libraries in it can be forked: on Linux."""
    return sys.platform == "linux"


class ForkServer:
    """Starts at once; `end` ends it, and its jobs with it.

    For what it imports, the packages `hidden` are not installed; for its jobs they are.
    """

    def __init__(self, environment: Mapping[str, str], hidden: Sequence[str] = ()) -> None:
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - `end` closes it
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = groups.start(
                python_worker.command(_MODULE, *hidden),
                stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=self._printed,
                env={**os.environ, **environment},
            )  # fmt: skip

    def is_alive(self) -> bool:
        """Whether it takes jobs."""
        return self._process.poll() is None

    def expect(self, modules: Sequence[str]) -> None:
        """Have modules imported, for jobs to come. Does not wait for it."""
        with suppress(OSError):
            self._control.send("\n".join(modules).encode())

    def job(
        self, modules: Sequence[str], arguments: Sequence[str], environment: Mapping[str, str]
    ) -> ForkedJob:
        """A process that runs `main` of the last module; all of them are imported before, once.

        `arguments` are those of its command line.
        """
        ours, theirs = socket.socketpair()
        printed = tempfile.TemporaryFile()  # noqa: SIM115 - the job closes it
        with theirs, suppress(OSError):  # of a server that has ended: the job says so
            streams = [theirs.fileno(), printed.fileno()]
            socket.send_fds(self._control, ["\n".join(modules).encode()], streams)
        job = ForkedJob(self, ours, printed)
        process = {
            "environment": dict(environment),
            "folder": os.getcwd(),  # noqa: PTH109 - as a child would have it
            "arguments": list(arguments),
        }
        job.write(kept_worker.framed(json.dumps(process).encode()))
        return job

    def exit_code(self) -> int:
        """Of a server that was ended, as in `Popen.returncode`."""
        return int(self._process.wait())

    def printed(self) -> bytes:
        """What it wrote to stderr."""
        self._printed.seek(0)
        return self._printed.read()

    def end(self) -> None:
        """End it and all jobs."""
        self._control.close()
        groups.end(self._process)
        self._printed.close()


class ForkedJob:
    """A process of a server. After `end` it has ended, whatever it was at."""

    def __init__(self, server: ForkServer, connection: socket.socket, printed: IO[bytes]) -> None:
        self._server, self._printed = server, printed
        self._connection, self._reads = connection, connection.makefile("rb")
        self._code: int | None = None

    def write(self, content: bytes) -> None:
        """To its stdin. Where it has ended, there is nobody to read."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._connection.sendall(content)

    def lines(self) -> Iterator[bytes]:
        """What it writes to its stdout, until it ends."""
        with suppress(ConnectionResetError):
            for line in self._reads:
                _, ended, code = line.rpartition(ENDED)
                if ended:
                    self._code = int(code)
                    return
                yield line

    def wait(self) -> int:
        """How it ended, as in `Popen.returncode`. What it still writes is lost."""
        for _ in self.lines():
            pass
        return self._server.exit_code() if self._code is None else self._code

    def printed(self) -> bytes:
        """What it wrote to stderr; where it ended with its server, what that wrote."""
        self._printed.seek(0)
        return self._printed.read() if self._code is not None else self._server.printed()

    def end(self) -> None:
        """Kill it, where it still runs."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        if self._code is None:
            for _ in self.lines():
                pass
        for each in (self._reads, self._connection, self._printed):
            each.close()
