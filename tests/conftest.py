"""Options of the whole suite: where the hardware is, how much is drawn, which models are tried."""

from __future__ import annotations

import os

import pytest

# Boards that somebody added to their own account are none of the suite's.
os.environ["MCUFORGE_BOARDS"] = os.devnull


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--board` and `--port` name the board that the hardware tests run on."""
    group = parser.getgroup("hardware")
    group.addoption("--board", help="the board that is attached; its firmware is flashed")
    group.addoption("--port", help="its serial port, as a pyserial URL")
    parser.addoption(
        "--rounds",
        type=int,
        default=5,
        help="how often the kernels' random cases are drawn; all rounds but the first are slow",
    )
