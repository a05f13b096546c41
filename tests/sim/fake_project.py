"""A project around fake_model.c, so that the harness is tested apart from any real model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcuforge.boards import Board
from mcuforge.emit.cmake_project import ProjectFacts, ProjectModel, render_project
from mcuforge.wording.escape import markdown_code

HERE = Path(__file__).parent
HASH = "fa4e" + "00" * 30
SHAPE = (4, 600)
OPS = 3

MODEL = ProjectModel(
    name="fake",
    title="Fake model",
    hash=HASH,
    sources=("model/fake_model.c",),
    arena_bytes=4816,
    inputs=(markdown_code("int8[4, 600]"), markdown_code("int32[1]")),
    outputs=(markdown_code("int8[4, 600]"), markdown_code("int32[1]")),
)
PROJECT = ProjectFacts("fake", (MODEL,))

Array = npt.NDArray[np.int8]


def write_project(board: Board, folder: Path) -> Path:
    """The project's files in `folder`."""
    files = render_project(board, PROJECT)
    files |= {f"model/{n}": (HERE / n).read_bytes() for n in ("fake_model.c", "fake_model.h")}
    # CMake wants the sources of every target to exist, also of the example that no test builds.
    files |= {f"application/{n}": b"" for n in ("main.c", "fake_application.c")}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def inputs(seed: int, loops: int = 0) -> list[npt.NDArray[np.int8] | npt.NDArray[np.int32]]:
    """Random data, and how many loops of two instructions op 2 turns."""
    data = np.random.default_rng(seed).integers(-128, 128, SHAPE, np.int8)
    return [data, np.array([loops], np.int32)]


def expected_ops(data: Array) -> list[Array]:
    """The outputs of the three ops, in int8 arithmetic that wraps."""
    xored = (data ^ np.int8(0x5A)).ravel()
    reverse = xored[::-1]
    return [xored, reverse, (reverse.view(np.uint8) + np.uint8(3)).view(np.int8)]
