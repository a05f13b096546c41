"""The Robot test of a project, run over a machine whose clock tells what it costs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import fake_project as fake
import pytest

from mcuforge import boards
from mcuforge.emit.cmake_project import render_project

HERE = Path(__file__).parent
BOARD = boards.load("mps2-an386")


def run(folder: Path, ready: float) -> tuple[int, float]:
    """Exit code, and the seconds of the machine's time that all three tests took."""
    folder.mkdir()
    script = render_project(BOARD, fake.PROJECT)["renode/firmware.robot"].decode()
    (folder / "firmware.robot").write_text(script)
    keywords = folder / "keywords.resource"
    keywords.write_text(f"*** Settings ***\nLibrary    {HERE / 'machine.py'}\n")
    listed = re.search(r"@\{HELLO\}((?:.*\n\.\.\.)*.*\n)", script)
    assert listed
    environment = os.environ | {
        "READY": str(ready),
        "LOG": str(folder / "seconds"),
        "HELLO_BYTES": str(len(re.findall("0x", listed[1]))),
    }
    done = subprocess.run(
        [sys.executable, "-m", "robot", "--output", "NONE", "--report", "NONE", "--log", "NONE",
         "--variable", f"RENODEKEYWORDS:{keywords}", str(folder / "firmware.robot")],
        env=environment, capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    return done.returncode, float((folder / "seconds").read_text())


@pytest.mark.parametrize("ready", [0.0001, 0.03, 0.3])
def test_it_takes_little_more_than_the_firmware_needs(ready: float, tmp_path: Path) -> None:
    code, seconds = run(tmp_path / "a folder with spaces", ready)
    assert code == 0
    assert seconds < 2 * ready + 0.15


def test_firmware_that_never_answers_fails_soon(tmp_path: Path) -> None:
    code, seconds = run(tmp_path / "project", 1e9)
    assert code == 2
    assert seconds < 2.5
