"""What a command that fails prints with `--json`, alone or beside what it found nevertheless."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

SCHEMA = "error/1"
VERSION = 1  # of the object


class Error(Struct, frozen=True):
    """Why a command failed; `problems` are the single ones where there are several."""

    version: Literal[1]
    kind: Literal[
        "usage",
        "model",
        "unsupported",
        "tool",
        "device",
        "parity",
        "gate",
        "failed",
        "interrupted",
        "internal",
    ]
    exit_code: int
    message: str
    problems: tuple[str, ...]  # fmt: skip


class ErrorDocument(Struct, frozen=True):
    """A failure before there was a result."""

    mcuforge: str
    schema: str
    error: Error
