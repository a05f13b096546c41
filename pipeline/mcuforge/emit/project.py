"""The firmware project on disk: writing it, and knowing one again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcuforge import __version__, boards
from mcuforge.boards import Board
from mcuforge.emit import c_names, manifest, project_folder
from mcuforge.emit.extras import NO_EXTRAS, Extras
from mcuforge.emit.flavours import CMAKE
from mcuforge.emit.project_files import BOARD_FILE, Source, project_files
from mcuforge.engines import AOT, TFLM
from mcuforge.engines.tflm import TflmModel
from mcuforge.errors import UsageError
from mcuforge.planning.plan import Plan

_DESCRIBED = ("mcuforge", "board", "model", "sha256", "engine", "flavour")


@dataclass(frozen=True)
class Project:
    """What the manifest of a project says.

    `model` is the C name of the model that the firmware serves, unless it is built for another of
    `models`, which maps the C names to the SHA-256 of the files.
    """

    folder: Path
    mcuforge: str
    board: str
    model: str
    sha256: str
    engine: str = AOT
    flavour: str = CMAKE
    models: Mapping[str, str] = field(default_factory=dict)


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
    return project_files([Source(plan, model, tflm)], board, model, flavour)


def emit(
    plan: Plan,
    board: Board,
    folder: Path,
    name: str | None = None,
    tflm: TflmModel | None = None,
    flavour: str = CMAKE,
    *,
    force: bool = False,
    extras: Extras = NO_EXTRAS,
) -> Project:
    """Write the project to `folder`, whole or not at all; of an older one there, what was ours.

    `extras` is what the model's recipe brings. Files that are not mcuforge's stay. Raises
    `ForgeError` where a file of ours was edited (with `force` it is replaced), and where the folder
    holds something else or cannot be written.
    """
    model = _c_name(plan, name)
    source = Source(plan, model, tflm, extras)
    return emit_all([source], board, folder, model, flavour, force=force)


def emit_all(
    sources: Sequence[Source],
    board: Board,
    folder: Path,
    name: str,
    flavour: str = CMAKE,
    *,
    force: bool = False,
) -> Project:
    """The same for a project of several models, which share the kernels; `name` is its C name."""
    content = project_files(sources, board, name, flavour)
    served, *others = sources
    described = {
        "mcuforge": __version__,
        "board": board.name,
        "model": served.name,
        "sha256": served.plan.graph.model_hash,
        "engine": AOT if served.tflm is None else TFLM,
        "flavour": flavour,
    }
    if others:
        hashes = (f"{source.name} {source.plan.graph.model_hash}" for source in sources)
        described["models"] = ", ".join(hashes)
    project_folder.write(folder, content, described, force=force)
    return load(folder)


def _c_name(plan: Plan, name: str | None) -> str:
    return name or c_names.identifier(plan.graph.name)


def board(described: Project) -> Board:
    """The board of a project, as the project itself describes it.

    A project of an older mcuforge, which has no `board.toml`, is for the board of that name. Raises
    `UsageError` where the board is not known or its file is damaged.
    """
    file = described.folder / BOARD_FILE
    if not file.exists():
        return boards.load(described.board)
    found = boards.load_file(file)
    if found.name != described.board:
        raise UsageError(
            f"{file}: is of the board {found.name}, but the project of {described.board}."
        )
    return found


def load_cmake(folder: Path) -> Project:
    """The CMake project in `folder`. Raises `UsageError` where it is of another flavour."""
    found = load(folder)
    if found.flavour != CMAKE:
        raise UsageError(
            f"{folder}: a project of the flavour {found.flavour}, for its own build system: its "
            "README.md says how to build and run it."
        )
    return found


def served(found: Project, model: str | None) -> str | None:
    """The model that the firmware is to serve, as `build.build` takes it: `model`, or the default.

    None where the project has only one. Raises `UsageError` where it has none of that name.
    """
    if model is not None and model not in found.models:
        names = ", ".join(found.models)
        raise UsageError(f"{found.folder}: this project has no model '{model}', but {names}.")
    return model or found.model if len(found.models) > 1 else None


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
    values = {key: described[key] for key in _DESCRIBED}
    return Project(folder, **values, models=_models(path, described))


def _models(path: Path, described: Mapping[str, str]) -> dict[str, str]:
    """C name -> SHA-256 of the project's models; the manifest lists them if there are several."""
    text = described.get("models", f"{described['model']} {described['sha256']}")
    pairs = [model.split(" ") for model in text.split(", ")]
    if any(len(pair) != 2 for pair in pairs):
        raise UsageError(f"{path}: not that of a project of mcuforge ('models' is unreadable).")
    return dict(pairs)
