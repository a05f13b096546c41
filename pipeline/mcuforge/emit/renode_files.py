"""Renode's files for a board: platform, scripts and a Robot Framework test.

The platform describes what the firmware uses, nothing else, so that it loads without a network.
Everything follows from the board file; tests compare types, properties and commands with a table of
what Renode has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from mcuforge.boards import Board, Uart
from mcuforge.device import protocol
from mcuforge.device.protocol import Message, Request
from mcuforge.emit import templates
from mcuforge.wording.escape import Escaped

FOLDER = "renode"
MACHINE_SCRIPT = "firmware.resc"
SERVER_SCRIPT = "serve.resc"
_MEGA = 10**6
_SESSION = 1  # of the Robot test's HELLO
_NRF_TIMER_BASE = 0x4000_8000

# Seconds of the machine's time between two looks at the outside world. Renode's model of the nRF
# timer is up to date only then, while reading SysTick brings the time up to date.
_QUANTUM = {"systick": "0.001000", "nrf-timer": "0.000020"}


@dataclass(frozen=True)
class Peripheral:
    """A peripheral in a platform: its name there, Renode's type, where it lies, its properties."""

    name: str
    type: str
    where: str
    properties: Mapping[str, str] = field(default_factory=dict)


def _at(base: int) -> str:
    return f"0x{base:08X}"


def _stm32_usart(uart: Uart) -> Peripheral:
    # The only model without a size of its own.
    where = Escaped(f"<{_at(uart.base)}, +0x400>")
    return Peripheral("uart0", "UART.STM32_UART", where, {"frequency": str(uart.clock_hz)})


def _clocked(model: str, **more: str) -> Callable[[Uart], Peripheral]:
    def peripheral(uart: Uart) -> Peripheral:
        properties = {"frequency": str(uart.clock_hz), **more}
        return Peripheral("uart0", f"UART.{model}", _at(uart.base), properties)

    return peripheral


def _nrf(uart: Uart) -> Peripheral:
    return Peripheral("uart0", "UART.NRF52840_UART", _at(uart.base), {"easyDMA": "false"})


_UARTS: dict[str, Callable[[Uart], Peripheral]] = {
    "cmsdk": _clocked("CMSDK_APB_UART"),
    "stm32-usart": _stm32_usart,
    "stm32-usart-v2": _clocked("STM32F7_USART"),
    "stm32-lpuart": _clocked("STM32F7_USART", lowPowerMode="true"),
    "nrf": _nrf,
    "pl011": _clocked("PL011"),
}


def peripherals(board: Board) -> tuple[Peripheral, ...]:
    """The UART, and the stopwatch where it is not the core's own SysTick."""
    found = [_UARTS[board.uart.kind](board.uart)]
    if board.ticks.kind == "nrf-timer":
        properties = {"numberOfEvents": "4"}
        found.append(
            Peripheral("timer0", "Timers.NRF52840_Timer", _at(_NRF_TIMER_BASE), properties)
        )
    return tuple(found)


def mips(board: Board) -> int:
    """Instructions that Renode runs in a microsecond of the machine's time: one a clock."""
    return max(1, round(board.clock_hz / _MEGA))


def instructions_per_tick(board: Board) -> Fraction:
    """Instructions a tick of the firmware's stopwatch in Renode."""
    return Fraction(mips(board) * _MEGA, board.ticks.hz)


def version_text(version: tuple[int, ...]) -> str:
    """`1.16.1`."""
    return ".".join(map(str, version))


def render_renode(board: Board, model: str, header: str) -> dict[str, bytes]:
    """Relative path -> content of `renode/` in a project; empty where Renode lacks the board.

    `model` is the model's C name, which the firmware tells its host.
    """
    if board.renode is None:
        return {}
    hello = Message(Request.HELLO, 0, state=protocol.VERSION, session=_SESSION)
    values = {
        "board": board,
        "model": model,
        "header": header,
        "minimum": version_text(board.renode.minimum),
        "peripherals": peripherals(board),
        "mips": mips(board),
        "instructions_per_tick": f"{float(instructions_per_tick(board)):g}",
        "quantum": _QUANTUM[board.ticks.kind],
        "vector_table": board.vector_table,
        "hello": [f"0x{b:02X}" for b in protocol.encode(hello)],
    }
    names = ("firmware.repl", MACHINE_SCRIPT, SERVER_SCRIPT, "firmware.robot")
    return {f"{FOLDER}/{name}": templates.render(f"renode/{name}.j2", **values) for name in names}
