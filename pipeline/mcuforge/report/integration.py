"""How an application uses the model of a run: its C interface, and code that is ready to copy.

Facts -> C and C++ with this model's names, sizes and scales, a piece for each task, and an example
for each flavour of `mcuforge emit`. A test compiles all of it against what `emit` writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcuforge import boards
from mcuforge.boards import Board
from mcuforge.emit import c_names, c_values, templates
from mcuforge.emit.flavours import CMAKE, FLAVOURS
from mcuforge.emit.flavours.board_names import BoardNames, board_names
from mcuforge.emit.model_view import C_TYPES, MF_DTYPES
from mcuforge.engines import AOT, TFLM
from mcuforge.frontend import border_names
from mcuforge.frontend.graph import DType, Graph, Tensor
from mcuforge.planning import SPEED
from mcuforge.planning.plan import Plan, shape_text
from mcuforge.report.network import shown

_FOLDER = "report/sections/integration"
_RANGES = {
    DType.INT8: ("-128", "127"),
    DType.UINT8: ("0", "255"),
    DType.INT16: ("-32768", "32767"),
}


@dataclass(frozen=True)
class Border:
    """An input or output: `name` in C, `title` in the model, and its type in both.

    `scale` and `zero_point` are C constants: real = scale * (q - zero_point). `is_quantised` is
    false of real numbers, truth values and wide integers, which stand for themselves.
    """

    name: str
    title: str
    c_type: str
    mf_dtype: str
    type: str
    elements: int
    bytes: int
    scale: str
    zero_point: str
    low: str
    high: str
    is_quantised: bool

    @property
    def about(self) -> str:
        """Type and scale in words, for a comment."""
        scale = f", scale {self.scale.removesuffix('f')}, zero point {self.zero_point.strip('()')}"
        return f"{self.title}: {self.type}{scale if self.is_quantised else ''}"


@dataclass(frozen=True)
class Integration:
    """All that the examples are made of. `name` is the model's in C, and `upper` in macros.

    `arena_bytes` is None where TFLM's arena is measured later. `model` is the argument of
    `mcuforge emit`: the model's folder where its recipe brings something, else a `.tflite`.
    `names` are the board's in each build system.
    """

    name: str
    upper: str
    engine: str
    model: str
    board: str
    optimize: str
    arena_bytes: int | None
    state_bytes: int
    alignment: int
    inputs: tuple[Border, ...]
    outputs: tuple[Border, ...]
    labels: tuple[str, ...]
    names: BoardNames

    @property
    def arena_text(self) -> str:
        """The arena's bytes, as far as they are known, for a comment."""
        return f"{self.arena_bytes} bytes" if self.arena_bytes else "as TFLM needs it"


@dataclass(frozen=True)
class Example:
    """A piece of code: `title`, a sentence `says`, and texts to copy, each with what it is."""

    title: str
    says: str
    texts: tuple[tuple[str, str], ...]


def of(
    plan: Plan,
    board: Board,
    engine: str = AOT,
    labels: Sequence[str] = (),
    folder: Path | None = None,
    optimize: str = SPEED,
) -> Integration:
    """What an application has to know. `folder` is that of the model's recipe."""
    graph = plan.graph
    name = c_names.identifier(graph.name)
    known = board.name in boards.names()
    return Integration(
        name=name,
        upper=name.upper(),
        engine=engine,
        model=shown(folder.name if folder and labels else f"{graph.name}.tflite"),
        board=board.name if known else f"{board.name}.toml",
        optimize=optimize,
        arena_bytes=None if engine == TFLM else plan.arena.bytes,
        state_bytes=plan.state_bytes,
        alignment=plan.alignment,
        inputs=_borders(graph, graph.inputs, border_names.input_names(graph)),
        outputs=_borders(graph, graph.outputs, border_names.output_names(graph)),
        labels=tuple(labels),
        names=board_names(board, tflm=engine == TFLM),
    )


def _borders(graph: Graph, tensors: Sequence[int], names: Sequence[str]) -> tuple[Border, ...]:
    listed = zip(c_names.identifiers(names), names, map(graph.tensor, tensors), strict=True)
    return tuple(_border(name, title, tensor) for name, title, tensor in listed)


def _border(name: str, title: str, tensor: Tensor) -> Border:
    q = tensor.quantization
    zero_point = q.zero_point if q and q.zero_points else 0
    low, high = _RANGES.get(tensor.dtype, ("0", "0"))
    return Border(
        name=name,
        title=shown(title),
        c_type=C_TYPES[tensor.dtype],
        mf_dtype=MF_DTYPES[tensor.dtype],
        type=shape_text(tensor),
        elements=tensor.elements,
        bytes=tensor.bytes,
        scale=c_values.floating(q.scale if q else 1.0),
        zero_point=f"({zero_point})" if zero_point < 0 else str(zero_point),
        low=low,
        high=high,
        is_quantised=tensor.dtype in _RANGES and q is not None,
    )


