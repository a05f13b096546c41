"""The project around a model: build files, runtime, board files, README, editor settings.

The model's own files come from `mcuforge.emit`; nothing here looks inside them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mcuforge import __version__
from mcuforge.boards import Board, load
from mcuforge.boards.qemu_command import qemu_command, serial_options
from mcuforge.build import toolchains
from mcuforge.emit import templates
from mcuforge.emit.front_end import FOLDER, FrontEndView
from mcuforge.emit.renode_files import render_renode, version_text
from mcuforge.files import paths
from mcuforge.wording.escape import Escaped

_README_PORT = 4000
_DEBUG_OPTIONS = ("-S", "-gdb", "tcp:127.0.0.1:1234")  # QEMU waits for gdb
_INCLUDE = re.compile(r'^#include "([\w.]+)"', re.MULTILINE)
_ENGINE_HEADERS = ("engine.h", "mf_cast.h", "mf_latent.h", "mf_real.h")
_FEATURES = ("harness_features.c",)  # only where a model takes raw samples
_ROWS = ("harness_rows.c",)  # only where inputs or outputs stream
_COMMON = ("harness.c", "harness_latent.c", "harness_trace.c", "frame.c", "crc32.c")
_HEADERS = (
    "harness.h",
    "harness_latent.h",
    "harness_message.h",
    "harness_protocol.h",
    "harness_rows.h",
    "harness_trace.h",
    "frame.h",
    "crc32.h",
    "uart.h",
    "ticks.h",
    "stack.h",
    "crash.h",
    "chip.h",
)
_CORTEX_M = ("startup_cortex_m.c", "fault_cortex_m.c", "stack_cortex_m.c", "crash_cortex_m.c")
_CORTEX_M_HEADERS = ("cortex_m.h", "fault.h")
_PROJECT_TEMPLATES = {
    "project/CMakeLists.txt.j2": "CMakeLists.txt",
    "project/CMakePresets.json.j2": "CMakePresets.json",
    "project/main.c.j2": "main.c",
    "project/README.md.j2": "README.md",
    "project/gitignore.j2": ".gitignore",
    "project/vscode/launch.json.j2": ".vscode/launch.json",
    "project/vscode/tasks.json.j2": ".vscode/tasks.json",
    "project/vscode/extensions.json.j2": ".vscode/extensions.json",
}
_FREESTANDING = ("freestanding/string.h", "freestanding/string.c", "freestanding/aeabi.c")
_BUILD_TYPES = {"release": "Release", "size": "MinSizeRel", "debug": "Debug"}


@dataclass(frozen=True)
class ProjectModel:
    """What the project says about a model.

    `name` is the model's C name: the project includes `<name>_model.h` and uses `<name>_model`.
    `title` may be any text. Paths are relative to the project. `inputs` and `outputs` are a line of
    Markdown each.
    """

    name: str
    title: str
    hash: str
    sources: tuple[str, ...]
    arena_bytes: int
    inputs: tuple[Escaped, ...]
    outputs: tuple[Escaped, ...]
    state_bytes: int = 0  # kept from one inference to the next
    labels: tuple[str, ...] = ()
    front_end: FrontEndView | None = None
    feature_sources: tuple[str, ...] = ()
    streamed: tuple[int, int] = (0, 0)  # inputs and outputs that are there row by row

    @property
    def streams_in(self) -> bool:
        """Whether an input arrives row by row."""
        return self.streamed[0] > 0

    @property
    def streams_out(self) -> bool:
        """Whether an output leaves row by row."""
        return self.streamed[1] > 0

    @property
    def streams(self) -> bool:
        """Either."""
        return self.streams_in or self.streams_out

    @property
    def has_whole_inputs(self) -> bool:
        """Whether there is an input to fill."""
        return self.streamed[0] < len(self.inputs)

    @property
    def has_whole_outputs(self) -> bool:
        """Whether there is an output to read."""
        return self.streamed[1] < len(self.outputs)


@dataclass(frozen=True)
class ProjectFacts:
    """What the project says about itself. `name` is its C name: that of its model, if it has one.

    The harness serves the first of `models`, or the one that MF_SERVE names.
    """

    name: str
    models: tuple[ProjectModel, ...]
    kernel_sources: tuple[str, ...] = ()
    engine: str = "aot"
    tflm_arch: str = ""  # TFLM's name of the core

    @property
    def title(self) -> str:
        """The titles of the models."""
        return " and ".join(model.title for model in self.models)

    @property
    def folders(self) -> tuple[str, ...]:
        """What an application of one's own takes from the project."""
        features = (FOLDER,) if self.has_features else ()
        return ("model", *(("kernels",) if self.kernel_sources else ()), *features, "engines")

    @property
    def has_features(self) -> bool:
        """Whether a model's input is made of raw samples."""
        return any(model.front_end is not None for model in self.models)

    @property
    def has_rows(self) -> bool:
        """Whether an input or output of a model streams."""
        return any(model.streams for model in self.models)


