"""Processes that a variable of their environment tells apart: every descendant inherits it."""

from __future__ import annotations

from pathlib import Path


def commands(name: str, value: str) -> list[str]:
    """The command lines of those that are alive and have the variable with this value."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it ended, or is another user's
        if f"{name}={value}".encode() in environment and command:
            found.append(command)
    return found
