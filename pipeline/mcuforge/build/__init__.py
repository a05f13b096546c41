"""Builds a firmware project with CMake and Ninja, and says in one message why it failed.

A project's folder -> ELF, HEX, BIN, UF2 and sizes. Knows nothing of how the project was written,
nor of what runs it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mcuforge.build import image, uf2
from mcuforge.build.configured import Configuration
from mcuforge.build.firmware_size import NO_SIZE, FirmwareSize, firmware_size
from mcuforge.build.toolchains import CLANG, GCC, TOOLCHAINS, ZIG, Toolchain, zig_program
from mcuforge.errors import ForgeError, ToolError, UsageError
from mcuforge.files import atomic, plain_paths, untrusted
from mcuforge.processes import groups
from mcuforge.wording import extras, notebook

Progress = Callable[[int, int], None]

_INSTALL_HOST_COMPILER = (
    "Install one: Debian: apt install gcc; Fedora: dnf install gcc; "
    "macOS: xcode-select --install; Windows: use WSL."
)
_STEP = re.compile(r"^\[(\d+)/(\d+)\]")
_OTHER_CORE = re.compile(
    r"^.*(?:uses VFP register arguments|conflicting (?:CPU )?architectur|unknown EABI"
    r"|file in wrong format|file format not recognized).*$",
    re.MULTILINE,
)
_FIRST_ERROR = re.compile(r"^.*\b(?:fatal error|error|undefined reference)\b.*$", re.MULTILINE)
_OVERFLOW = re.compile(r"region [`'](\w+)':? overflowed by (\d+) bytes")
_NO_LINKER = re.compile(r"invalid linker name|unable to execute command.*ld\.lld|MF_LLVM_OBJCOPY")
# An operator's method that TFLM's resolver does not have, and other signs of another TFLM.
_NO_METHOD = re.compile(r"error: [^\n]*MicroMutableOpResolver[^\n]*has no member named .(Add\w+)")
_OTHER_TFLM = re.compile(
    r"^.*(?:_model\.cc:.*error:|(?:tensorflow|tflite|flatbuffers)/\S+: .*(?:error|No such file)"
    r"|undefined reference to `tflite::).*$",
    re.MULTILINE,
)
_PATHS_IN_ENVIRONMENT = ("TFLM_ROOT", "TFLM_LIBRARY")  # CMake runs in the project's folder
_HOST_COMPILERS = ("cc", "gcc", "clang")
_CONFIGURED_AGAIN = "Re-running CMake"  # what Ninja says
_NO_RUNTIME = re.compile(r"undefined symbol: (__aeabi_\w+|__\w+di\d)")
# A message of CMake is indented and ends at the first line that is not.
_CMAKE_SAYS = r"^CMake {} at \S+ \(message\):\n((?:(?:[ \t]+.*)?\n)+)"
_CMAKE_ERROR = re.compile(_CMAKE_SAYS.format("Error"), re.MULTILINE)
_CMAKE_WARNING = re.compile(_CMAKE_SAYS.format("Warning"), re.MULTILINE)


class BuildError(ForgeError):
    """The project does not compile or link."""


class FitError(ForgeError):
    """The firmware does not fit the board: `over` says by how many bytes, for each region."""

    def __init__(self, message: str, over: dict[str, int]) -> None:
        super().__init__(message)
        self.over = over


@dataclass(frozen=True)
class BuildResult:
    """What a build made. For this computer there is no `hex`, `bin`, `map`; sizes are 0.

    `warnings` are those of the project's CMake files.
    """

    elf: Path
    hex: Path | None = None
    bin: Path | None = None
    uf2: Path | None = None
    map: Path | None = None
    sizes: FirmwareSize = NO_SIZE
    warnings: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """What notebooks show."""
        sizes = {
            "flash: code": self.sizes.text,
            "flash: constants": self.sizes.constants,
            "flash: initial values": self.sizes.data,
            "RAM: zeroed, the arena among it": self.sizes.bss,
            "RAM: reserved for the stack": self.sizes.stack,
        }
        rows = [(label, notebook.amount(size)) for label, size in sizes.items()]
        return notebook.table(self.elf.name, rows, note=" ".join(self.warnings))


def build(
    project: Path, preset: str, on_progress: Progress | None = None, model: str | None = None
) -> BuildResult:
    """Configure and build a preset of the project in the folder `project`.

    `toolchains.preset_name` names the presets of a board. In a project of several models the
    firmware serves `model`; with None, the one that it was last built for, at first the first.
    `on_progress(done, total)` counts Ninja's steps. Raises `UsageError` where `project` is no
    project or has no such preset, `ToolError` where a tool is missing, `FitError` where the
    firmware is too big for the board, and `BuildError` with the first error otherwise.
    """
    chosen = _preset(project, preset)
    toolchain = _toolchain(chosen)
    cmake, ninja = tool("cmake"), tool("ninja")
    options = [f"-DCMAKE_MAKE_PROGRAM={ninja}", *_require_compiler(toolchain)]
    options += [f"-DMF_SERVE={model}"] if model else []
    folder = project / "build" / preset
    with plain_paths.for_cmake(project) as place:
        _forget_moved_build(place, folder)
        command = [cmake, "-S", str(place), "--preset", preset, *options]
        programs = (cmake, ninja, *_compilers(toolchain))
        configured = Configuration(project, folder, command, programs, _PATHS_IN_ENVIRONMENT)
        anew = ["--clean-first"] if configured.has_other_tools() else []
        known = configured.warnings()
        said = _run(command, place, project) if known is None else ""
        compile_ = [cmake, "--build", str(place / "build" / preset), *anew]
        said += _run(compile_, place, project, on_progress)
        warnings = tuple(" ".join(text.split()) for text in _CMAKE_WARNING.findall(said))
        if known is None or _CONFIGURED_AGAIN in said:
            configured.record(warnings)
        else:
            warnings = known
    if toolchain is None:
        return BuildResult(elf=folder / "firmware", warnings=warnings)
    family = chosen.get("vendor", {}).get("mcuforge", {}).get("uf2Family")
    made = formats(folder / "firmware.elf", int(family, 16) if family else None)
    return replace(made, warnings=warnings)


def require_tools(*, board: bool = True, host: bool = True) -> None:
    """Raise `ToolError` where what builds for a board, or for this computer, is missing.

    Asked before the work that a build comes after.
    """
    for name in ("cmake", "ninja"):
        tool(name)
    if board:
        _require_compiler(GCC)
    if host:
        _require_compiler(None)


def formats(elf: Path, uf2_family: int | None = None) -> BuildResult:
    """The files of a firmware for a board. HEX and BIN are written where no objcopy did it.

    With a family (`Board.uf2_family`) there is a UF2 file, too.
    Raises `UsageError` where there is no `elf`, `ToolError` where it is none.
    """
    map_file = elf.with_suffix(".map")
    hex_file, binary = elf.with_suffix(".hex"), elf.with_suffix(".bin")
    if not elf.is_file():
        raise UsageError(f"{elf}: no such file. Build the project first.")
    built = elf.stat().st_mtime_ns
    if any(not f.exists() or f.stat().st_mtime_ns < built for f in (hex_file, binary)):
        content = image.load(elf)
        atomic.write_bytes(hex_file, content.to_hex().encode("ascii"))
        atomic.write_bytes(binary, content.to_binary())
    return BuildResult(
        elf=elf,
        hex=hex_file,
        bin=binary,
        uf2=uf2.write(elf, uf2_family) if uf2_family is not None else None,
        map=map_file if map_file.exists() else None,
        sizes=firmware_size(elf),
    )


def tool(name: str) -> str:
    """Path of `cmake` or `ninja`: from PATH, else from the Python package of that name.

    Raises `ToolError` where neither is there.
    """
    beside_python = Path(sysconfig.get_path("scripts"))
    found = shutil.which(name) or shutil.which(name, path=str(beside_python))
    if found is None:
        raise ToolError(f"{name} was not found on PATH. Install it: {extras.pip_package(name)}")
    return found


def _preset(project: Path, preset: str) -> dict[str, Any]:
    """The configure preset of that name."""
    file = project / "CMakePresets.json"
    try:
        content = json.loads(untrusted.read(file))
        untrusted.check_nesting(content)
        presets = {p["name"]: p for p in content["configurePresets"] if not p.get("hidden")}
    except FileNotFoundError:
        raise UsageError(f"{project} is not a firmware project: it has no {file.name}.") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{file}: not readable as CMake presets ({error}).") from None
    if preset not in presets:
        raise UsageError(f"{file}: no preset '{preset}'. Presets: {', '.join(presets)}.")
    chosen: dict[str, Any] = presets[preset]
    return chosen


def _toolchain(preset: dict[str, Any]) -> Toolchain | None:
    """The toolchain of a preset; None where it builds for this computer."""
    cmake_file = Path(preset.get("toolchainFile", "")).name
    return next((t for t in TOOLCHAINS.values() if Path(t.cmake).name == cmake_file), None)


def _compilers(toolchain: Toolchain | None) -> tuple[str, ...]:
    """The programs that may compile."""
    if toolchain is None:
        return _HOST_COMPILERS
    zig = zig_program() if toolchain is ZIG else None
    return (str(zig or toolchain.program),)


def _require_compiler(toolchain: Toolchain | None) -> list[str]:
    """Options that tell CMake where the compiler is, if it is not on PATH."""
    if toolchain is None:
        if not any(map(shutil.which, _HOST_COMPILERS)):
            raise ToolError(f"There is no C compiler on PATH. {_INSTALL_HOST_COMPILER}")
        return []
    if toolchain is ZIG and (zig := zig_program()):
        return [f"-DMF_ZIG={zig.as_posix()}"]
    if shutil.which(toolchain.program) is None:
        raise ToolError(f"{toolchain.program} was not found on PATH. {toolchain.install}")
    return []


def _forget_moved_build(place: Path, folder: Path) -> None:
    """A CMake cache names the folder that it was made in and is useless in any other.

    What CMake did not make stays, whatever it does in a build folder.
    """
    cache = folder / "CMakeCache.txt"
    home = f"CMAKE_HOME_DIRECTORY:INTERNAL={place.as_posix()}"
    if cache.is_file() and home not in cache.read_text(errors="replace").splitlines():
        cache.unlink()
        shutil.rmtree(folder / "CMakeFiles", ignore_errors=True)


def _run(
    command: list[str], place: Path, project: Path, on_progress: Progress | None = None
) -> str:
    """What the command prints about `place`, which is `project` by a path that CMake can read.

    Raises what `explain` makes of it where the command fails.
    """
    lines: list[str] = []
    with groups.started(
        command,
        cwd=place.parent,  # in a link, CMake would look for where it leads
        # `explain` reads English. By PWD, a compiler in a link takes it for its folder's name.
        env=os.environ | _whole_paths() | {"LC_ALL": "C", "PWD": command[2]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            step = _STEP.match(line)
            if step and on_progress:
                on_progress(int(step[1]), int(step[2]))
    if process.returncode != 0:
        raise explain("".join(lines).replace(str(place), str(project)), project)
    return "".join(lines)


def _whole_paths() -> dict[str, str]:
    """Variables that hold a path relative to the current folder, made independent of it."""
    given = {name: os.environ.get(name, "") for name in _PATHS_IN_ENVIRONMENT}
    return {name: str(Path(path).expanduser().absolute()) for name, path in given.items() if path}


def explain(output: str, project: Path) -> ForgeError:
    """The error for the output of a failed CMake or Ninja."""
    over: dict[str, int] = {}
    for region, count in _OVERFLOW.findall(output):  # LLD counts up, section by section
        over[region] = max(over.get(region, 0), int(count))
    if over:
        text = " and ".join(f"{region} by {count:,} bytes" for region, count in over.items())
        return FitError(
            f"The firmware does not fit the board: it exceeds {text}. "
            "Choose a smaller model or a board with more memory.",
            over,
        )
    if re.search(r"(cstddef|cstdint|cstdarg): No such file", output):
        return ToolError(
            "arm-none-eabi-g++ has no C++ library, which TensorFlow Lite Micro needs. Install it: "
            "Debian: apt install libstdc++-arm-none-eabi-newlib; elsewhere take Arm's toolchain."
        )
    if re.search(r"(stdint|string|stdio)\.h: No such file|cannot find -lc\b", output):
        return ToolError(f"{GCC.program} has no C library (newlib). {GCC.install}")
    if _NO_LINKER.search(output):
        return ToolError(f"Clang is here, but not LLD or llvm-objcopy. {CLANG.install}")
    missing = _NO_RUNTIME.search(output)
    if missing:
        return ToolError(
            f"Clang has no runtime library for this core: the model needs {missing[1]}. Install "
            "GCC's (Debian: apt install gcc-arm-none-eabi), or use --toolchain gcc or zig."
        )
    configuring = _CMAKE_ERROR.search(output)
    if configuring:
        text = "\n".join(line.rstrip() for line in configuring[1].splitlines())
        return BuildError(f"The project in {project} cannot be configured:\n{text}")
    first = _FIRST_ERROR.search(output)
    other_core = _OTHER_CORE.search(output)
    if other_core:
        return BuildError(
            f"A library that the project in {project} links was built for another core. That of "
            "TensorFlow Lite Micro must be built with the TARGET_ARCH of the board "
            f"(docs/how-to/tensorflow-lite-micro.md).\n{other_core[0].strip()}"
        )
    if _OTHER_TFLM.search(output):
        return _other_tflm(project, output)
    shown = first[0].strip() if first else output.strip()[-1000:]
    return BuildError(f"The project in {project} does not build:\n{shown}")


def _other_tflm(project: Path, output: str) -> BuildError:
    """TensorFlow Lite Micro was found, but is not what the generated code was written for."""
    method = _NO_METHOD.search(output)
    missing = f"its resolver has no {method[1]}" if method else "its interface differs"
    concerned = _OTHER_TFLM.search(output)
    return BuildError(
        f"The TensorFlow Lite Micro that the project in {project} links is older, newer or less "
        f"complete than what the model needs: {missing}. "
        "docs/how-to/tensorflow-lite-micro.md names the revision that was tried; "
        "--engine aot needs none.\n" + (concerned[0].strip() if concerned else "")
    )
