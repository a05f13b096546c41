"""The published rules for each ecosystem's metadata, as far as they concern what is generated.

Zephyr: "Modules" and "Test Runner (Twister)" of its documentation. ESP-IDF: "idf_component.yml
manifest file". Arduino: "Library specification". PlatformIO: "library.json". CMSIS-Toolbox:
"CSolution project format".
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

SEMVER = re.compile(r"\d+\.\d+\.\d+(-[\w.]+)?")
ARDUINO_REQUIRED = (
    *("name", "version", "author", "maintainer", "sentence", "paragraph", "category"),
    *("architectures", "url"),
)
ARDUINO_CATEGORIES = {
    *("Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing"),
    *("Data Storage", "Data Processing", "Other", "Uncategorized"),
}
ARDUINO_NAME = re.compile(r"(?![aA]rduino)[A-Za-z0-9][\w .-]{0,62}")
ZEPHYR_MODULE_KEYS = {"name", "build", "samples", "tests", "boards", "blobs", "security", "runners"}
TWISTER_SCENARIO_KEYS = {"integration_platforms", "platform_allow", "tags", "extra_configs"}
TWISTER_COMMON_KEYS = {"tags", "harness", "harness_config", "min_ram", "min_flash"}
IDF_KEYS = {"version", "description", "license", "dependencies", "targets", "url"}
SOLUTION_KEYS = {
    *("created-for", "compiler", "packs", "target-types", "build-types", "projects", "cdefault"),
}
PROJECT_KEYS = {"groups", "layers", "components", "output", "packs", "add-path", "linker"}
LAYER_KEYS = {"type", "description", "add-path", "groups", "components", "packs"}
PACK = re.compile(r"[\w-]+::[\w-]+(@(>=|\^|~)?\d+\.\d+\.\d+)?")
COMPONENT = re.compile(r"[\w-]+::[\w -]+:[\w -]+(:[\w -]+)?(&[\w -]+)?")
DEVICE = re.compile(r"ARM::ARMCM\w+")
OPTIMIZE = {"balanced", "debug", "none", "size", "speed"}


def properties(text: str) -> dict[str, str]:
    """`key=value` lines."""
    return dict(line.split("=", 1) for line in text.splitlines() if line and line[0] != "#")


def allowed(content: dict[str, Any], keys: set[str]) -> None:
    """Fail on a key that the format does not know."""
    assert set(content) <= keys, set(content) - keys


def names_of(entries: list[dict[str, Any]], key: str) -> list[str]:
    """The values of `key`, which every entry must have."""
    return [entry[key] for entry in entries]


def exist(folder: Path, names: list[str]) -> None:
    """Fail on a file that is named but not there."""
    for name in names:
        assert (folder / name).is_file(), f"{folder / name} is missing"
