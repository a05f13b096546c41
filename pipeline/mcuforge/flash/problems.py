"""What goes wrong with probes and chips: recognised in what a tool prints, and said in words."""

from __future__ import annotations

import os
import re
import sys
from enum import Enum
from pathlib import Path

from mcuforge.boards import Board
from mcuforge.errors import DeviceError

_SYSFS = Path("/sys/bus/usb/devices")
_RULES = "/etc/udev/rules.d/70-mcuforge.rules"
_SHOWN_CHARACTERS = 1500


class Kind(Enum):
    """Why flashing failed."""

    NO_PROBE = "no probe"
    SEVERAL_PROBES = "several probes"
    PERMISSION = "permission"
    WRONG_CHIP = "wrong chip"
    LOCKED = "locked"
    LOST = "lost"
    VERIFY = "verify"
    OTHER = "other"


class FlashError(DeviceError):
    """The board was not flashed; `kind` says why."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


# In this order: a tool that lost its probe may add that it could not verify.
_SIGNS = (
    (
        Kind.PERMISSION,
        r"LIBUSB_ERROR_ACCESS|insufficient permissions|permission denied|access denied",
    ),
    (
        Kind.LOCKED,
        r"read(?:out)?[- ]?(?:out )?protect|RDP level|APPROTECT|device is (?:secured|locked)"
        r"|chip is (?:secured|locked)|target is locked|flash memory is protected",
    ),
    (
        Kind.NO_PROBE,
        r"unable to find a matching|no debug probe|no st-?link detected|no available debug probes"
        r"|cannot connect to (?:the )?(?:j-?link|probe)|connecting to j-?link via usb\.*failed"
        r"|no j-?link|open failed|no device found|unable to open \S+ device|connection refused"
        r"|connection timed out|no route to host"
        r"|could not connect: |\bno stlink\b|cannot resolve name",
    ),
    (
        Kind.LOST,
        r"LIBUSB_ERROR_NO_DEVICE|LIBUSB_ERROR_PIPE|remote connection closed|connection reset"
        r"|remote communication error|remote failure reply|connection (?:was )?lost|disconnected"
        r"|ignoring packet error",
    ),
    (Kind.VERIFY, r"mis-?match|verif\w+ (?:failed|error)|contents differ|checksum"),
)


def recognise(output: str) -> Kind:
    """What the output of a tool that failed says."""
    for kind, sign in _SIGNS:
        if re.search(sign, output, re.IGNORECASE):
            return kind
    return Kind.OTHER


def explain(board: Board, tool: str, output: str) -> FlashError:
    """The error for the output of a tool that failed."""
    kind = recognise(output)
    if kind is Kind.NO_PROBE and tool != "gdb" and not_permitted(board):
        kind = Kind.PERMISSION
    shown = output.strip()[-_SHOWN_CHARACTERS:]
    return FlashError(kind, f"{text(kind, board, tool)}\n{tool} says:\n{shown}")


def text(kind: Kind, board: Board, tool: str) -> str:
    """What is wrong, and what to do."""
    if kind is Kind.PERMISSION:
        return permission_text(board)
    return {
        Kind.NO_PROBE: _no_probe(board, tool),
        Kind.LOCKED: (
            f"The chip of {board.title} is locked: its flash can be neither read nor written. "
            "Unlocking erases all of it; --erase allows that, where the tool can."
        ),
        Kind.LOST: (
            f"The connection to {board.title} was lost while flashing. The firmware on it is "
            "incomplete: check cable and power, and flash again."
        ),
        Kind.VERIFY: (
            f"{board.title} does not hold what was written. Flash again; if that fails too, the "
            "flash is write-protected or worn out."
        ),
    }.get(kind, f"{board.title} was not flashed: {tool} failed.")


def _no_probe(board: Board, tool: str) -> str:
    if tool == "gdb":
        return (
            "There is no gdbserver. Start one, such as `openocd`, `pyocd gdbserver`, "
            "`JLinkGDBServer` or QEMU with -gdb, and give its address with --gdb-server."
        )
    known = board.hardware.probes
    looked = f" (USB {', '.join(known)})" if known else ""
    return (
        f"No debug probe was found for {board.title}{looked}. Is it plugged in, with a cable that "
        "carries data, and is no other program using it?"
    )


def wrong_chip(board: Board, found: int) -> FlashError:
    """The chip identifies itself as another than the board's."""
    chip = board.hardware.chip
    wanted = f", not 0x{chip.value:x}" if chip else ""
    return FlashError(
        Kind.WRONG_CHIP,
        f"The probe is connected to another chip than that of {board.title}: it identifies itself "
        f"as 0x{found:x}{wanted}. Nothing was written. Choose the right --board or --probe.",
    )


def permission_text(board: Board) -> str:
    """Why the probe may not be used, with the udev rule that allows it."""
    if not sys.platform.startswith("linux"):
        return (
            f"This user may not use the debug probe of {board.title}. Close other programs that "
            "use it, and check its driver."
        )
    return (
        f"This user may not use the debug probe of {board.title}. As root, put into {_RULES}:\n"
        f"{udev_rules(board.hardware.probes)}\n"
        "then run: udevadm control --reload && udevadm trigger; and plug the board in again."
    )


def udev_rules(probes: tuple[str, ...]) -> str:
    """Rules for USB devices `vvvv:pppp`, for raw USB and for HID (CMSIS-DAP 1)."""
    lines = []
    for usb in probes or ("vvvv:pppp",):
        vendor, product = usb.split(":")
        which = f'ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}"'
        lines.append(f'SUBSYSTEM=="usb", {which}, MODE="0660", TAG+="uaccess"')
        lines.append(f'KERNEL=="hidraw*", {which}, MODE="0660", TAG+="uaccess"')
    return "\n".join(lines)


def not_permitted(board: Board, sysfs: Path = _SYSFS, devices: Path = Path("/dev")) -> bool:
    """True where one of the board's probes is plugged in, and this user may not write to it.

    Linux only: the tools themselves often say just that they found nothing.
    """
    for folder in sysfs.glob("*"):
        usb = f"{_read(folder / 'idVendor')}:{_read(folder / 'idProduct')}"
        if usb in board.hardware.probes:
            bus, number = _read(folder / "busnum"), _read(folder / "devnum")
            node = devices / "bus" / "usb" / bus.zfill(3) / number.zfill(3)
            if node.exists() and not os.access(node, os.R_OK | os.W_OK):
                return True
    return False


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
