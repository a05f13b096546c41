"""Serial ports of this computer, and which of them is a board's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcuforge.boards import Board
from mcuforge.errors import DeviceError

AUTO = "auto"


@dataclass(frozen=True)
class Port:
    """A serial port on USB. `usb` is `vvvv:pppp`, vendor and product in hex."""

    url: str
    usb: str
    description: str

    def __str__(self) -> str:
        return f"{self.url}  {self.description} (USB {self.usb})"


Choose = Callable[[Sequence[Port]], Port]


def connected() -> list[Port]:
    """The serial ports on USB, by name."""
    from serial.tools import list_ports

    found = [
        Port(p.device, f"{p.vid:04x}:{p.pid:04x}", p.description or "serial port")
        for p in list_ports.comports()
        if p.vid is not None and p.pid is not None
    ]
    return sorted(found, key=lambda port: port.url)


def find(board: Board, choose: Choose | None = None, ports: Sequence[Port] | None = None) -> str:
    """URL of the board's port. `choose` is asked where several could be it.

    Raises `DeviceError` where there is none, or several and nobody to ask.
    """
    everything = connected() if ports is None else list(ports)
    possible = [port for port in everything if port.usb in board.hardware.serial_ports]
    if len(possible) == 1:
        return possible[0].url
    listed = "\n".join(f"  {port}" for port in (possible or everything))
    if possible:
        if choose:
            return choose(possible).url
        raise DeviceError(f"Several ports could be {board.title}; name one with --port:\n{listed}")
    seen = f" These are there; name one with --port:\n{listed}" if listed else ""
    raise DeviceError(
        f"No serial port of {board.title} was found. Is it plugged in, with a cable that carries "
        f"data?{seen}"
    )
