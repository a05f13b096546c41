"""The blocks of a page do what it says, one after the other, in a folder like a reader's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from blocks import PAGES, ROOT, Block, blocks, title

_RUN = {"sh": ["bash", "-euo", "pipefail"], "python": [sys.executable]}
_SUFFIX = {"sh": "sh", "python": "py"}
_SECONDS = 900
_EXAMPLE = ROOT / "models" / "autoencoder" / "artifacts"


def runnable(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language in _RUN and block.runs]


def folder_of_a_reader(folder: Path) -> Path:
    """A model, samples of it, and the shipped models: what the pages take for granted."""
    folder.mkdir()
    for name in ("model.keras", "model.tflite"):
        shutil.copy(_EXAMPLE / name, folder)
    shutil.copy(_EXAMPLE / "calibration.npz", folder / "samples.npz")
    hidden = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "models", folder / "models", ignore=hidden)
    return folder


def run(block: Block, folder: Path) -> None:
    """Run a block, after what is given before it."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    environment = os.environ | {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MCUFORGE_BOARDS": str(home / "boards"),
        "BOARDS": str(ROOT / "firmware" / "boards"),
    }
    text = "\n".join([*block.given, block.text]) if block.language == "sh" else block.text
    script = folder.parent / f"block.{_SUFFIX[block.language]}"
    script.write_text(text)
    if block.language == "python":
        for command in block.given:
            subprocess.run(["bash", "-ec", command], cwd=folder, env=environment, check=True)
    done = subprocess.run(
        [*_RUN[block.language], script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == block.exit_code, f"{block}\n{done.stdout[-3000:]}\n{done.stderr}"


FAST = [block for page in PAGES for block in runnable(page) if block.fast]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_a_reader(tmp_path_factory.mktemp("fast") / "reader")


@pytest.mark.parametrize("block", FAST, ids=str)
def test_fast_blocks_run(block: Block, reader: Path) -> None:
    run(block, reader)


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.tensorflow
@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=title)
def test_a_page_can_be_followed(page: Path, tmp_path: Path) -> None:
    folder = folder_of_a_reader(tmp_path / "reader")
    for block in runnable(page):
        run(block, folder)
