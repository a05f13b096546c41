"""What a board's file says other build systems call the board: the table `[names]`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcuforge.files.toml_table import Table

# They become words of commands and of YAML and INI files.
_ZEPHYR = re.compile(r"[A-Za-z0-9_]+(?:@[A-Za-z0-9_.]+)?(?:/[A-Za-z0-9_]+)*")
_FQBN = re.compile(r"[\w.-]+:[\w.-]+:[\w.-]+(?::[\w.-]+=[\w.-]+(?:,[\w.-]+=[\w.-]+)*)?", re.ASCII)
_PLATFORMIO = re.compile(r"[A-Za-z0-9_-]+/[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class EcosystemNames:
    """The board's names; empty where a build system has no such board.

    `zephyr` is a board target, `arduino` a fully qualified board name, `platformio` a platform and
    a board with a slash between.
    """

    zephyr: str = ""
    arduino: str = ""
    platformio: str = ""


NO_NAMES = EcosystemNames()


def parse_names(table: Table | None) -> EcosystemNames:
    """The table `[names]`, each key of which may be missing."""
    if table is None:
        return NO_NAMES
    patterns = {"zephyr": _ZEPHYR, "arduino": _FQBN, "platformio": _PLATFORMIO}
    found = {key: table.text(key, p) for key, p in patterns.items() if table.has(key)}
    table.finish()
    return EcosystemNames(**found)
