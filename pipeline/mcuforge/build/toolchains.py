"""The compilers that can build firmware, and their options for a core.

GCC takes what `Core.flags` says, and so does Clang, which needs to be told that unaligned access is
allowed. Zig names cores and features as LLVM does: its options are derived here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mcuforge.boards import CORE_TYPES, Board, Core
from mcuforge.wording import extras

VARIANTS = ("release", "size", "debug")
DEFAULT_VARIANT = "release"


@dataclass(frozen=True)
class Toolchain:
    """A compiler. `cmake` is the project's toolchain file; `install` tells how to get it."""

    name: str
    title: str
    program: str
    cmake: str
    install: str


GCC = Toolchain(
    "gcc",
    "GCC",
    "arm-none-eabi-gcc",
    "cmake/arm-none-eabi.cmake",
    "Install it: Debian: apt install gcc-arm-none-eabi libnewlib-arm-none-eabi; "
    "Fedora: dnf install arm-none-eabi-gcc-cs arm-none-eabi-newlib; "
    "macOS: brew install --cask gcc-arm-embedded; "
    "Windows: winget install Arm.GnuArmEmbeddedToolchain. "
    f"Or, with pip alone: {extras.pip_package('ziglang')}, and --toolchain zig.",
)
CLANG = Toolchain(
    "clang",
    "Clang",
    "clang",
    "cmake/clang.cmake",
    "Install it with its linker: Debian: apt install clang lld llvm; "
    "Fedora: dnf install clang lld llvm; macOS: brew install llvm lld; "
    "Windows: winget install LLVM.LLVM.",
)
ZIG = Toolchain(
    "zig", "Zig", "zig", "cmake/zig.cmake", f"Install it: {extras.pip_package('ziglang')}."
)
TOOLCHAINS = {toolchain.name: toolchain for toolchain in (GCC, CLANG, ZIG)}


@dataclass(frozen=True)
class Preset:
    """A CMake preset of a project: the board, built by `toolchain` for a purpose."""

    name: str
    title: str
    toolchain: Toolchain
    variant: str
    flags: tuple[str, ...]


def presets(board: Board) -> tuple[Preset, ...]:
    """Every toolchain and variant for a board; none for the host, which has presets of its own."""
    if board.core is None:
        return ()
    return tuple(
        Preset(
            preset_name(board.name, variant, toolchain.name),
            _title(board, variant, toolchain),
            toolchain,
            variant,
            flags(board.core, toolchain.name),
        )
        for toolchain in TOOLCHAINS.values()
        for variant in VARIANTS
    )


def preset_name(board: str, variant: str = DEFAULT_VARIANT, toolchain: str = GCC.name) -> str:
    """The name of a preset: GCC and release, the usual ones, are left out of it."""
    parts = [board]
    parts += [toolchain] if toolchain != GCC.name else []
    parts += [variant] if variant != DEFAULT_VARIANT else []
    return "-".join(parts)


def flags(core: Core, toolchain: str) -> tuple[str, ...]:
    """The options that make a toolchain compile for `core`."""
    if toolchain == ZIG.name:
        return _zig_flags(core)
    # Without it, Clang reads words byte by byte for bare metal. ARMv6-M has to.
    unaligned = toolchain == CLANG.name and not core.name.startswith("cortex-m0")
    return (*core.flags, *(("-munaligned-access",) if unaligned else ()))


def zig_program() -> Path | None:
    """Zig from the Python package `ziglang`, or None where that is not installed."""
    spec = find_spec("ziglang")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return next((p for p in (folder / "zig", folder / "zig.exe") if p.is_file()), None)


def _title(board: Board, variant: str, toolchain: Toolchain) -> str:
    notes = [] if toolchain is GCC else [toolchain.title]
    notes += [] if variant == DEFAULT_VARIANT else [variant]
    return f"{board.title}, {', '.join(notes)}" if notes else board.title


def _zig_flags(core: Core) -> tuple[str, ...]:
    """LLVM's names: a core has all that it may have, but the M33 no DSP extension."""
    kind = CORE_TYPES[core.name]
    features = ""
    if core.fpu == "none" and set(kind.fpus) != {"none"}:
        features += "-vfp2sp"
    if core.fpu == "single" and "double" in kind.fpus:
        features += "-fp64"
    if core.name == "cortex-m33" and core.dsp:
        features += "+dsp"
    if True in kind.mve and not core.helium:
        features += "-mve"
    elif core.helium and core.fpu == "none":
        features += "-mve_fp"
    return (
        "-target",
        "thumb-freestanding-eabi" + ("hf" if core.has_vector_registers else ""),
        f"-mcpu={core.name.replace('-', '_')}{features}",
        "-fno-sanitize=all",  # Zig checks at run time where nothing is said
    )
