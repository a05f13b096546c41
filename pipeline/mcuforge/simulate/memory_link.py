"""Frames to and from the firmware through its memory, tens of times faster than over a UART.

A simulated UART costs QEMU some 50 us a byte. Here a frame is written, as it is without COBS, to
the buffer that the firmware receives frames in, then its length to `mf_frame_in_memory` (frame.h),
and a delimiter over the UART says that it is there. The firmware checks its CRC as any other's, and
may leave the reply in the same buffer, with the length in `mf_frame_out_in_memory`.
"""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cobs import cobs
from elftools.elf.elffile import ELFFile

from mcuforge.build.elf_errors import ELF_ERRORS
from mcuforge.device.protocol import Request
from mcuforge.simulate.gdb_stub import GdbStub

DELIMITER = b"\0"
LINK_VARIABLE = "MCUFORGE_LINK"  # "uart": simulators get everything over the UART, as boards do
_BUFFER, _LENGTH = "mf_harness_received", "mf_frame_in_memory"
_REPLY_LENGTH = "mf_frame_out_in_memory"
_LEAST_BYTES = 24  # what is shorter is as fast over the UART: HELLO, RUN


@dataclass(frozen=True)
class Mailbox:
    """Addresses in the firmware: of its buffer for frames, and of the length of either way's."""

    buffer: int
    capacity: int
    length: int
    reply_length: int

    @classmethod
    def of(cls, elf: Path) -> Self | None:
        """That of an ELF; None where it has none, as that of an older mcuforge, or is no ELF."""
        try:
            with elf.open("rb") as file:
                table: Any = ELFFile(file).get_section_by_name(".symtab")
                names = (_BUFFER, _LENGTH, _REPLY_LENGTH)
                buffer, *lengths = (table.get_symbol_by_name(name)[0] for name in names)
                return cls(buffer["st_value"], buffer["st_size"], *(n["st_value"] for n in lengths))
        except ELF_ERRORS:  # such as those of a table or a symbol that is not there
            return None


class MemoryLink:
    """Puts frames into a mailbox, in the memory of a QEMU that is started with `options`.

    `descriptor` is to be inherited by QEMU, and `started` called then.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        ours, self._theirs = socket.socketpair()  # no port: others could use the debugger as well
        self._debugger = GdbStub(ours)
        self._last, self._repeated = b"", False
        self._awaits = False  # whether the last frame was put, so that its reply may be in memory

    @classmethod
    def of(cls, elf: Path) -> Self | None:
        """That to an ELF; None where there can be none, and everything goes over the UART."""
        if os.name != "posix" or os.environ.get(LINK_VARIABLE) == "uart":
            return None
        mailbox = Mailbox.of(elf)
        return cls(mailbox) if mailbox else None

    @property
    def descriptor(self) -> int:
        """QEMU's end of the connection."""
        return self._theirs.fileno()

    @property
    def options(self) -> list[str]:
        """Options that make QEMU serve a debugger at `descriptor`."""
        chardev = f"socket,id=debugger,fd={self.descriptor}"
        return ["-chardev", chardev, "-gdb", "chardev:debugger"]

    def started(self) -> None:
        """QEMU has its end."""
        self._theirs.close()

    def put(self, frame: bytes) -> bool:
        """Whether a frame, as it is on the wire, is in memory now; a delimiter is to follow.

        Not so for a short one, for HELLO, and for one that is repeated: whatever went wrong, the
        UART has nothing to do with it. Nor for the one after that: copies may be arriving still, in
        the same buffer. The answer to it comes after all of them. Raises `LinkError`.
        """
        repeated, is_quiet = frame == self._last, not self._repeated
        self._last, self._repeated, self._awaits = frame, repeated, False
        if repeated or not is_quiet or len(frame) < _LEAST_BYTES:
            return False
        content = cobs.decode(frame.strip(DELIMITER))
        is_hello = content[0] == Request.HELLO  # to whatever state the device is in
        if is_hello or len(content) > self._mailbox.capacity:
            return False
        length = struct.pack("<I", len(content))
        pieces = ((self._mailbox.buffer, content), (self._mailbox.length, length))
        self._awaits = self._debugger.write(pieces)
        return self._awaits

    def with_reply(self, data: bytes) -> bytes:
        """What arrived over the UART, followed by the reply in memory if it tells of one.

        Raises `LinkError`.
        """
        if not (self._awaits and DELIMITER in data):
            return data
        box = self._mailbox
        reply = self._debugger.read_counted(box.reply_length, box.buffer, box.capacity)
        if not reply:
            return data
        self._awaits = False
        stuffed: bytes = cobs.encode(reply)
        return data + DELIMITER + stuffed + DELIMITER

    def close(self) -> None:
        """Let go of the debugger. May be called twice."""
        self._theirs.close()
        self._debugger.close()
