"""What a libtensorflow-microlite.a was built for: core, vector instructions, kernels.

The facts come from the archive itself, through binutils: an object's attributes say what its code
needs of a core (Arm's ABI for the architecture, "Build Attributes"), its symbols which kernels it
holds. `FindTFLM.cmake` refuses what does not fit a board; this tells what was taken.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mcuforge.errors import ToolError
from mcuforge.processes import groups

HELIUM = "Helium"
FILE = "libtensorflow-microlite.a"
_ARCH = re.compile(r"Tag_CPU_arch: (\S+)")
_CMAKE_CHOICE = re.compile(r"^TFLM_FOUND_LIBRARY:INTERNAL=(.+)$", re.MULTILINE)
_INTERPRETER = "MicroInterpreter"
_CMSIS_NN = "arm_convolve_s8"
_TIMEOUT_S = 60


@dataclass(frozen=True)
class TflmLibrary:
    """A library of TensorFlow Lite Micro.

    `cores` are the architectures that its objects were compiled for (none for a computer's),
    `helium` says whether they use vector instructions, `cmsis_nn` whether its kernels are Arm's.
    """

    path: Path
    cores: tuple[str, ...]
    helium: bool
    cmsis_nn: bool

    def title(self, root: Path | None = None) -> str:
        """In words, with the path as seen from `root`."""
        inside = root is not None and self.path.is_relative_to(root)
        shown = self.path.relative_to(root) if inside and root else self.path
        kernels = "CMSIS-NN" if self.cmsis_nn else "reference kernels"
        cores = f", {' and '.join(self.cores)}" if self.cores else ""
        return f"{kernels}{cores}{f', {HELIUM}' if self.helium else ''} ({shown.as_posix()})"


def describe(path: Path) -> TflmLibrary:
    """Look into an archive.

    Raises `ToolError` where it is none, holds no TensorFlow Lite Micro, or binutils are missing.
    """
    symbols = _ask("nm", "--defined-only", path)
    if _INTERPRETER not in symbols:
        raise ToolError(
            f"{path}: holds no TensorFlow Lite Micro (no {_INTERPRETER} in it). Build the library "
            "again."
        )
    attributes = _ask("readelf", "-A", path)
    return TflmLibrary(
        path=path,
        cores=tuple(sorted(set(_ARCH.findall(attributes)))),
        helium="Tag_MVE_arch" in attributes,
        cmsis_nn=_CMSIS_NN in symbols,
    )


def linked(build_folder: Path) -> TflmLibrary | None:
    """The library that the project built in this folder was linked with; None where none was."""
    cache = build_folder / "CMakeCache.txt"
    chosen = _CMAKE_CHOICE.search(cache.read_text(errors="replace")) if cache.is_file() else None
    return describe(Path(chosen[1])) if chosen else None


def _ask(tool: str, option: str, path: Path) -> str:
    """What a tool of binutils prints of an archive. Either set of them reads any core's objects."""
    program = next(filter(None, map(shutil.which, (f"arm-none-eabi-{tool}", tool))), None)
    if program is None:
        raise ToolError(
            f"arm-none-eabi-{tool} was not found on PATH, which looks into {path.name}. "
            "Debian: apt install binutils-arm-none-eabi."
        )
    try:
        done = groups.run(
            [program, option, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", timeout=_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ToolError(f"{path}: {tool} did not end within {_TIMEOUT_S} s.") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise ToolError(f"{path}: is no library ({said[-1] if said else 'no word from ' + tool}).")
    return str(done.stdout)
