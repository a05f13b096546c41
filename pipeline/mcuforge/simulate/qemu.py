"""Firmware in QEMU, with its UART on a TCP port of this computer."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from mcuforge.boards import Board
from mcuforge.boards.qemu_command import LOCALHOST, QEMU, qemu_command, serial_options
from mcuforge.device.client import Device, Link
from mcuforge.device.transport import SocketTransport
from mcuforge.errors import DeviceError, ToolError, UsageError
from mcuforge.processes import groups
from mcuforge.processes.cpu_time import CoreShare
from mcuforge.simulate.autopsy import (
    Symbols,
    crash_text,
    lockup_text,
    running_text,
    waits_for_frame,
)
from mcuforge.simulate.memory_link import DELIMITER, MemoryLink

_START_SECONDS = 20.0
_PORT_ATTEMPTS = 5
_LOOKS, _LOOK_SECONDS = 3, 0.1
_INSTALL = (
    "Install it: Debian: apt install qemu-system-arm; Fedora: dnf install qemu-system-arm; "
    "macOS: brew install qemu; Windows: winget install SoftwareFreedomConservancy.QEMU."
)


class _PortTakenError(Exception):
    """Another program took the port between our choice and QEMU's start."""


class _QemuTransport(SocketTransport):
    """QEMU's UART, which long frames pass by. Each write wakes QEMU up, which may sleep.

    QEMU stops looking at a connection while a UART does not receive. The models of some UARTs
    (nRF51) do not tell it when they do: then the first request would wait for a second or for ever.
    """

    def __init__(self, port: int, wake: Callable[[], None], memory: MemoryLink | None) -> None:
        super().__init__(LOCALHOST, port)
        self._wake, self._memory = wake, memory

    def write(self, data: bytes) -> None:
        """Send all of `data`, which is one frame."""
        in_memory = self._memory is not None and self._memory.put(data)
        super().write(DELIMITER if in_memory else data)
        self._wake()

    def read(self, timeout: float) -> bytes:
        """What has arrived within `timeout` seconds."""
        data = super().read(timeout)
        return self._memory.with_reply(data) if self._memory is not None else data


def require_qemu() -> None:
    """Raise `ToolError` where QEMU is not installed."""
    if shutil.which(QEMU) is None:
        raise ToolError(f"{QEMU} was not found on PATH. {_INSTALL}")


