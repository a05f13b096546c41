"""The model as a static library, where the board's compiler is at hand."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from mcuforge.boards import Board
from mcuforge.emit.flavours.board_names import board_names
from mcuforge.errors import ForgeError
from mcuforge.processes import groups, scratch

TIMEOUT_SECONDS = 300
_OPTIONS = ("-std=c11", "-O3", "-Imodel", "-Ikernels", "-Iengines")
# An application that does not use a kernel, or places the arena by its section, needs these.
_SECTIONS = ("-ffunction-sections", "-fdata-sections")


def build_archive(content: Mapping[str, bytes], board: Board) -> bytes | None:
    """The `.a` of all C files in `content`; None where compiler or archiver are missing.

    The same bytes every time: members carry no dates, and no path of this computer gets in. Raises
    `ForgeError` where the compiler refuses a file.
    """
    names = board_names(board)
    compiler, archiver = shutil.which(names.compiler), shutil.which(names.archiver)
    if compiler is None or archiver is None:
        return None
    with scratch.folder() as folder:
        for path, data in content.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        objects = []
        for source in sorted((p for p in content if p.endswith(".c")), key=_stem):
            objects.append(f"{_stem(source)}.o")
            flags = [*names.flags.split(), *_OPTIONS, *_SECTIONS, "-c", "-o", objects[-1]]
            _run([compiler, *flags, source], folder)
        _run([archiver, "rcsD", "model.a", *objects], folder)
        return (folder / "model.a").read_bytes()


def _stem(path: str) -> str:
    return PurePosixPath(path).stem


def _run(command: list[str], folder: Path) -> None:
    done = groups.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_SECONDS,
    )  # fmt: skip
    if done.returncode != 0:
        raise ForgeError(f"{command[0]} failed on {command[-1]}:\n{done.stderr.strip()[-2000:]}")
