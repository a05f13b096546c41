"""Errors that a person reads.

Every error that bad input can cause derives from `ForgeError`, so that the CLI prints one message
on stderr and exits with the error's code, without a traceback (`--debug` shows one). A message
says what is wrong, where (file, op, tensor, layer), and what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click


class ForgeError(click.ClickException):
    """A failure that the user can act on. Exit code 1.

    `error_kind` is its name for scripts. `problems` are the single ones where the message lists
    several; `result` is what was found nevertheless, as JSON values.
    """

    exit_code = 1
    error_kind = "failed"

    def __init__(
        self,
        message: str,
        *,
        problems: Sequence[str] = (),
        result: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
        self.result = dict(result or {})


class UsageError(ForgeError):
    """The command line, a recipe or a board file asks for what does not exist. Exit code 2."""

    exit_code = 2
    error_kind = "usage"


class ModelError(ForgeError):
    """A model file is damaged, or not a sound full-integer model."""

    error_kind = "model"


class UnsupportedError(ModelError):
    """A sound model holds something that no kernel computes."""

    error_kind = "unsupported"


class ToolError(ForgeError):
    """A tool that the step needs is missing, too old, or failed."""

    error_kind = "tool"


class DeviceError(ForgeError):
    """The device or the simulator did not answer, or answered with a fault."""

    error_kind = "device"


class ParityError(ForgeError):
    """Two engines that must agree on every byte do not."""

    error_kind = "parity"


class GateError(ForgeError):
    """A run does not keep to a bound that was set for it."""

    error_kind = "gate"
