"""Firmware in Renode, with its UART on a TCP port."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

from mcuforge import __version__
from mcuforge.boards import Board
from mcuforge.boards.qemu_command import LOCALHOST
from mcuforge.device.client import Device, Link
from mcuforge.device.transport import SocketTransport
from mcuforge.emit.renode_files import FOLDER, SERVER_SCRIPT, instructions_per_tick, render_renode
from mcuforge.errors import DeviceError, UsageError
from mcuforge.files import plain_paths
from mcuforge.processes import scratch
from mcuforge.simulate import renode_gaps
from mcuforge.simulate.autopsy import Symbols
from mcuforge.simulate.qemu import free_port
from mcuforge.simulate.renode_monitor import Monitor, path_token
from mcuforge.simulate.renode_program import RenodeProgram

_PORT_ATTEMPTS = 5
_CONNECT_SECONDS = 10.0
_PORT_TAKEN = re.compile(r"already\s*in\s*use", re.IGNORECASE)
_REFUSED = "There was an error executing command"
_COUNT = "cpu ExecutedInstructions"
# A UART in Renode may take its bytes at the pace of its baud rate, in the machine's time.
_LINK = Link(attempts=8, reply_seconds=5.0, lossless=True)
_SLOW = (
    "Renode's link loses nothing, and the firmware has answered before: either the simulator is "
    "slow (run the command again when this computer has less to do), or the firmware is in an "
    "endless loop."
)
_ABORT = re.compile(r"CPU abort.*")
_ABORT_PC = re.compile(r"PC=(?:0x)?([0-9a-fA-F]+)")


class _PortTakenError(Exception):
    """Another program took the port between our choice and Renode's start."""


class Renode:
    """A context manager: Renode runs inside, and has ended after it, whatever happened.

    `device` speaks the harness protocol with the firmware. Entering raises `UsageError` where there
    is no such ELF, `ToolError` where it holds what this Renode runs wrongly, and `DeviceError`
    where Renode does not start or refuses the machine; the message holds what it said.
    """

    def __init__(
        self, board: Board, elf: Path, program: RenodeProgram, link: Link | None = None
    ) -> None:
        self._board = board
        self._elf = elf
        self._program = program
        self._link = link or _LINK
        self._folder = ExitStack()
        self._monitor: Monitor | None = None
        self._transport: SocketTransport | None = None
        self._device: Device | None = None
        self.port = 0

    def __enter__(self) -> Self:
        if not self._elf.is_file():
            raise UsageError(f"{self._elf}: no such file. Build the project first.")
        renode_gaps.check(self._elf, self._program)
        try:
            for attempt in range(_PORT_ATTEMPTS):
                try:
                    self._start()
                    return self
                except _PortTakenError:
                    self.stop()
                    if attempt == _PORT_ATTEMPTS - 1:
                        raise DeviceError("Renode found no free TCP port.") from None
        except BaseException:
            self.stop()
            raise
        raise AssertionError("unreachable")

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
            raise RuntimeError("Renode is not running: use it as a context manager")
        return self._device

    @property
    def url(self) -> str:
        """Where the UART is. Renode serves one connection at a time, and `device` has it."""
        return f"socket://{LOCALHOST}:{self.port}"

    @property
    def instructions_per_tick(self) -> Fraction:
        """Instructions a tick of the firmware's stopwatch."""
        return instructions_per_tick(self._board)

    def executed_instructions(self) -> int:
        """All instructions since the start, those that wait for the UART included."""
        if self._monitor is None:
            raise RuntimeError("Renode is not running: use it as a context manager")
        return self._monitor.number(_COUNT)

    def _start(self) -> None:
        folder = self._folder.enter_context(
            scratch.folder(plain_paths.temporary_place(), "renode-")
        )
        script = _write_scripts(self._board, folder)
        elf = folder / "firmware.elf"
        shutil.copyfile(self._elf, elf)
        self._monitor = Monitor(self._program.path, folder)
        self.port = free_port()
        self._monitor.command(f"$elf={path_token(elf)}")
        self._monitor.command(f"$port={self.port}")
        self._include(self._monitor, script)
        self._transport = self._connect()
        self._device = Device(self._transport, self._link, self.explain, self._elf, self.stopped)

    def _include(self, monitor: Monitor, script: Path) -> None:
        try:
            if _REFUSED in monitor.command(f"include {path_token(script)}"):
                raise DeviceError(f"Renode refused the machine. {monitor.explain()}")
            monitor.number(_COUNT)  # there is a machine
        except DeviceError as error:
            if _PORT_TAKEN.search(error.message):
                raise _PortTakenError from None
            raise

    def _connect(self) -> SocketTransport:
        deadline = time.monotonic() + _CONNECT_SECONDS
        while True:
            try:
                return SocketTransport(LOCALHOST, self.port)
            except OSError:
                if time.monotonic() >= deadline:
                    raise DeviceError(
                        f"Renode did not open port {self.port}. {self.explain()}"
                    ) from None
                time.sleep(0.05)

    def explain(self) -> str:
        """Whether Renode still runs, and what it said last."""
        if self._monitor is None:
            return "Renode is not running."
        text = self._monitor.explain()
        heard = self._transport is not None and self._transport.heard
        return f"{_SLOW}\n{text}" if heard and self._monitor.runs else text

    def stopped(self) -> str | None:
        """What Renode logged when the core stopped for good; None where it did not.

        It does so at once after a jump to where there is no memory, and runs on without the core.
        """
        found = _ABORT.search(self._monitor.logged()) if self._monitor else None
        if found is None:
            return None
        where = _ABORT_PC.search(found[0])
        text = Symbols.of(self._elf).describe(int(where[1], 16) & ~1) if where else "unknown"
        return f"the core ran into what Renode cannot execute, at {text}. Renode: {found[0]}"

    def stop(self) -> None:
        """End Renode. May be called twice."""
        if self._device is not None:
            self._device.close()
            self._device = None
        if self._monitor is not None:
            self._monitor.close()
            self._monitor = None
        self._folder.close()


def _write_scripts(board: Board, folder: Path) -> Path:
    """The board's files in `folder`; returns the script to include."""
    header = f"Made by mcuforge {__version__} for one run."
    files = render_renode(board, board.name, header)
    for name, content in files.items():
        (folder / Path(name).name).write_bytes(content)
    if f"{FOLDER}/{SERVER_SCRIPT}" not in files:
        raise UsageError(f"The board '{board.name}' has no description for Renode.")
    return folder / SERVER_SCRIPT
