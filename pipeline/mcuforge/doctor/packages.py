"""Python itself and the libraries: looked up without importing them."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from mcuforge.doctor.findings import Finding, Install
from mcuforge.wording import extras

_MIN_PYTHON = (3, 11)
_PYTHON = Install(
    "apt install python3",
    "dnf install python3",
    "brew install python",
    "winget install Python.3.12",
)


@dataclass(frozen=True)
class Library:
    """A module, and the distributions that may hold it.

    `extra` is the one that brings it, for what mcuforge can do without. `elsewhere` says what to do
    where there is no wheel, which is then no fault of the machine.
    """

    module: str
    distributions: Sequence[str]
    needed_for: str
    extra: str | None = None
    elsewhere: str | None = None


_KERAS = "train, convert, run from a Keras model"
_ORACLE_ELSEWHERE = "exists for Linux on x86-64 only: use a virtual machine, a container or WSL"

_HAS_ORACLE = sys.platform == "linux" and platform.machine() == "x86_64"

LIBRARIES = (
    Library("numpy", ["numpy"], "everything"),
    Library("click", ["click"], "the command line"),
    Library("rich", ["rich"], "tables and progress"),
    Library("filelock", ["filelock"], "writing output"),
    Library("msgspec", ["msgspec"], "recipes"),
    Library("packaging", ["packaging"], "advice on installing"),
    Library("flatbuffers", ["flatbuffers"], "reading .tflite files"),
    Library("ai_edge_litert", ["ai-edge-litert"], "reading .tflite files; LiteRT"),
    Library(
        "tflite_micro", ["tflite-micro"], "run, parity, bench: the oracle, TFLM's kernels",
        elsewhere=_ORACLE_ELSEWHERE,
    ),
    Library("jinja2", ["jinja2"], "emitting projects and reports"),
    Library("markupsafe", ["markupsafe"], "reports"),
    Library("elftools", ["pyelftools"], "sizes of the firmware"),
    Library("intelhex", ["intelhex"], "HEX files"),
    Library("serial", ["pyserial"], "talking to simulators and boards"),
    Library("cobs", ["cobs"], "talking to simulators and boards"),
    Library("tensorflow", ["tensorflow-cpu", "tensorflow"], _KERAS, "train"),
    Library("keras", ["keras"], _KERAS, "train"),
    Library("litert_quantizer", ["litert-quantizer"], "convert --calibration", "train"),
    Library("pyocd", ["pyocd"], "flash --method pyocd", "flash"),
    Library("ziglang", ["ziglang"], "build --toolchain zig", "zig"),
    Library("sklearn", ["scikit-learn"], "training the shipped models; explore", "models"),
    Library("skimage", ["scikit-image"], "training the shipped models", "models"),
    Library("matplotlib", ["matplotlib"], "plots: the report, bench, profile, explore", "report"),
    Library("pygraphviz", ["pygraphviz"], "the graph of the report", "report"),
)  # fmt: skip


def findings() -> list[Finding]:
    """Python and every library."""
    return [_python(), *map(_library, LIBRARIES)]


def _python() -> Finding:
    old = sys.version_info < _MIN_PYTHON
    version = ".".join(map(str, sys.version_info[:3]))
    problem = f"{version} is too old, 3.11 is needed" if old else None
    return Finding("Python", "everything", True, _PYTHON, sys.executable, version, problem)


def _library(library: Library) -> Finding:
    name = library.distributions[0]
    pip = extras.pip_install(library.extra) if library.extra else extras.pip_package(name)
    elsewhere = library.elsewhere or pip
    where, version = _locate(library)
    install = Install(pip, pip, elsewhere, elsewhere)
    required = library.extra is None and (library.elsewhere is None or _HAS_ORACLE)
    return Finding(name, library.needed_for, required, install, where, version)


def _locate(library: Library) -> tuple[str | None, str | None]:
    """Folder and version of the module; a module without files is the rest of one removed."""
    spec = find_spec(library.module)
    if spec is None or spec.origin is None:
        return None, None
    for distribution in library.distributions:
        try:
            return str(Path(spec.origin).parent), metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return str(Path(spec.origin).parent), None
