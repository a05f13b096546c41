"""Options of the whole suite: where the hardware is."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--board` and `--port` name the board that the hardware tests run on."""
    group = parser.getgroup("hardware")
    group.addoption("--board", help="the board that is attached; its firmware is flashed")
    group.addoption("--port", help="its serial port, as a pyserial URL")
