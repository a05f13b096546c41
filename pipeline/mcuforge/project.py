"""The firmware project on disk: writing it, and knowing one again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mcuforge import __version__, atomic
from mcuforge.boards import Board
from mcuforge.emit import c_names
from mcuforge.emit.model_files import model_files
from mcuforge.emit.tflm_files import tflm_files
from mcuforge.emit_project import ProjectModel, render_project
from mcuforge.engines import AOT, TFLM, library_arch
from mcuforge.errors import UsageError
from mcuforge.graph import Tensor
from mcuforge.plan import Plan, shape_text
from mcuforge.tflm import TflmModel

MANIFEST = "mcuforge.json"


@dataclass(frozen=True)
class Project:
    """What the manifest of a project says. `model` is the model's C name."""

    folder: Path
    mcuforge: str
    board: str
    model: str
    sha256: str
    engine: str = AOT


def files(
    plan: Plan, board: Board, name: str | None = None, tflm: TflmModel | None = None
) -> dict[str, bytes]:
    """Relative path -> content of the whole project, manifest included. Deterministic.

    With `tflm` TensorFlow Lite Micro computes the model, else our own kernels.
    """
    model = name or c_names.identifier(plan.graph.name)
    content = model_files(plan, model) if tflm is None else tflm_files(plan, tflm, model)
    surroundings = ProjectModel(
        name=model,
        title=plan.graph.name,
        hash=plan.graph.model_hash,
        sources=_sources(content, "model/"),
        kernel_sources=_sources(content, "kernels/"),
        arena_bytes=plan.arena.bytes if tflm is None else tflm.arena_bytes,
        inputs=tuple(_describe(plan.graph.tensor(i)) for i in plan.graph.inputs),
        outputs=tuple(_describe(plan.graph.tensor(i)) for i in plan.graph.outputs),
    )
    if tflm is not None:
        surroundings = replace(
            surroundings,
            engine=TFLM,
            tflm_arch=library_arch(board),
            include_dirs=("model", "engines"),
        )
    content |= render_project(board, surroundings)
    manifest = Project(
        Path(), __version__, board.name, model, plan.graph.model_hash, surroundings.engine
    )
    described = {key: value for key, value in asdict(manifest).items() if key != "folder"}
    content[MANIFEST] = (json.dumps(described, indent=2) + "\n").encode()
    return content


def emit(
    plan: Plan,
    board: Board,
    folder: Path,
    name: str | None = None,
    tflm: TflmModel | None = None,
) -> Project:
    """Write the project to `folder`, whole or not at all; an older project there is replaced.

    Raises `ForgeError` where the folder holds something else or cannot be written.
    """
    content = files(plan, board, name, tflm)
    with atomic.folder(folder, marker=MANIFEST) as partial:
        for path, data in content.items():
            target = partial / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return load(folder)


def folder_name(model: str, board: Board, engine: str = AOT) -> str:
    """What a project's folder is called: model, board, and the engine unless it is the usual."""
    suffix = "" if engine == AOT else f"-{engine}"
    return f"{c_names.identifier(model)}-{board.name}{suffix}"


def load(folder: Path) -> Project:
    """The project in `folder`. Raises `UsageError` where there is none."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        described = {key: str(content[key]) for key in ("mcuforge", "board", "model", "sha256")}
        described["engine"] = str(content.get("engine", AOT))
    except FileNotFoundError:
        raise UsageError(
            f"{folder}: not a firmware project of mcuforge (no {MANIFEST}). "
            "Write one with `mcuforge emit`."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder / MANIFEST}: cannot be read ({error}).") from None
    return Project(folder=folder, **described)


def _sources(content: dict[str, bytes], folder: str) -> tuple[str, ...]:
    return tuple(sorted(p for p in content if p.startswith(folder) and p.endswith((".c", ".cc"))))


def _describe(tensor: Tensor) -> str:
    q = tensor.quantization
    scale = f", scale {q.scale:.9g}, zero point {q.zero_point}" if q else ""
    return f"`{shape_text(tensor)}`{scale}, {tensor.bytes:,} bytes"
