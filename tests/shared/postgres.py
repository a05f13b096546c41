"""A PostgreSQL server of Debian's packages, in a temporary folder, on this computer alone."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_VERSIONS = Path("/usr/lib/postgresql")
_USERS = ("postgres", "nobody")  # the server refuses to run as root


def programs() -> Path | None:
    """The folder of initdb and pg_ctl; None where PostgreSQL's server is not installed."""
    found = sorted(_VERSIONS.glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Server:
    """A server that is running."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._data = folder, folder / "data"
        self._run("initdb", "-D", str(self._data), "-U", "tuner", "-A", "trust", "--no-sync")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.start()

    @property
    def address(self) -> str:
        """For `--storage`."""
        return f"postgresql://tuner@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = f"-h 127.0.0.1 -p {self._port} -k {self._folder} -c fsync=off"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-o", options,
                  "-l", str(self._folder / "log"), "start")  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: "immediate" is as if the power failed."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        folder = programs()
        assert folder is not None
        user = _server_user()
        subprocess.run(
            [str(folder / program), *arguments], check=True, stdout=subprocess.DEVNULL,
            user=user, cwd=self._folder, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip


def _server_user() -> str | None:
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(user for user in _USERS if user in known)


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """A server whose files lie in a new folder, which is removed."""
    folder.mkdir()
    user = _server_user()
    if user is not None:
        shutil.chown(folder, user)
    running = Server(folder)
    try:
        yield running
    finally:
        running.stop("fast")
        shutil.rmtree(folder)
