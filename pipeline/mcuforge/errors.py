"""Errors that a person reads.

Every error that bad input can cause derives from `ForgeError`, so that the CLI prints one message
on stderr and exits with the error's code, without a traceback (`--debug` shows one). A message
says what is wrong, where (file, op, tensor, layer), and what to do about it.
"""

from __future__ import annotations

import click


class ForgeError(click.ClickException):
    """A failure that the user can act on. Exit code 1."""

    exit_code = 1


class UsageError(ForgeError):
    """The command line, a recipe or a board file asks for what does not exist. Exit code 2."""

    exit_code = 2


class ModelError(ForgeError):
    """A model file is missing, damaged, or not a sound full-integer model."""


class UnsupportedError(ModelError):
    """A sound model holds something that no kernel computes."""


class ToolError(ForgeError):
    """A tool that the step needs is missing, too old, or failed."""


class DeviceError(ForgeError):
    """The device or the simulator did not answer, or answered with a fault."""


class ParityError(ForgeError):
    """Two engines that must agree on every byte do not."""
