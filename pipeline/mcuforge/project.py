"""The firmware project on disk: writing it, and knowing one again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcuforge import __version__, border_names, manifest, paths, project_folder
from mcuforge.boards import Board
from mcuforge.emit import c_names
from mcuforge.emit.model_files import model_files
from mcuforge.emit.tflm_files import tflm_files
from mcuforge.emit_project import ProjectModel, render_project
from mcuforge.engines import AOT, TFLM, library_arch
from mcuforge.errors import UnsupportedError, UsageError
from mcuforge.flavours import CMAKE, FLAVOURS, Facts, render, render_application
from mcuforge.flavours.archive import build_archive
from mcuforge.graph import Graph, Tensor
from mcuforge.plan import Plan, shape_text
from mcuforge.tflm import TflmModel

_DESCRIBED = ("mcuforge", "board", "model", "sha256", "engine", "flavour")


@dataclass(frozen=True)
class Project:
    """What the manifest of a project says. `model` is the model's C name."""

    folder: Path
    mcuforge: str
    board: str
    model: str
    sha256: str
    engine: str = AOT
    flavour: str = CMAKE


def files(
    plan: Plan,
    board: Board,
    name: str | None = None,
    tflm: TflmModel | None = None,
    flavour: str = CMAKE,
) -> dict[str, bytes]:
    """Relative path -> content of the whole project but its manifest. Deterministic.

    With `tflm` TensorFlow Lite Micro computes the model, else our own kernels. Raises
    `UnsupportedError` where the flavour's build system does not offer TensorFlow Lite Micro.
    """
    model = _c_name(plan, name)
    content = model_files(plan, model) if tflm is None else tflm_files(plan, tflm, model)
    facts = Facts(
        graph=plan.graph,
        name=model,
        engine=AOT if tflm is None else TFLM,
        arena_bytes=plan.arena.bytes if tflm is None else tflm.arena_bytes,
        board=board,
    )
    if flavour == CMAKE:
        content = _cmake_project(plan, content, facts, tflm)
    else:
        content = _flavoured(content, facts, flavour)
    return content


def _flavoured(content: dict[str, bytes], facts: Facts, flavour: str) -> dict[str, bytes]:
    chosen = FLAVOURS[flavour]
    if facts.engine == TFLM and chosen.no_tflm:
        raise UnsupportedError(
            f"--engine tflm is not for --flavour {flavour}: {chosen.no_tflm}. Use --engine aot."
        )
    engines = paths.data_dir("firmware") / "engines"
    sources = {p: data for p, data in content.items() if p.startswith(("model/", "kernels/"))}
    for header in ("engine.h", "mf_latent.h", "mf_real.h"):
        sources[f"engines/{header}"] = (engines / header).read_bytes()
    if flavour == "library":
        archive = build_archive(sources, facts.board)
        if archive is not None:
            sources[f"lib/lib{facts.name}.a"] = archive
    return render(chosen, sources, facts)


def _cmake_project(
    plan: Plan, content: dict[str, bytes], facts: Facts, tflm: TflmModel | None
) -> dict[str, bytes]:
    board, model = facts.board, facts.name
    surroundings = ProjectModel(
        name=model,
        title=plan.graph.name,
        hash=plan.graph.model_hash,
        sources=_sources(content, "model/"),
        kernel_sources=_sources(content, "kernels/"),
        arena_bytes=facts.arena_bytes,
        inputs=_described(plan.graph, plan.graph.inputs, border_names.input_names(plan.graph)),
        outputs=_described(plan.graph, plan.graph.outputs, border_names.output_names(plan.graph)),
    )
    if tflm is not None:
        surroundings = replace(
            surroundings,
            engine=TFLM,
            tflm_arch=library_arch(board),
            include_dirs=("model", "engines"),
        )
    real = paths.data_dir("firmware") / "engines" / "mf_real.h"
    return (
        content
        | render_project(board, surroundings)
        | render_application(facts, "application")
        | {"engines/mf_real.h": real.read_bytes()}
    )


def emit(
    plan: Plan,
    board: Board,
    folder: Path,
    name: str | None = None,
    tflm: TflmModel | None = None,
    flavour: str = CMAKE,
    *,
    force: bool = False,
) -> Project:
    """Write the project to `folder`, whole or not at all; of an older one there, what was ours.

    Files that are not mcuforge's stay. Raises `ForgeError` where a file of ours was edited (with
    `force` it is replaced), and where the folder holds something else or cannot be written.
    """
    content = files(plan, board, name, tflm, flavour)
    described = {
        "mcuforge": __version__,
        "board": board.name,
        "model": _c_name(plan, name),
        "sha256": plan.graph.model_hash,
        "engine": AOT if tflm is None else TFLM,
        "flavour": flavour,
    }
    project_folder.write(folder, content, described, force=force)
    return load(folder)


def _c_name(plan: Plan, name: str | None) -> str:
    return name or c_names.identifier(plan.graph.name)


def load_cmake(folder: Path) -> Project:
    """The CMake project in `folder`. Raises `UsageError` where it is of another flavour."""
    found = load(folder)
    if found.flavour != CMAKE:
        raise UsageError(
            f"{folder}: a project of the flavour {found.flavour}, for its own build system: its "
            "README.md says how to build and run it."
        )
    return found


def folder_name(model: str, board: Board, engine: str = AOT, flavour: str = CMAKE) -> str:
    """What a project's folder is called: model, board, and engine and flavour if not the usual."""
    suffix = ("" if engine == AOT else f"-{engine}") + ("" if flavour == CMAKE else f"-{flavour}")
    return f"{c_names.identifier(model)}-{board.name}{suffix}"


def load(folder: Path) -> Project:
    """The project in `folder`. Raises `UsageError` where there is none, or half of one."""
    path = folder / manifest.NAME
    try:
        found = manifest.read(folder)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: not that of a project of mcuforge ({error}).") from None
    if found is None:
        raise UsageError(
            f"{folder}: not a firmware project of mcuforge (no {manifest.NAME}). "
            "Write one with `mcuforge emit`."
        )
    if found.unfinished:
        raise UsageError(
            f"{folder}: writing this project was interrupted. Emit it again, which completes it."
        )
    described = {"engine": AOT, "flavour": CMAKE, **found.described}
    return Project(folder, **{key: described[key] for key in _DESCRIBED})


def _sources(content: dict[str, bytes], folder: str) -> tuple[str, ...]:
    return tuple(sorted(p for p in content if p.startswith(folder) and p.endswith((".c", ".cc"))))


def _described(graph: Graph, tensors: Sequence[int], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(_describe, c_names.identifiers(names), map(graph.tensor, tensors)))


def _describe(name: str, tensor: Tensor) -> str:
    q = tensor.quantization
    scale = f", scale {q.scale:.9g}, zero point {q.zero_point}" if q else ""
    return f"`{name}`: `{shape_text(tensor)}`{scale}, {tensor.bytes:,} bytes"
