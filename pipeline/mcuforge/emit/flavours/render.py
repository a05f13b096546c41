"""Fills a flavour's templates and puts the model's sources where the flavour wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath

from mcuforge import __version__
from mcuforge.boards import Board
from mcuforge.emit import c_names, front_end, templates
from mcuforge.emit.cmake_project import origin
from mcuforge.emit.extras import NO_EXTRAS, Extras
from mcuforge.emit.flavours.board_names import BoardNames, board_names
from mcuforge.emit.flavours.layouts import Flavour
from mcuforge.emit.front_end import FrontEndView
from mcuforge.engines import TFLM
from mcuforge.frontend import border_names
from mcuforge.frontend.graph import Graph
from mcuforge.planning.plan import shape_text
from mcuforge.wording.escape import Escaped, markdown_code

_KIB = 1024
_SYSTEM_KIB = 16  # what an RTOS, a console and stacks take beside the model, roughly
_PUBLIC = ("_model.h", "_labels.h", "_raw.h")
_APPLICATION = ("application.c", "application.h")


@dataclass(frozen=True)
class ModelFacts:
    """What a project says of a model. `name` is its C name.

    `streamed` are its inputs and outputs that are there row by row, with the bytes of a row.
    """

    graph: Graph
    name: str
    arena_bytes: int
    state_bytes: int
    extras: Extras = NO_EXTRAS
    streamed: Mapping[int, int] = field(default_factory=dict)

    @property
    def front_end(self) -> FrontEndView | None:
        """What the templates show of the features; None where there are none."""
        if self.extras.front_end is None:
            return None
        return front_end.view(self.extras.front_end.features, self.graph, self.name)


@dataclass(frozen=True)
class Facts:
    """What a flavour says of its models. `name` is the project's C name."""

    name: str
    models: tuple[ModelFacts, ...]
    engine: str
    board: Board


@dataclass(frozen=True)
class _TensorText:
    """An input or output. Of one that streams `elements` are those of one of its `rows`; else 0."""

    name: str
    elements: int
    rows: int
    text: str
    markdown: Escaped


@dataclass(frozen=True)
class _ModelValues:
    """A model, as the templates see it. `prefix` tells its variables from those of others."""

    name: str
    upper: str
    title: str
    prefix: str
    header: str
    arena_bytes: int
    state_bytes: int
    inputs: tuple[_TensorText, ...]
    outputs: tuple[_TensorText, ...]
    labels: tuple[str, ...]
    front_end: FrontEndView | None

    @property
    def streams_in(self) -> bool:
        """Whether an input arrives row by row."""
        return any(tensor.rows for tensor in self.inputs)

    @property
    def streams_out(self) -> bool:
        """Whether an output leaves row by row."""
        return any(tensor.rows for tensor in self.outputs)

    @property
    def streams(self) -> bool:
        """Either."""
        return self.streams_in or self.streams_out

    @property
    def whole_inputs(self) -> tuple[_TensorText, ...]:
        """Those that are filled before an inference."""
        return tuple(tensor for tensor in self.inputs if not tensor.rows)

    @property
    def whole_outputs(self) -> tuple[_TensorText, ...]:
        """Those that are read after an inference."""
        return tuple(tensor for tensor in self.outputs if not tensor.rows)

    @property
    def replaced(self) -> tuple[str, ...]:
        """The example's functions that stand for what a device brings itself."""
        if self.front_end is not None:
            return (f"{self.prefix}read_raw",)
        needed = {
            "read_sensor": bool(self.whole_inputs),
            f"{self.prefix}give_row": self.streams_in,
            f"{self.prefix}take_row": self.streams_out,
        }
        return tuple(name for name, is_needed in needed.items() if is_needed)

    @property
    def row_elements(self) -> int:
        """Of the longest row that arrives or leaves."""
        return max(t.elements for t in (*self.inputs, *self.outputs) if t.rows)


@dataclass(frozen=True)
class _Values:
    """What the templates see, as `it`. A title may be any text."""

    name: str
    upper: str
    title: str
    header: str
    version: str
    engine: str
    ram_kib: int
    flash_kib: int
    models: tuple[_ModelValues, ...]
    sources: tuple[str, ...]
    source_headers: tuple[str, ...]
    headers: tuple[str, ...]
    board: BoardNames
    archive: bool

    @property
    def description(self) -> str:
        """The models in words: `The neural network unet`."""
        several = "s" if len(self.models) > 1 else ""
        return f"The neural network{several} {' and '.join(m.name for m in self.models)}"

    @property
    def arena_bytes(self) -> int:
        """Of all arenas together."""
        return sum(model.arena_bytes for model in self.models)


