"""`Plan` and `.tflite` -> the files of the project that depend on the model, for TFLM."""

from __future__ import annotations

from mcuforge import __version__
from mcuforge.emit.model_files import render
from mcuforge.emit.tflm_view import tflm_view
from mcuforge.engines.tflm import TflmModel
from mcuforge.files import paths
from mcuforge.planning.plan import Plan

_TEMPLATES = {
    "model/model.h.j2": "model/{name}_model.h",
    "model/config.h.j2": "model/{name}_config.h",
    "tflm/model.cc.j2": "model/{name}_model.cc",
    "tflm/tflite.c.j2": "model/{name}_tflite.c",
    "tflm/tflite.h.j2": "model/{name}_tflite.h",
}
_COPIED = {"FindTFLM.cmake": "cmake/FindTFLM.cmake", "tflm_support.cc": "engines/tflm_support.cc"}


def tflm_files(plan: Plan, model: TflmModel, name: str) -> dict[str, bytes]:
    """Relative path -> content of the model's sources and its `.tflite`.

    `name` is the model's C name.
    """
    view = tflm_view(plan, model, name, __version__)
    files = {
        target.format(name=name): render(template, model=view)
        for template, target in _TEMPLATES.items()
    }
    return files | {f"model/{name}.tflite": model.tflite}


def shared_tflm_files() -> dict[str, bytes]:
    """What links a project to TFLM, however many models it holds."""
    engine = paths.data_dir("firmware") / "engines" / "tflm"
    return {target: (engine / source).read_bytes() for source, target in _COPIED.items()}