@dataclass(frozen=True)
class _Runtime:
    """Sources in runtime/: on every target, on the board, on this computer."""

    common: tuple[str, ...]
    board: tuple[str, ...]
    host: tuple[str, ...]


def render_project(board: Board, project: ProjectFacts) -> dict[str, bytes]:
    """Relative path -> content of everything in the project but `model/` and `kernels/`."""
    host = load("host")
    runtime = _Runtime(
        common=_COMMON,
        board=() if board.is_host else (*_CORTEX_M, *_drivers(board)),
        host=("stack_posix.c", *_drivers(host)),
    )
    values = {
        "board": board,
        "project": project,
        "runtime": runtime,
        "header": origin([model.hash for model in project.models]),
        "presets": presets(board, project.engine),
        "board_presets": board_presets(board, project.engine),
        "build_types": _BUILD_TYPES,
        "uf2_family": board.uf2_family,
        "instructions_per_tick": f"{float(board.instructions_per_tick):g}",
        "renode_minimum": version_text(board.renode.minimum) if board.renode else "",
        "qemu_serial": serial_options(_README_PORT, board.qemu_serial),
        "qemu_command": qemu_command(board, f"build/{board.name}/firmware.elf")
        if board.qemu_machine
        else [],
        "debug_options": list(_DEBUG_OPTIONS),
    }
    files = {
        target: templates.render(template, **values)
        for template, target in _targets(board, project.engine).items()
    }
    for each in {board.name: board, host.name: host}.values():
        board_h = templates.render("board/board.h.j2", **(values | {"board": each}))
        files[f"board/{each.name}/board.h"] = board_h
    files |= render_renode(board, project.models[0].name, str(values["header"]))
    features = _FEATURES if project.has_features else ()
    rows = _ROWS if project.has_rows else ()
    copied = replace(runtime, common=(*_COMMON, *features, *rows))
    return files | _copied(copied, board) | engine_headers()


def origin(hashes: Sequence[str]) -> str:
    """The line in every generated file that says what it was made from."""
    source = "a model" if len(hashes) == 1 else "models"
    return f"Generated by mcuforge {__version__} from {source} with SHA-256 {', '.join(hashes)}."


def engine_headers() -> dict[str, bytes]:
    """The public headers that all models share: they are included as `mcuforge/<name>`."""
    folder = paths.data_dir("firmware") / "engines" / "mcuforge"
    return {f"engines/mcuforge/{name}": (folder / name).read_bytes() for name in _ENGINE_HEADERS}


def presets(board: Board, engine: str = "aot") -> tuple[str, ...]:
    """Names of the CMake presets that an editor offers to build; the project has more.

    A library of TFLM is for one core: with it, a project for a board cannot be built for the host.
    """
    if engine == "tflm" and not board.is_host:
        return (board.name,)
    return ("host", "host-asan") if board.is_host else (board.name, "host", "host-asan")


def board_presets(board: Board, engine: str) -> tuple[toolchains.Preset, ...]:
    """The CMake presets for the board. TFLM's library comes from GCC, and so does the project."""
    every = toolchains.presets(board)
    return tuple(p for p in every if engine != "tflm" or p.toolchain is toolchains.GCC)


def _drivers(board: Board) -> tuple[str, ...]:
    family = board.chip.family if board.chip else "none"
    kinds = (f"uart_{board.uart.kind}", f"ticks_{board.ticks.kind}", f"chip_{family}")
    boot = ("boot2_rp2040.c",) if board.boot_bytes else ()
    return (*(f"{kind.replace('-', '_')}.c" for kind in kinds), *boot)


def _targets(board: Board, engine: str) -> dict[str, str]:
    if board.is_host:
        return _PROJECT_TEMPLATES
    used = {preset.toolchain.cmake: None for preset in board_presets(board, engine)}
    files = {f"project/{cmake}.j2": cmake for cmake in used}
    return (
        _PROJECT_TEMPLATES
        | files
        | {
            "board/linker.ld.j2": f"board/{board.name}/linker.ld",
        }
    )


def _copied(runtime: _Runtime, board: Board) -> dict[str, bytes]:
    firmware = paths.data_dir("firmware")
    headers = _HEADERS + (() if board.is_host else _CORTEX_M_HEADERS + _FREESTANDING)
    names = {*headers, *runtime.common, *runtime.board, *runtime.host}
    names |= _included(names)
    names |= {"boot2_rp2040.S"} if board.boot_bytes else set()  # not built: what boot2_rp2040.c is
    return {f"runtime/{name}": (firmware / "runtime" / name).read_bytes() for name in sorted(names)}


def _included(names: Collection[str]) -> set[str]:
    """Headers of the drivers that are shared between chips, found by what includes them."""
    folder = paths.data_dir("firmware") / "runtime"
    found: set[str] = set()
    queue = list(names)
    while queue:
        text = (folder / queue.pop()).read_text(encoding="utf-8")
        new = {n for n in _INCLUDE.findall(text) if n not in names and n not in found}
        queue += sorted(n for n in new if (folder / n).is_file())
        found |= {n for n in new if (folder / n).is_file()}
    return found
