"""Builds a firmware project with CMake and Ninja, and says in one message why it failed.

A project's folder -> ELF, HEX, BIN, UF2 and sizes. Knows nothing of how the project was written,
nor of what runs it.
"""

from __future__ import annotations

import json
import shutil
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mcuforge.build import compiler_cache, explanation, image, uf2
from mcuforge.build.commands import PATHS_IN_ENVIRONMENT, Caller, Progress
from mcuforge.build.configured import Configuration
from mcuforge.build.explanation import BuildError, FitError, explain
from mcuforge.build.firmware_size import NO_SIZE, FirmwareSize, firmware_size
from mcuforge.build.toolchains import GCC, TOOLCHAINS, ZIG, Toolchain, zig_program
from mcuforge.errors import ToolError, UsageError
from mcuforge.files import atomic, plain_paths, untrusted
from mcuforge.wording import extras, notebook

__all__ = [
    "BuildError", "BuildResult", "FitError", "Progress", "build", "build_all", "explain", "formats",
    "require_tools", "tool",
]  # fmt: skip

_INSTALL_HOST_COMPILER = (
    "Install one: Debian: apt install gcc; Fedora: dnf install gcc; "
    "macOS: xcode-select --install; Windows: use WSL."
)
_HOST_COMPILERS = ("cc", "gcc", "clang")
_CONFIGURED_AGAIN = "Re-running CMake"  # what Ninja says


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
    return build_all(project, [preset], on_progress, model)[0]


def build_all(
    project: Path,
    presets: Sequence[str],
    on_progress: Progress | None = None,
    model: str | None = None,
) -> list[BuildResult]:
    """As `build`, for several presets of a project at the same time: a processor has many cores.

    `on_progress` counts the first one's steps.
    """
    chosen = {preset: _preset(project, preset) for preset in presets}
    with plain_paths.for_cmake(project) as place:
        cache = compiler_cache.of_project(place)
        caller = Caller(place, project, cache)
        trees = [_Tree(project, place, preset, cache.options, model) for preset in chosen.values()]
        configured = iter(caller.run([t.configure for t in trees if t.known_warnings is None]))
        said = [next(configured) if t.known_warnings is None else "" for t in trees]
        built = caller.run([t.compile for t in trees], on_progress)
        found = [t.result(a + b) for t, a, b in zip(trees, said, built, strict=True)]
    results = dict(zip(chosen, found, strict=True))
    return [results[preset] for preset in presets]


class _Tree:
    """The folder that a preset is built in, and the commands that do it."""

    def __init__(
        self,
        project: Path,
        place: Path,
        preset: dict[str, Any],
        options: Sequence[str],
        model: str | None,
    ) -> None:
        self._preset = preset
        self._toolchain = _toolchain(preset)
        name = preset["name"]
        self._folder = project / "build" / name
        _forget_moved_build(place, self._folder)
        cmake, ninja = tool("cmake"), tool("ninja")
        self.configure = [
            cmake, "-S", str(place), "--preset", name, f"-DCMAKE_MAKE_PROGRAM={ninja}",
            *_require_compiler(self._toolchain), *(options if self._toolchain is not ZIG else ()),
            *([f"-DMF_SERVE={model}"] if model else ()),
        ]  # fmt: skip
        programs = (cmake, ninja, *_compilers(self._toolchain))
        self._configuration = Configuration(
            project, self._folder, self.configure, programs, PATHS_IN_ENVIRONMENT
        )
        anew = ["--clean-first"] if self._configuration.has_other_tools() else []
        self.compile = [cmake, "--build", str(place / "build" / name), *anew]
        self.known_warnings = self._configuration.warnings()

    def result(self, said: str) -> BuildResult:
        """What was built, where CMake and Ninja said this."""
        warnings = self.known_warnings
        if warnings is None or _CONFIGURED_AGAIN in said:
            warnings = explanation.warnings(said)
            self._configuration.record(warnings)
        if self._toolchain is None:
            return BuildResult(elf=self._folder / "firmware", warnings=warnings)
        family = self._preset.get("vendor", {}).get("mcuforge", {}).get("uf2Family")
        made = formats(self._folder / "firmware.elf", int(family, 16) if family else None)
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
