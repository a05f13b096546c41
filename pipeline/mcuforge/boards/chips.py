"""What a board file says about its chip: clock tree, pins and LED, as typed data.

The families are those that `firmware/runtime/chip_<family>.c` drives. Numbers are checked here, so
that the C code can trust them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcuforge.files.toml_table import Table


@dataclass(frozen=True)
class Family:
    """A family of chips: how it names pins, and what its clock tree takes.

    `pin` has two groups, port and number, or one, the number. `hz` is the clock of a family
    without a PLL that we set. In Hz: `vco` is the range of crystal / m * n, `reference` that of
    crystal / m.
    """

    pin: re.Pattern[str]
    uarts: tuple[str, ...]
    hz: int | None = None
    reference: tuple[int, int] = (0, 0)
    vco: tuple[int, int] = (0, 0)
    m: tuple[int, int] = (1, 63)
    n: tuple[int, int] = (1, 511)
    p: tuple[int, ...] = ()
    has_bypass: bool = False

    @property
    def has_ports(self) -> bool:
        """Pins are of a port: PA2. Where they are not, they have only a number."""
        return self.pin.groups == 2


_STM32_PIN = re.compile(r"P([A-I])([0-9]{1,2})")
_NRF_PIN = re.compile(r"P([01])\.([0-9]{1,2})")
_RP2040_PIN = re.compile(r"GP([0-9]{1,2})")

_RP2040_P = tuple(sorted({a * b for a in range(1, 8) for b in range(1, 8)}))

# Ranges of the PLLs: RM0090 (F4), RM0410 (F7), RM0438 (L5), RP2040 Datasheet 2.18.
FAMILIES = {
    "stm32f4": Family(
        _STM32_PIN, ("stm32-usart",), reference=(1_000_000, 2_000_000),
        vco=(100_000_000, 432_000_000), m=(2, 63), n=(50, 432), p=(2, 4, 6, 8),
        has_bypass=True,
    ),
    "stm32f7": Family(
        _STM32_PIN, ("stm32-usart-v2",), reference=(1_000_000, 2_000_000),
        vco=(100_000_000, 432_000_000), m=(2, 63), n=(50, 432), p=(2, 4, 6, 8),
        has_bypass=True,
    ),
    "stm32l5": Family(
        _STM32_PIN, ("stm32-lpuart",), reference=(4_000_000, 16_000_000),
        vco=(64_000_000, 344_000_000), m=(1, 16), n=(8, 86), p=(2, 4, 6, 8),
    ),
    "nrf51": Family(_NRF_PIN, ("nrf",), hz=16_000_000),
    "nrf52": Family(_NRF_PIN, ("nrf",), hz=64_000_000),
    "rp2040": Family(
        _RP2040_PIN, ("pl011",), reference=(5_000_000, 750_000_000),
        vco=(750_000_000, 1_600_000_000), m=(1, 63), n=(16, 320), p=_RP2040_P,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Pin:
    """A pin of the chip: port 0 is A (or 0, or the only one)."""

    name: str
    port: int
    number: int


@dataclass(frozen=True)
class Pll:
    """The core's clock is crystal / m * n / p."""

    m: int
    n: int
    p: int

    @property
    def factors(self) -> tuple[int, int]:
        """Two factors of p, the larger one first and at most 7; p and 1 where there are none."""
        for large in range(7, 0, -1):
            if self.p % large == 0 and self.p // large <= large:
                return large, self.p // large
        return self.p, 1


@dataclass(frozen=True)
class Chip:
    """The chip on a board. Without an LED, or without a PLL that we set, these are None.

    `alternate` is the alternate function that connects the UART to its pins (STM32). `bypass`: a
    clock comes from outside, in place of a crystal.
    """

    family: str
    crystal_hz: int
    tx: Pin
    rx: Pin
    alternate: int = 0
    pll: Pll | None = None
    led: Pin | None = None
    led_active_high: bool = True
    bypass: bool = False


def parse_chip(table: Table, uart: Table, led: Table | None, clock_hz: int, kind: str) -> Chip:
    """The chip of `[chip]`, with the pins of `[uart]` and `[led]`. Raises `UsageError`."""
    family = table.choice("family", tuple(FAMILIES))
    rules = FAMILIES[family]
    if not table.sound or uart.stopped:  # all of it depends on the family and the kind
        for each in (table, uart, *([] if led is None else [led])):
            each.stop()
    if kind not in rules.uarts:
        uart.complain("kind", f"must be {' or '.join(rules.uarts)} on {family}")
    crystal_hz = table.integer("crystal_hz", minimum=1, maximum=10**9)
    pll = _pll(table, rules, crystal_hz, clock_hz)
    alternate = uart.integer("alternate", minimum=0, maximum=15) if "stm32" in kind else 0
    tx, rx = _pin(uart, "tx", rules), _pin(uart, "rx", rules)
    if tx == rx:
        uart.complain("rx", f"is {rx.name}, and so is tx")
    bypass = table.flag("bypass") if rules.has_bypass else False
    led_pin, active_high = None, True
    if led is not None:
        led_pin = _pin(led, "pin", rules)
        active_high = led.choice("active", ("high", "low")) == "high"
        led.finish()
    table.finish()
    return Chip(family, crystal_hz, tx, rx, alternate, pll, led_pin, active_high, bypass)


def _pin(table: Table, key: str, rules: Family) -> Pin:
    name = table.text(key, pattern=rules.pin)
    match = rules.pin.fullmatch(name)
    if match is None:
        return Pin(name, 0, 0)
    port, number = match.groups() if rules.has_ports else ("0", name.lstrip("GP"))
    index = ord(port) - ord("A") if port.isalpha() else int(port)
    limit = 32 if rules.pin is not _STM32_PIN else 16
    if int(number) >= limit:
        table.complain(key, f"is {name!r}; a port has {limit} pins")
    return Pin(name, index, int(number))


def _pll(table: Table, rules: Family, crystal_hz: int, clock_hz: int) -> Pll | None:
    if rules.hz is not None:
        if clock_hz != rules.hz:
            table.complain("family", f"has a clock of {rules.hz} Hz, but 'clock.hz' is {clock_hz}")
        return None
    pll = table.table("pll")
    m = pll.integer("m", minimum=rules.m[0], maximum=rules.m[1])
    n = pll.integer("n", minimum=rules.n[0], maximum=rules.n[1])
    p = pll.integer("p", minimum=rules.p[0], maximum=rules.p[-1])
    if p not in rules.p:
        pll.complain("p", f"is {p}; it must be one of: {', '.join(map(str, rules.p))}")
    _within(pll, "m", crystal_hz / m, rules.reference, "crystal_hz / m")
    _within(pll, "n", crystal_hz / m * n, rules.vco, "crystal_hz / m * n")
    if crystal_hz * n != clock_hz * m * p:
        got = crystal_hz * n / (m * p)
        pll.complain("p", f"gives a core clock of {got:,.0f} Hz, but 'clock.hz' is {clock_hz:,}")
    pll.finish()
    return Pll(m, n, p)


def _within(table: Table, key: str, value: float, allowed: tuple[int, int], what: str) -> None:
    low, high = allowed
    if not low <= value <= high:
        table.complain(key, f"makes {what} {value:,.0f} Hz; it must lie in [{low:,}, {high:,}]")
