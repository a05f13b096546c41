"""Code that uses the model of a run, ready to copy.

`Integration` -> C and C++ with this model's names, sizes and scales, a piece for each task, and an
application for each flavour of `mcuforge emit`. A test compiles all of it against what `emit`
writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcuforge.emit import templates
from mcuforge.emit.flavours import CMAKE, FLAVOURS
from mcuforge.engines import AOT, TFLM
from mcuforge.planning import FIT, SPEED
from mcuforge.report.integration import Integration

_FOLDER = "report/sections/integration"


@dataclass(frozen=True)
class Example:
    """A piece of code: `title`, a sentence `says`, and texts to copy, each with what it is."""

    title: str
    says: str
    texts: tuple[tuple[str, str], ...]


def for_tasks(it: Integration) -> Iterator[Example]:
    """Code for each task, whatever the build system is."""
    yield Example(
        "C",
        "Real numbers in and out. While the model runs it asks for the rows that stream, and hands "
        "them over."
        if it.streams
        else "Real numbers in and out. Fill all inputs before each call: their memory is shared.",
        ((f"{it.name}_infer.c", _fill("c.c.j2", it)),),
    )
    if not it.streams:
        yield Example(
            "C++", "The same, from C++11 on.", ((f"{it.name}_infer.cpp", _fill("cpp.cpp.j2", it)),)
        )
    if it.raw:
        yield Example(
            "Raw samples",
            "Readings of a sensor, of which the recipe's own C makes the features.",
            ((f"{it.name}_sense.c", _fill("raw.c.j2", it)),),
        )
    if not it.streams:
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


def for_systems(it: Integration) -> Iterator[Example]:
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
        *([] if it.memory == FIT else ["--memory", it.memory]),
        *([] if it.max_ram is None else ["--max-ram", str(it.max_ram)]),
        *(["--input", "rows"] if it.streams_in else []),
        *(["--output-as", "rows"] if it.streams_out else []),
        *([] if flavour == CMAKE else ["--flavour", flavour]),
        *("-o", folder),
    ]


def _fill(template: str, it: Integration, **values: object) -> str:
    text = templates.render(f"{_FOLDER}/{template}", it=it, **values).decode()
    return text.strip("\n") + "\n" if text.strip() else ""
