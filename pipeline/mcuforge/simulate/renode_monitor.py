"""Renode's monitor, spoken to over standard input and output.

No port is opened for it. Renode echoes what it reads, so every command is followed by one whose
output differs from its echo: what stands between is the command's own output.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from mcuforge.errors import DeviceError
from mcuforge.processes import groups

_PROMPT = "(monitor)"
_POLL_SECONDS = 0.02
_STOP_SECONDS = 5.0
_START_SECONDS = 90.0  # .NET unpacks itself at the first start
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b.|\x07")
_HEX = re.compile(r"\b0x[0-9A-Fa-f]+\b")  # how it prints numbers, unless its settings change that
_LOG_LINES = 12


class Monitor:
    """A running Renode. `close` ends it; so does the end of this process, which ends its input."""

    def __init__(self, program: Path, folder: Path) -> None:
        """Starts it with its settings and its log in `folder`, whatever those of the user say.

        Raises `DeviceError` where it does not start.
        """
        self._log = folder / "renode.log"
        # A file, not a pipe: nobody would empty a pipe while the firmware runs.
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._count = 0
        command = [
            str(program),
            *("--disable-xwt", "--console", "--plain", "--hide-log"),
            *("--config", str(folder / "renode.config")),
        ]
        try:
            self._process = groups.start(
                command, stdin=subprocess.PIPE, stdout=self._output, stderr=subprocess.STDOUT,
                cwd=folder,
            )  # fmt: skip
        except OSError as error:
            self._output.close()
            raise DeviceError(f"{program} cannot be started: {error.strerror}.") from None
        try:
            # Before its prompt, what is sent may be lost.
            self._await(_PROMPT, 0, _START_SECONDS)
            self.command(f"logFile {path_token(self._log)} true")
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process, which leads a process group of its own."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def command(self, text: str, timeout: float = 60.0) -> str:
        """Run one command and return what it printed. Raises `DeviceError`."""
        self._count += 1
        begin = len(self._read())
        self._send(f'{text}\nstring "mcuforge" "{self._count}"\n')
        mark = f'"mcuforge {self._count}"'  # in the echo there are more quotes
        printed = self._await(mark, begin, timeout)
        return printed.replace(text, "", 1).partition(mark)[0].partition("string ")[0]

    def number(self, text: str) -> int:
        """Run a command that prints a number. Raises `DeviceError` where it prints none."""
        printed = self.command(text)
        match = _HEX.search(printed)
        if match is None:
            raise DeviceError(f"Renode has no answer to '{text}'. {self.explain()}")
        return int(match.group(), 16)

    def explain(self) -> str:
        """Whether Renode still runs, and what it printed and logged last."""
        try:
            code: int | None = self._process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            code = None
        state = "Renode still runs." if code is None else f"Renode ended with exit code {code}."
        printed = self._read().decode(errors="replace")
        lines = _last_lines(_CONTROL.sub("", printed)) + _last_lines(self.logged())
        return f"{state} It said last:\n" + "\n".join(lines) if lines else state

    def logged(self) -> str:
        """All that Renode logged."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def close(self) -> None:
        """End Renode: politely, else by force, with all that it started. May be called twice."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.closed:
            with suppress(OSError):
                stdin.write(b"quit\n")
                stdin.flush()
            with suppress(OSError):
                stdin.close()
        try:
            self._process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
        else:
            self._kill()  # what a wrapper script left behind
        if not self._output.closed:
            self._output.close()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        groups.end(self._process)

    def _send(self, text: str) -> None:
        stdin = self._process.stdin
        try:
            if stdin is None:
                raise OSError("no standard input")
            stdin.write(text.encode())
            stdin.flush()
        except (OSError, ValueError):
            raise DeviceError(f"Renode takes no more commands. {self.explain()}") from None

    def _await(self, what: str, begin: int, timeout: float) -> str:
        """What it printed from byte `begin` on, as soon as `what` is in it."""
        deadline = time.monotonic() + timeout
        while True:
            ended = self._process.poll() is not None
            printed = _CONTROL.sub("", self._read()[begin:].decode(errors="replace"))
            if what in printed:
                return printed
            if ended:
                raise DeviceError(f"Renode stopped. {self.explain()}")
            if time.monotonic() >= deadline:
                raise DeviceError(f"Renode did not answer within {timeout:g} s. {self.explain()}")
            time.sleep(_POLL_SECONDS)

    def _read(self) -> bytes:
        # Apart from the child's own position in the file, which the descriptor shares.
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0)


def path_token(path: Path) -> str:
    """A path as the monitor reads it: it knows one escape, that of a space.

    Raises `DeviceError` where the path holds what it cannot read from its standard input: what is
    not ASCII, a control character such as a tab, or ';', which ends a command.
    """
    text = path.as_posix()
    if ";" in text or not (text.isascii() and text.isprintable()):
        raise DeviceError(
            f"{path}: Renode's monitor reads no path with ';', a tab or letters beyond ASCII. Set "
            "TMPDIR to another folder."
        )
    return "@" + text.replace(" ", "\\ ")


def _last_lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()][-_LOG_LINES:]
