"""Models -> relative path and content of everything in a firmware project but its manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from mcuforge.boards import Board
from mcuforge.emit import c_names, front_end
from mcuforge.emit.cmake_project import ProjectFacts, ProjectModel, engine_headers, render_project
from mcuforge.emit.extras import NO_EXTRAS, Extras
from mcuforge.emit.flavours import CMAKE, FLAVOURS, Facts, ModelFacts, render, render_application
from mcuforge.emit.flavours.archive import build_archive
from mcuforge.emit.model_files import kernel_files, model_sources
from mcuforge.emit.tflm_files import shared_tflm_files, tflm_files
from mcuforge.engines import AOT, TFLM, library_arch
from mcuforge.engines.tflm import TflmModel
from mcuforge.errors import UnsupportedError, UsageError
from mcuforge.files import paths
from mcuforge.frontend import border_names
from mcuforge.frontend.graph import Graph, Tensor
from mcuforge.planning.plan import Plan, shape_text
from mcuforge.wording.escape import Escaped, markdown_code


@dataclass(frozen=True, eq=False)
class Source:
    """A model to be emitted. `name` is its C name; with `tflm`, TFLM computes it.

    `extras` is what its recipe brings beside it.
    """

    plan: Plan
    name: str
    tflm: TflmModel | None = None
    extras: Extras = NO_EXTRAS

    @property
    def arena_bytes(self) -> int:
        """Of this model's arena."""
        return self.plan.arena.bytes if self.tflm is None else self.tflm.arena_bytes

    def files(self) -> dict[str, bytes]:
        """What belongs to this model alone."""
        extras = self.extras.files(self.plan.graph, self.name)
        if self.tflm is None:
            return model_sources(self.plan, self.name) | extras
        return tflm_files(self.plan, self.tflm, self.name) | extras


def project_name(sources: Sequence[Source]) -> str:
    """The project's C name: that of its model, or of its models in turn."""
    return c_names.identifier("_".join(source.name for source in sources))


def project_files(
    sources: Sequence[Source], board: Board, name: str, flavour: str = CMAKE
) -> dict[str, bytes]:
    """Relative path -> content. `name` is the project's C name. Deterministic.

    The kernels are there once, under the project's name. Raises `UsageError` where two models have
    one name or different engines, and `UnsupportedError` where the flavour's build system does not
    offer TensorFlow Lite Micro.
    """
    _check(sources)
    tflm = sources[0].tflm is not None
    content: dict[str, bytes] = {}
    for source in sources:
        content |= source.files()
    if tflm:
        content |= shared_tflm_files()
    else:
        content |= kernel_files([source.plan for source in sources], name)
    facts = Facts(
        name=name,
        models=tuple(
            ModelFacts(
                s.plan.graph, s.name, s.arena_bytes, s.plan.state_bytes, s.extras, s.plan.streamed
            )
            for s in sources
        ),
        engine=TFLM if tflm else AOT,
        board=board,
    )
    content[LICENSE] = paths.license_file().read_bytes()
    whole = (
        _cmake_project(content, facts) if flavour == CMAKE else _flavoured(content, facts, flavour)
    )
    return whole | {BOARD_FILE: board.toml}


LICENSE = "LICENSE"
BOARD_FILE = "board.toml"  # so that the project needs no board file elsewhere


def _check(sources: Sequence[Source]) -> None:
    names = [source.name for source in sources]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"Two models are called {twice} in C: rename one of the files or folders.")
    if len({source.tflm is None for source in sources}) > 1:
        raise UsageError("All models of a project have the same engine.")
    _check_features(sources)
    _check_rows(sources)


def _check_rows(sources: Sequence[Source]) -> None:
    """Features fill all of an input at once."""
    for each in sources:
        if each.extras.front_end and any(i in each.plan.streamed for i in each.plan.graph.inputs):
            raise UsageError(
                f"The features of {each.name} make all of its input at once: it cannot arrive row "
                "by row. Leave `--input rows` out."
            )


