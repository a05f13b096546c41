"""Builds a firmware project with CMake and Ninja, and says in one message why it failed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuforge.errors import ForgeError, ToolError, UsageError
from mcuforge.firmware_size import NO_SIZE, FirmwareSize, firmware_size

Progress = Callable[[int, int], None]

ARM_GCC = "arm-none-eabi-gcc"
_INSTALL_ARM_GCC = (
    "Install it: Debian: apt install gcc-arm-none-eabi libnewlib-arm-none-eabi; "
    "Fedora: dnf install arm-none-eabi-gcc-cs arm-none-eabi-newlib; "
    "macOS: brew install --cask gcc-arm-embedded; "
    "Windows: winget install Arm.GnuArmEmbeddedToolchain."
)
_INSTALL_HOST_COMPILER = (
    "Install one: Debian: apt install gcc; Fedora: dnf install gcc; "
    "macOS: xcode-select --install; Windows: use WSL."
)
_STEP = re.compile(r"^\[(\d+)/(\d+)\]")
_FIRST_ERROR = re.compile(r"^.*\b(?:fatal error|error|undefined reference)\b.*$", re.MULTILINE)
_OVERFLOW = re.compile(r"region [`'](\w+)' overflowed by (\d+) bytes")


class BuildError(ForgeError):
    """The project does not compile or link."""


class FitError(ForgeError):
    """The firmware does not fit the board: `over` says by how many bytes, for each region."""

    def __init__(self, message: str, over: dict[str, int]) -> None:
        super().__init__(message)
        self.over = over


@dataclass(frozen=True)
class BuildResult:
    """What a build made. For this computer there is no `hex`, `bin` and `map`; sizes are 0."""

    elf: Path
    hex: Path | None = None
    bin: Path | None = None
    map: Path | None = None
    sizes: FirmwareSize = NO_SIZE


def build(project: Path, preset: str, on_progress: Progress | None = None) -> BuildResult:
    """Configure and build a preset of the project in the folder `project`.

    `on_progress(done, total)` counts Ninja's steps. Raises `UsageError` where `project` is no
    project or has no such preset, `ToolError` where a tool is missing, `FitError` where the
    firmware is too big for the board, and `BuildError` with the first error otherwise.
    """
    embedded = _is_embedded(project, preset)
    cmake, ninja = tool("cmake"), tool("ninja")
    _require_compiler(embedded)
    folder = project / "build" / preset
    _forget_moved_build(project, folder)
    _run([cmake, "--preset", preset, f"-DCMAKE_MAKE_PROGRAM={ninja}"], project)
    _run([cmake, "--build", "--preset", preset], project, on_progress)
    if not embedded:
        return BuildResult(elf=folder / "firmware")
    elf = folder / "firmware.elf"
    return BuildResult(
        elf=elf,
        hex=elf.with_suffix(".hex"),
        bin=elf.with_suffix(".bin"),
        map=elf.with_suffix(".map"),
        sizes=firmware_size(elf),
    )


def tool(name: str) -> str:
    """Path of `cmake` or `ninja`: from PATH, else from the Python package of that name.

    Raises `ToolError` where neither is there.
    """
    beside_python = Path(sysconfig.get_path("scripts"))
    found = shutil.which(name) or shutil.which(name, path=str(beside_python))
    if found is None:
        raise ToolError(f"{name} was not found on PATH. Install it: pip install {name}.")
    return found


def _is_embedded(project: Path, preset: str) -> bool:
    file = project / "CMakePresets.json"
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        presets = {p["name"]: p for p in content["configurePresets"] if not p.get("hidden")}
    except FileNotFoundError:
        raise UsageError(f"{project} is not a firmware project: it has no {file.name}.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file}: not readable as CMake presets ({error}).") from None
    if preset not in presets:
        raise UsageError(f"{file}: no preset '{preset}'. Presets: {', '.join(presets)}.")
    return "toolchainFile" in presets[preset]


def _require_compiler(embedded: bool) -> None:
    if embedded:
        if shutil.which(ARM_GCC) is None:
            raise ToolError(f"{ARM_GCC} was not found on PATH. {_INSTALL_ARM_GCC}")
    elif not any(map(shutil.which, ("cc", "gcc", "clang"))):
        raise ToolError(f"There is no C compiler on PATH. {_INSTALL_HOST_COMPILER}")


def _forget_moved_build(project: Path, folder: Path) -> None:
    """A CMake cache names the folder that it was made in and is useless in any other."""
    cache = folder / "CMakeCache.txt"
    home = f"CMAKE_HOME_DIRECTORY:INTERNAL={project.resolve().as_posix()}"
    if cache.is_file() and home not in cache.read_text(errors="replace").splitlines():
        shutil.rmtree(folder)


def _run(command: list[str], folder: Path, on_progress: Progress | None = None) -> None:
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        lines: list[str] = []
        try:
            for line in process.stdout or ():
                lines.append(line)
                step = _STEP.match(line)
                if step and on_progress:
                    on_progress(int(step[1]), int(step[2]))
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise explain("".join(lines), folder)


def explain(output: str, project: Path) -> ForgeError:
    """The error for the output of a failed CMake or Ninja."""
    over = {region: int(count) for region, count in _OVERFLOW.findall(output)}
    if over:
        text = " and ".join(f"{region} by {count:,} bytes" for region, count in over.items())
        return FitError(
            f"The firmware does not fit the board: it exceeds {text}. "
            "Choose a smaller model or a board with more memory.",
            over,
        )
    if re.search(r"(stdint|string|stdio)\.h: No such file|cannot find -lc\b", output):
        return ToolError(f"{ARM_GCC} has no C library (newlib). {_INSTALL_ARM_GCC}")
    first = _FIRST_ERROR.search(output)
    shown = first[0].strip() if first else output.strip()[-1000:]
    return BuildError(f"The project in {project} does not build:\n{shown}")