class Qemu:
    """A context manager: QEMU runs inside, and has ended after it, whatever happened.

    `device` speaks the harness protocol with the firmware. Entering raises `ToolError` where QEMU
    is missing, `UsageError` where it has no machine for the board or there is no such ELF, and
    `DeviceError` where it does not start; the message holds what QEMU printed.
    """

    def __init__(self, board: Board, elf: Path, link: Link | None = None) -> None:
        self._board = board
        self._elf = elf
        self._link = link or Link(lossless=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._monitor: IO[bytes] | None = None
        self._memory: MemoryLink | None = None
        self._transport: _QemuTransport | None = None
        self._device: Device | None = None
        self._crash: str | None = None
        self.port = 0

    def __enter__(self) -> Self:
        if self._board.qemu_machine is None:
            raise UsageError(f"QEMU has no machine for the board '{self._board.name}'.")
        if not self._elf.is_file():
            raise UsageError(f"{self._elf}: no such file. Build the project first.")
        require_qemu()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def device(self) -> Device:
        """The firmware's harness."""
        if self._device is None:
            raise RuntimeError("QEMU is not running: use it as a context manager")
        return self._device

    @property
    def url(self) -> str:
        """Where the UART is. QEMU serves one connection at a time, and `device` has it."""
        return f"socket://{LOCALHOST}:{self.port}"

    def _start(self) -> None:
        for attempt in range(_PORT_ATTEMPTS):
            self.port = free_port()
            try:
                transport = self._transport = self._launch()
            except _PortTakenError:
                self.stop()
                if attempt == _PORT_ATTEMPTS - 1:
                    raise DeviceError(f"QEMU found no free TCP port on {LOCALHOST}.") from None
            else:
                self._device = Device(transport, self._link, self.explain, self._elf, self.stopped)
                return

    def _launch(self) -> _QemuTransport:
        memory = self._memory = MemoryLink.of(self._elf)
        command = [
            *_die_with_parent(),
            *qemu_command(self._board, str(self._elf), monitor="stdio"),
            *serial_options(self.port, self._board.qemu_serial),
            *(memory.options if memory else ()),
        ]
        # Files, not pipes: nobody would empty a pipe while the firmware runs.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - `stop` closes it
        self._monitor = tempfile.TemporaryFile()  # noqa: SIM115 - `stop` closes it
        self._process = groups.start(
            command, stdin=subprocess.PIPE, stdout=self._monitor, stderr=self._stderr, bufsize=0,
            pass_fds=(memory.descriptor,) if memory else (),
        )  # fmt: skip
        if memory:
            memory.started()
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                transport = _QemuTransport(self.port, self._wake, memory)
            except OSError:
                if self._process.poll() is not None:
                    raise self._start_error() from None
                time.sleep(0.01)
                continue
            if self._process.poll() is not None:
                transport.close()  # something else listens there
                raise self._start_error()
            return transport
        raise DeviceError(f"QEMU did not open its port within {_START_SECONDS:g} s.")

    def _start_error(self) -> Exception:
        text = self._printed()
        if "Address already in use" in text or "Failed to find an available port" in text:
            return _PortTakenError(text)
        return DeviceError(f"QEMU did not start. {self.explain()}")

    def _printed(self) -> str:
        if self._stderr is None:
            return ""
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace").strip()

    def explain(self) -> str:
        """Why the firmware does not answer: it locked up, it runs on (and where), or QEMU died."""
        if self._process is None:
            return "QEMU is not running."
        try:
            code: int | None = self._process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            code = None
        symbols = Symbols.of(self._elf)
        if code is None:
            return self._running_text(self._process.pid, symbols)
        printed = self._printed()
        lockup = lockup_text(printed, symbols)
        if lockup is not None:
            return lockup
        state = f"QEMU ended with exit code {code}."
        return f"{state} It printed:\n{printed}" if printed else state

    def _running_text(self, pid: int, symbols: Symbols) -> str:
        share = CoreShare(pid)
        registers = self._registers()
        heard = self._transport is not None and self._transport.heard
        return running_text(registers, symbols, answered=heard, core_share=share.so_far())

    def stopped(self) -> str | None:
        """How the core crashed where it cannot report that itself; None where it did not crash.

        Only what is seen twice is certain: on a busy computer the report may be on its way.
        """
        if self._process is None or self._process.poll() is not None:
            return None
        registers, symbols = self._registers(), Symbols.of(self._elf)
        waits = waits_for_frame(registers, symbols)
        before, self._crash = self._crash, None if waits else crash_text(registers, symbols)
        return self._crash if before is not None else None

    def _wake(self) -> None:
        """An empty line to QEMU's monitor, which makes it look at everything once."""
        self.command("")

    def command(self, line: str) -> None:
        """Give QEMU's monitor a command. What it answers is not waited for."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it ended: whoever reads from it will say so
                self._process.stdin.write(line.encode() + b"\n")

    def _registers(self) -> str:
        """The registers at a few moments; empty where QEMU's monitor does not answer."""
        found = ""
        for _ in range(_LOOKS):
            start = self._monitor.seek(0, os.SEEK_END) if self._monitor else 0
            self.command("info registers")
            time.sleep(_LOOK_SECONDS)
            if self._monitor is not None:
                self._monitor.seek(start)
                found += self._monitor.read().decode(errors="replace")
        return found

    def stop(self) -> None:
        """End QEMU. May be called twice."""
        if self._device is not None:
            self._device.close()
            self._device = None
        if self._memory is not None:
            self._memory.close()
            self._memory = None
        if self._process is not None:
            _end(self._process)
            self._process = None
        for file in (self._stderr, self._monitor):
            if file is not None:
                file.close()
        self._stderr = self._monitor = None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    groups.end(process)


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOCALHOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent() -> list[str]:
    """A prefix that makes the kernel end the child where we are killed and cannot do it."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
