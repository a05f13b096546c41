"""Options of the whole suite: where the hardware is, how much is drawn, which models are tried."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator

import background_jobs
import pytest
from hypothesis import settings

from mcuforge.files import user_cache
from mcuforge.processes import tensorflow_child

background_jobs.let_children_be_interrupted()
# Hundreds of processes import what is compiled once, also where the environment forbids to keep it.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Boards that somebody added to their own account are none of the suite's.
os.environ["MCUFORGE_BOARDS"] = os.devnull
# The oracle computes all that a test compares with it.
os.environ[user_cache.SWITCH] = "no"
# What is compiled again and again in the tests is compiled once, as with a launcher of the user's.
if CCACHE := shutil.which("ccache"):
    os.environ |= {
        "CMAKE_C_COMPILER_LAUNCHER": CCACHE,
        "CCACHE_DIR": str(user_cache.folder("ccache-of-tests")),
        "CCACHE_BASEDIR": tempfile.gettempdir(),
        "CCACHE_MAXSIZE": "1G",
    }
# The same code gives the same result, on a computer that is as slow as it likes.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


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
    parser.addoption(
        "--models",
        metavar="FOLDER",
        help="tests/zoo: prove every .tflite of this folder, and write zoo.md and zoo.json",
    )


@pytest.fixture(scope="session", autouse=True)
def tensorflow_starts_at_once() -> Iterator[None]:
    """Children with TensorFlow are forked from a process that has imported it."""
    with tensorflow_child.kept():
        yield
