"""The same model for other build systems: Zephyr, ESP-IDF, Arduino, PlatformIO, CMSIS, a library.

    files = render("zephyr", content, facts)      # relative path -> bytes

Takes the sources of the CMake project, gives the other's files; knows nothing of what is in them.
A flavour is data: which templates go where, and where sources and headers lie. The sources
themselves are those of the CMake project, given by `emit.project`.
"""

from mcuforge.emit.flavours.board_names import compiles_for
from mcuforge.emit.flavours.layouts import CMAKE, FLAVOURS, Flavour
from mcuforge.emit.flavours.render import Facts, ModelFacts, render, render_application

__all__ = [
    "CMAKE",
    "FLAVOURS",
    "Facts",
    "Flavour",
    "ModelFacts",
    "compiles_for",
    "render",
    "render_application",
]
