"""The simulator's command line: for running it, and for showing people how."""

from __future__ import annotations

from mcuforge.boards import Board

QEMU = "qemu-system-arm"
LOCALHOST = "127.0.0.1"


def qemu_command(board: Board, elf: str, monitor: str = "none") -> list[str]:
    """The command that runs `elf` on the board's machine, without a serial port yet.

    `shift=0` makes every instruction take 1 ns of the machine's time, so that its timers count
    instructions: equal work gives equal ticks, on any computer.
    """
    if board.qemu_machine is None:
        raise ValueError(f"{board.name} has no QEMU machine")
    return [
        QEMU,
        *("-machine", board.qemu_machine),
        *("-icount", "shift=0"),
        *("-display", "none", "-monitor", monitor),
        *("-kernel", elf),
    ]


def serial_options(port: int, serial: int = 0) -> list[str]:
    """Options that put UART number `serial` of the machine on a TCP port of this computer.

    Without `nodelay` each reply would wait for the acknowledgement of its first byte: 40 ms.
    """
    unused = ["-serial", "null"] * serial
    return [*unused, "-serial", f"tcp:{LOCALHOST}:{port},server=on,wait=off,nodelay=on"]
