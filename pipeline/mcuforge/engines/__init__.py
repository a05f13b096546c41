"""The engines that compute a model on the device, and where TensorFlow Lite Micro is found.

`.tflite`, `Plan`, `Board` -> what TFLM needs of a project. Knows nothing of C text or of building.
"""

from __future__ import annotations

import os
from pathlib import Path

from mcuforge.boards import Board
from mcuforge.errors import ToolError

AOT, TFLM = "aot", "tflm"
ENGINES = (AOT, TFLM)
ROOT = "TFLM_ROOT"
GUIDE = (
    "https://github.com/tensorflow/tflite-micro/blob/main/tensorflow/lite/micro/"
    "cortex_m_generic/README.md"
)


def library_arch(board: Board) -> str:
    """TFLM's name of the core, its build's TARGET_ARCH; `host` for this computer."""
    core = board.core
    if core is None:
        return "host"
    has_fpu = core.fpu != "none"
    special = {
        "cortex-m4": "+fp" if has_fpu else "",
        "cortex-m7": "+fp" if has_fpu else "",
        "cortex-m33": "" if has_fpu else "+nodsp",  # TFLM's plain cortex-m33 has an FPU
        "cortex-m55": "" if has_fpu else "+nofp",
    }
    return core.name + special.get(core.name, "")


def root() -> Path | None:
    """Where the environment says that TFLM is: a whole path, as seen from the current folder."""
    value = os.environ.get(ROOT)
    return Path(value).expanduser().absolute() if value else None


def require_root(board: Board) -> Path:
    """`root()`. Raises `ToolError` where it is not set or is no folder."""
    found = root()
    if found is not None and found.is_dir():
        return found
    problem = f"{ROOT} is not set" if found is None else f"{ROOT}: there is no folder {found}"
    raise ToolError(
        f"{problem}. The engine tflm links against TensorFlow Lite Micro, which mcuforge does not "
        f"bring: set {ROOT} to a checkout of tflite-micro in which libtensorflow-microlite.a was "
        f"built with TARGET_ARCH={library_arch(board)}. The guide is {GUIDE}"
    )
