"""The C harness around the fake model, compiled by itself under AddressSanitizer and UBSan."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from fake_project import write_project

from mcuforge import boards
from mcuforge.files import paths

HERE = Path(__file__).parent / "link"
_RUNTIME = ("harness_latent", "harness_trace", "frame", "crc32")
_PROGRAM = ("runtime/harness.c", "runtime/uart_posix.c")
_SANITIZE = "-fsanitize=address,undefined"
_FLAGS = [
    "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wconversion",
    "-fno-sanitize-recover=all", "-fno-omit-frame-pointer",
]  # fmt: skip


def write_sources(folder: Path, request_bytes: int) -> Path:
    """The project of the fake model, whose harness takes requests of so many bytes."""
    project = write_project(boards.load("host"), folder)
    for name in ("harness_features.c", "harness_features.h", "harness_rows.c"):
        shutil.copy(paths.data_dir("firmware") / "runtime" / name, project / "runtime")
    header = project / "board/host/board.h"
    text = header.read_text()
    changed = text.replace("MF_REQUEST_BYTES 4096", f"MF_REQUEST_BYTES {request_bytes}")
    assert changed != text
    header.write_text(changed)
    return project


def program(project: Path, columns: int, state_bytes: int = 0, *, rows: bool = False) -> Path:
    """Firmware whose input has 4 times so many bytes, and whose model keeps so much state.

    It takes raw samples as well, of as many numbers; not where its input and output stream as
    `rows`.
    """
    elf = project / "firmware"
    main = project / "main.c" if rows else HERE / "raw_main.c"
    sources = [main, *(project / s for s in _PROGRAM)]
    _compile(project, sources, columns, elf, state_bytes=state_bytes, features=not rows, rows=rows)
    return elf


def program_without_features(project: Path) -> Path:
    """The firmware of a project without features, which knows no requests about them."""
    elf = project / "firmware"
    sources = [project / "main.c", *(project / s for s in _PROGRAM)]
    _compile(project, sources, 600, elf, features=False)
    return elf


def fuzzer(project: Path) -> tuple[Path, bool]:
    """The fuzzer, and whether it is libFuzzer's; else it is the driver's."""
    elf = project / "fuzzer"
    target = HERE / "fuzz_harness.c"
    try:
        _compile(project, [target], 4, elf, "clang", f"{_SANITIZE},fuzzer")
        return elf, True
    except (OSError, subprocess.CalledProcessError):  # no clang, or none with libFuzzer
        _compile(project, [target, HERE / "driver.c"], 4, elf)
        return elf, False


def _compile(
    project: Path,
    sources: Sequence[Path],
    columns: int,
    elf: Path,
    compiler: str = "gcc",
    sanitize: str = _SANITIZE,
    state_bytes: int = 0,
    features: bool = True,
    rows: bool = False,
) -> None:
    runtime = project / "runtime"
    everywhere = [*_RUNTIME, "stack_posix", "ticks_posix", "chip_none"]
    everywhere += ["harness_features"] if features else []
    everywhere += ["harness_rows"] if rows else []
    files = [*sources, *(runtime / f"{n}.c" for n in everywhere), project / "model/fake_model.c"]
    files += [HERE / "fake_front_end.c"] if features else []
    folders = [runtime, project / "engines", project / "board/host", project / "model", HERE]
    command = [
        compiler, *_FLAGS, sanitize, f"-DFAKE_COLUMNS={columns}", "-DFAKE_MOST_LOOPS=9",
        f"-DFAKE_STATE_BYTES={state_bytes}u", *(["-DMF_FEATURES"] if features else []),
        *(["-DMF_ROWS", "-DFAKE_ROWS=1"] if rows else []),
        *(f"-I{f}" for f in folders), *map(str, files), "-o", str(elf),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, text=True)