def examples(it: Integration) -> Iterator[Example]:
    """Code for each task, whatever the build system is."""
    yield Example(
        "C",
        "Real numbers in and out. Fill all inputs before each call: their memory is shared.",
        ((f"{it.name}_infer.c", _fill("c.c.j2", it)),),
    )
    yield Example(
        "C++", "The same, from C++11 on.", ((f"{it.name}_infer.cpp", _fill("cpp.cpp.j2", it)),)
    )
    yield Example(
        "Without conversion",
        "For data that is quantised already, or where floats cost too much. "
        "The constants are this model's: another conversion may bring others.",
        ((f"{it.name}_infer_as_is.c", _fill("integers.c.j2", it)),),
    )
    yield Example(
        "Memory of your own",
        "The arena in a buffer of the application: allocated, in another memory, or shared by "
        "models that never run at once.",
        (
            (f"{it.name}_user_config.h", _fill("user_config.h.j2", it, what="ARENA")),
            ("in the application", _fill("memory.c.j2", it)),
        ),
    )
    if it.state_bytes:
        yield _state(it)
    if it.labels:
        yield Example(
            "Labels",
            "What the classes are called. The texts lie in flash, and only where they are used.",
            (("in the application", _fill("labels.c.j2", it)),),
        )


def _state(it: Integration) -> Example:
    streams = (
        ("for several streams at once, {0}_user_config.h", "user_config.h.j2"),
        ("and in the application", "streams.c.j2"),
    )
    return Example(
        "State",
        f"The model keeps {it.state_bytes:,} B from one inference to the next: each is a step of a "
        "sequence, which init begins.",
        (
            ("in the application", _fill("state.c.j2", it)),
            *(
                (what.format(it.name), _fill(template, it, what="STATE"))
                for what, template in streams
                if it.engine != TFLM
            ),
        ),
    )


_FILES = {
    CMAKE: "main.c",
    "zephyr": "src/main.c",
    "esp-idf": "main/main.c",
    "arduino": "YOUR_SKETCH.ino",
    "platformio": "src/main.cpp",
    "csolution": "main.c",
    "library": "main.c",
    "freertos": "infer.c",
}
_TITLES = {
    CMAKE: "CMake",
    "zephyr": "Zephyr",
    "esp-idf": "ESP-IDF",
    "arduino": "Arduino",
    "platformio": "PlatformIO",
    "csolution": "CMSIS-Toolbox",
    "library": "Make, or your own",
    "freertos": "FreeRTOS",
}
_FLAVOURS = {"freertos": "library"}  # what is emitted for a system that is no flavour
_USE = {
    CMAKE: "in your CMakeLists.txt",
    "zephyr": "in prj.conf",
    "esp-idf": "main/CMakeLists.txt",
    "platformio": "in platformio.ini",
    "csolution": "in your .cproject.yml",
}
_SAYS = {
    CMAKE: "A whole firmware for the board, which is a library in a project of yours.",
    "zephyr": "A Zephyr module; a sample with its west manifest comes along.",
    "esp-idf": "A component, for Xtensa and RISC-V alike.",
    "arduino": "A library; its example sketch comes along.",
    "platformio": "A library for the folder lib/ of a project.",
    "csolution": "A layer for a CMSIS solution.",
    "library": "Headers and C11 sources, with a Makefile: for any build system.",
    "freertos": "The library in a task. Its stack needs what is said above, and more for the rest.",
}


def flavours(it: Integration) -> Iterator[Example]:
    """For each build system: the commands, what its files get, and an application."""
    for system in _TITLES:
        flavour = _FLAVOURS.get(system, system)
        refused = FLAVOURS[flavour].no_tflm if flavour != CMAKE and it.engine == TFLM else None
        if refused:
            yield Example(_TITLES[system], f"Not with --engine tflm: {refused}.", ())
            continue
        folder = f"{it.name}-{flavour}"
        given = {"system": system, "folder": folder, "emit": _emit(it, flavour, folder)}
        texts = [
            ("commands", _fill("commands.j2", it, **given)),
            (_USE.get(system, ""), _fill("use.j2", it, **given)),
            (_FILES[system], _fill("main.j2", it, **given)),
        ]
        yield Example(
            _TITLES[system], _SAYS[system], tuple((what, text) for what, text in texts if text)
        )


def _emit(it: Integration, flavour: str, folder: str) -> list[str]:
    """The words of the command that writes the project."""
    return [
        *("mcuforge", "emit", it.model, "--name", it.name, "--board", it.board),
        *([] if it.engine == AOT else ["--engine", it.engine]),
        *([] if it.optimize == SPEED else ["--optimize", it.optimize]),
        *([] if flavour == CMAKE else ["--flavour", flavour]),
        *("-o", folder),
    ]


def _fill(template: str, it: Integration, **values: object) -> str:
    text = templates.render(f"{_FOLDER}/{template}", it=it, **values).decode()
    return text.strip("\n") + "\n" if text.strip() else ""