def render(
    flavour: Flavour, content: Mapping[str, bytes], facts: Facts, archive: bytes | None = None
) -> dict[str, bytes]:
    """Relative path -> content of a project of that flavour. Deterministic.

    `content` holds the models' sources, the kernels and the public headers. Public are the models'
    headers and those in `mcuforge/`; everything else lies beside the sources, where nothing outside
    can include it by accident. `archive` is the library, if it was built.
    """
    public = {name: data for path, data in content.items() if (name := _public(path))}
    private = {
        PurePosixPath(path).name: data
        for path, data in sorted(content.items())
        if path.endswith((".c", ".cc", ".h")) and not _public(path)
    }
    if flavour.tflm_header is not None:
        private = dict(_found_by(flavour.tflm_header, *source) for source in private.items())
    values = _values(facts, tuple(private), tuple(sorted(public)), archive is not None)
    files = {f"{flavour.sources}/{name}": data for name, data in private.items()}
    files |= {f"{flavour.headers}/{name}": data for name, data in public.items()}
    if archive is not None:
        files[f"lib/lib{facts.name}.a"] = archive
    files |= {path: _fill(template, values) for template, path in flavour.templates.items()}
    files = {path.format(name=facts.name): data for path, data in files.items()}
    return dict(sorted((files | _applications(facts, flavour.application)).items()))


def render_application(facts: Facts, folder: str) -> dict[str, bytes]:
    """The example alone, for the CMake project: a model's application each, and a `main.c`."""
    values = _values(facts, (), (), archive=False)
    main = {f"{folder}/main.c": _fill("common/main.c.j2", values)}
    return main | _applications(facts, folder)


def _applications(facts: Facts, folder: str) -> dict[str, bytes]:
    """`<model>_application.c` and its header for each model."""
    return {
        f"{folder}/{model.name}_{name}".format(name=facts.name): _fill(f"common/{name}.j2", model)
        for model in _models(facts)
        for name in _APPLICATION
    }


def _public(path: str) -> str | None:
    """The name by which an application includes a header; None for what is not its business."""
    if path.startswith("engines/mcuforge/"):
        return path.removeprefix("engines/")
    is_public = path.startswith("model/") and path.endswith(_PUBLIC)
    return path.removeprefix("model/") if is_public else None


def _found_by(header: str, name: str, data: bytes) -> tuple[str, bytes]:
    """A source that uses TensorFlow Lite Micro where a library is looked for by its header.

    Arduino and PlatformIO know `.cpp` for certain.
    """
    if not name.endswith(".cc"):
        return name, data
    include = f"#include <{header}> /* by which the library of TensorFlow Lite Micro is found */\n"
    return name.removesuffix("cc") + "cpp", include.encode() + data


def _values(
    facts: Facts, sources: tuple[str, ...], headers: tuple[str, ...], archive: bool
) -> _Values:
    models = _models(facts)
    numbers = [t for m in models for t in (*m.inputs, *m.outputs)]
    ram = sum(m.arena_bytes for m in models) + sum(4 * tensor.elements for tensor in numbers)
    constants = sum(_constant_bytes(model.graph) for model in facts.models)
    return _Values(
        name=facts.name,
        upper=facts.name.upper(),
        title=" and ".join(model.title for model in models),
        header=origin([model.graph.model_hash for model in facts.models]),
        version=__version__,
        engine=facts.engine,
        ram_kib=-(-ram // _KIB) + _SYSTEM_KIB,
        flash_kib=-(-constants // _KIB) + 2 * _SYSTEM_KIB,
        models=models,
        sources=tuple(name for name in sources if not name.endswith(".h")),
        source_headers=tuple(name for name in sources if name.endswith(".h")),
        headers=headers,
        board=board_names(facts.board, tflm=facts.engine == TFLM),
        archive=archive,
    )


def _models(facts: Facts) -> tuple[_ModelValues, ...]:
    return tuple(
        _ModelValues(
            name=model.name,
            upper=model.name.upper(),
            title=model.graph.name,
            prefix="" if len(facts.models) == 1 else f"{model.name}_",
            header=origin([model.graph.model_hash]),
            arena_bytes=model.arena_bytes,
            state_bytes=model.state_bytes,
            inputs=_texts(model, model.graph.inputs, border_names.input_names(model.graph)),
            outputs=_texts(model, model.graph.outputs, border_names.output_names(model.graph)),
            labels=model.extras.labels,
            front_end=model.front_end,
        )
        for model in facts.models
    )


def _constant_bytes(graph: Graph) -> int:
    return sum(tensor.bytes for tensor in graph.tensors if tensor.is_constant)


def _texts(
    model: ModelFacts, tensors: Sequence[int], names: Sequence[str]
) -> tuple[_TensorText, ...]:
    return tuple(map(partial(_text, model), c_names.identifiers(names), tensors))


def _text(model: ModelFacts, name: str, index: int) -> _TensorText:
    tensor = model.graph.tensor(index)
    q = tensor.quantization
    scale = f", scale {q.scale:.9g}, zero point {q.zero_point}" if q else ""
    shape = shape_text(tensor)
    row_bytes = model.streamed.get(index)
    rows = tensor.bytes // row_bytes if row_bytes else 0
    by_row = ", row by row" if rows else ""
    markdown = Escaped(f"{markdown_code(name)}: {markdown_code(shape)}{scale}{by_row}")
    return _TensorText(name, tensor.elements // max(rows, 1), rows, shape + by_row, markdown)


def _fill(template: str, values: _Values | _ModelValues) -> bytes:
    return templates.render(f"flavours/{template}", it=values)