def _check_features(sources: Sequence[Source]) -> None:
    """A program has one function of a name."""
    ends = [source.extras.front_end for source in sources]
    functions = [end.features.function for end in ends if end is not None]
    twice = next((name for name in functions if functions.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"The features of two models are made by a function called {twice}: one program cannot "
            "hold both. Rename one (features.function of its recipe)."
        )


def _check_file_names(sources: Mapping[str, bytes]) -> None:
    """In a flavour all sources lie in one folder: a file of the user's must not replace another."""
    names = [PurePosixPath(path).name for path in sources]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"The project has two files called {twice}, one of them from features.c of a recipe: "
            "rename that."
        )


def _flavoured(content: dict[str, bytes], facts: Facts, flavour: str) -> dict[str, bytes]:
    chosen = FLAVOURS[flavour]
    if facts.engine == TFLM and chosen.no_tflm:
        raise UnsupportedError(
            f"--engine tflm is not for --flavour {flavour}: {chosen.no_tflm}. Use --engine aot."
        )
    folders = ("model/", "kernels/", f"{front_end.FOLDER}/")
    sources = {p: data for p, data in content.items() if p.startswith(folders)}
    _check_file_names(sources)
    sources |= engine_headers()
    archive = build_archive(sources, facts.board) if flavour == "library" else None
    return {LICENSE: content[LICENSE]} | render(chosen, sources, facts, archive)


def _cmake_project(content: dict[str, bytes], facts: Facts) -> dict[str, bytes]:
    surroundings = ProjectFacts(
        name=facts.name,
        models=tuple(_describe(model, content) for model in facts.models),
        kernel_sources=_sources(content, "kernels/"),
        engine=facts.engine,
        tflm_arch=library_arch(facts.board) if facts.engine == TFLM else "",
    )
    return (
        content
        | render_project(facts.board, surroundings)
        | render_application(facts, "application")
    )


def _describe(model: ModelFacts, content: dict[str, bytes]) -> ProjectModel:
    graph = model.graph
    return ProjectModel(
        name=model.name,
        title=graph.name,
        hash=graph.model_hash,
        sources=_sources(content, "model/", model.name),
        arena_bytes=model.arena_bytes,
        inputs=_tensor_texts(graph, graph.inputs, border_names.input_names(graph)),
        outputs=_tensor_texts(graph, graph.outputs, border_names.output_names(graph)),
        state_bytes=model.state_bytes,
        labels=model.extras.labels,
        front_end=model.front_end,
        feature_sources=_sources(content, front_end.folder(model.name)),
        streamed=(
            sum(tensor in model.streamed for tensor in graph.inputs),
            sum(tensor in model.streamed for tensor in graph.outputs),
        ),
    )


def _sources(content: dict[str, bytes], folder: str, model: str | None = None) -> tuple[str, ...]:
    """The C sources in a folder, or those of one model, whose names end in what they hold."""
    ours = {f"{folder}{model}_{kind}" for kind in ("model", "constants", "tflite", "labels", "raw")}
    return tuple(
        path
        for path in sorted(content)
        if path.startswith(folder)
        and path.endswith((".c", ".cc"))
        and (model is None or path.rsplit(".", 1)[0] in ours)
    )


def _tensor_texts(
    graph: Graph, tensors: Sequence[int], names: Sequence[str]
) -> tuple[Escaped, ...]:
    return tuple(map(_tensor_text, c_names.identifiers(names), map(graph.tensor, tensors)))


def _tensor_text(name: str, tensor: Tensor) -> Escaped:
    q = tensor.quantization
    scale = f", scale {q.scale:.9g}, zero point {q.zero_point}" if q else ""
    shape = markdown_code(shape_text(tensor))
    return Escaped(f"{markdown_code(name)}: {shape}{scale}, {tensor.bytes:,} bytes")
