"""What a board's file says about the real thing: flash tools, debug probe, chip, serial port."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mcuforge.files.toml_table import Table

METHODS = ("pyocd", "openocd", "gdb", "jlink", "uf2", "stm32cubeprog")
_USB = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")
_WORD = 2**32 - 1
# What a method calls the board. These become arguments of tools and lines of their scripts; a board
# file may not run commands of its own there, or read files but those that come with OpenOCD.
_CHIP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_OPENOCD_PART = (
    r"(?:[A-Za-z0-9_][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_][A-Za-z0-9_+.-]*)*\.cfg"
    r"|transport select [A-Za-z0-9_]+"
    r"|adapter (?:speed [0-9]+|driver [A-Za-z0-9_-]+|srst delay [0-9]+)"
    r"|reset_config(?: [a-z_]+)+"
    r"|set [A-Za-z_][A-Za-z0-9_]* [A-Za-z0-9_.-]+)"
)
_TARGETS = {
    "pyocd": _CHIP,
    "openocd": re.compile(rf"{_OPENOCD_PART}(?: *; *{_OPENOCD_PART})*"),
    "gdb": _CHIP,
    "jlink": _CHIP,
    "uf2": re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.:+()-]*"),
    "stm32cubeprog": _CHIP,
}
_WHAT = {
    "openocd": "must hold OpenOCD's own files, such as target/stm32f4x.cfg, and of its commands "
    "transport select, adapter speed, adapter driver, reset_config and set, with ';' between"
}


@dataclass(frozen=True)
class ChipId:
    """A chip is the right one if the word at `address`, masked, is `value`."""

    address: int
    mask: int
    value: int


@dataclass(frozen=True)
class Hardware:
    """How to reach a board. USB devices are `vvvv:pppp`, vendor and product in hex.

    `targets` has what a method calls the board: pyOCD's and J-Link's name of the chip, OpenOCD's
    configuration files, the label of the drive that UF2 files are copied to. The first method is
    the default; gdb works for every board.
    """

    targets: dict[str, str] = field(default_factory=dict)
    probes: tuple[str, ...] = ()
    serial_ports: tuple[str, ...] = ()
    chip: ChipId | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """Ways to flash this board, the default first."""
        return (*(m for m in self.targets if m != "gdb"), "gdb")


NO_HARDWARE = Hardware()


def parse_hardware(board: Table) -> Hardware:
    """The tables `[flash]`, `[probe]` and `[serial]` of a board, each of which may be missing."""
    probes, chip = _probe(board.optional_table("probe"))
    return Hardware(_flash(board.optional_table("flash")), probes, _serial(board), chip)


def _flash(table: Table | None) -> dict[str, str]:
    if table is None:
        return {}
    targets = {
        method: table.text(method, pattern=_TARGETS[method], what=_WHAT.get(method))
        for method in METHODS
        if table.has(method)
    }
    default = table.choice("default", tuple(targets), names=True) if table.has("default") else None
    table.finish()
    first = {default: targets[default]} if default else {}
    return first | targets


def _probe(table: Table | None) -> tuple[tuple[str, ...], ChipId | None]:
    if table is None:
        return (), None
    usb = table.texts("usb", _USB)
    chip = None
    if table.has("id_address"):
        chip = ChipId(
            table.integer("id_address", minimum=0, maximum=_WORD),
            table.integer("id_mask", minimum=1, maximum=_WORD),
            table.integer("id_value", minimum=0, maximum=_WORD),
        )
        if chip.value & ~chip.mask:
            table.complain("id_value", "has bits that are not in 'id_mask'")
    table.finish()
    return usb, chip


def _serial(board: Table) -> tuple[str, ...]:
    table = board.optional_table("serial")
    if table is None:
        return ()
    usb = table.texts("usb", _USB)
    table.finish()
    return usb
