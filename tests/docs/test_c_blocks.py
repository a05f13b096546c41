"""The C of the pages compiles, without warnings, beside the models that it speaks of."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from blocks import PAGES, ROOT, Block, blocks
from stateful_models import wake_word

import mcuforge
from mcuforge.emit.extras import of_recipe
from mcuforge.emit.project import emit as emit_project

# What the application around a block has.
_SURROUNDINGS = """
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "autoencoder_model.h"
#include "detector_model.h"
#include "unet_model.h"
#include "wake_model.h"
#define INVERSE_SCALE 65536
extern float readings[], results[];
extern uint8_t buffer[1 << 20];
"""
_MACROS = ("DETECTOR_ARENA_BY_CALLER", "UNET_ARENA_BY_CALLER", "WAKE_STATE_BY_CALLER")
_FUNCTION = re.compile(r"^(?!if|for|while|switch)\w[\w *]*\([^;]*\)\s*\{$", re.MULTILINE)
_C = [block for page in PAGES for block in blocks(page) if block.language == "c" and block.runs]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library of each model that pages speak of, by their names."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "wake.tflite").write_bytes(wake_word())
    shipped = ROOT / "models"
    files = {
        "autoencoder": shipped / "autoencoder" / "artifacts" / "model.tflite",
        "detector": shipped / "autoencoder" / "artifacts" / "model.tflite",
        "unet": shipped / "unet" / "artifacts" / "model.tflite",
        "wake": folder / "wake.tflite",
    }
    board = mcuforge.load_board("mps2-an386")
    for name, tflite in files.items():
        plan = mcuforge.plan_for(board, tflite, name)
        mcuforge.emit_project(plan, board, folder / name, flavour="library")
    rows = mcuforge.BorderRows(inputs=True, outputs=True)
    plan = mcuforge.plan_for(board, files["autoencoder"], "model", borders=rows)
    mcuforge.emit_project(plan, board, folder / "model", flavour="library")
    chirps = mcuforge.load_recipe(shipped / "chirps")
    plan = mcuforge.plan_for(board, chirps.tflite, chirps.name)
    extras = of_recipe(chirps, plan.graph)
    emit_project(plan, board, folder / chirps.name, flavour="library", extras=extras)
    return folder


def program(text: str) -> str:
    """The block in what is around it; statements alone become a function."""
    if _FUNCTION.search(text) or not re.search(r";\s*(/\*.*\*/)?$", text, re.MULTILINE):
        return _SURROUNDINGS + text
    lines = text.splitlines()
    outside = [line for line in lines if line.startswith("#")]
    inside = [line for line in lines if not line.startswith("#")]
    return "\n".join(
        [
            _SURROUNDINGS,
            *outside,
            "bool page(void);",
            "bool page(void) {",
            *inside,
            "return true; }",
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("block", _C, ids=str)
def test_c_blocks_compile(block: Block, models: Path, tmp_path: Path) -> None:
    source = tmp_path / "block.c"
    source.write_text(program(block.text))
    includes = [f"-I{folder}" for folder in models.glob("*/include")]
    done = subprocess.run(
        ["gcc", "-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
         *(f"-D{macro}=1" for macro in _MACROS), *includes, source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{block}\n{done.stderr}"


def test_there_is_c_to_compile() -> None:
    assert len(_C) >= 6
