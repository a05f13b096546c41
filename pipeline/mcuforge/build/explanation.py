"""What CMake, Ninja, compilers and linkers print -> one error that says why a build failed."""

from __future__ import annotations

import re
from pathlib import Path

from mcuforge.build.toolchains import CLANG, GCC
from mcuforge.errors import ForgeError, ToolError

_OTHER_CORE = re.compile(
    r"^.*(?:uses VFP register arguments|conflicting (?:CPU )?architectur|unknown EABI"
    r"|file in wrong format|file format not recognized).*$",
    re.MULTILINE,
)
_FIRST_ERROR = re.compile(r"^.*\b(?:fatal error|error|undefined reference)\b.*$", re.MULTILINE)
_OVERFLOW = re.compile(r"region [`'](\w+)':? overflowed by (\d+) bytes")
_NO_LINKER = re.compile(r"invalid linker name|unable to execute command.*ld\.lld|MF_LLVM_OBJCOPY")
# An operator's method that TFLM's resolver does not have, and other signs of another TFLM.
_NO_METHOD = re.compile(r"error: [^\n]*MicroMutableOpResolver[^\n]*has no member named .(Add\w+)")
_OTHER_TFLM = re.compile(
    r"^.*(?:_model\.cc:.*error:|(?:tensorflow|tflite|flatbuffers)/\S+: .*(?:error|No such file)"
    r"|undefined reference to `tflite::).*$",
    re.MULTILINE,
)
_NO_RUNTIME = re.compile(r"undefined symbol: (__aeabi_\w+|__\w+di\d)")
# A message of CMake is indented and ends at the first line that is not.
_CMAKE_SAYS = r"^CMake {} at \S+ \(message\):\n((?:(?:[ \t]+.*)?\n)+)"
_CMAKE_ERROR = re.compile(_CMAKE_SAYS.format("Error"), re.MULTILINE)
_CMAKE_WARNING = re.compile(_CMAKE_SAYS.format("Warning"), re.MULTILINE)


class BuildError(ForgeError):
    """The project does not compile or link."""


class FitError(ForgeError):
    """The firmware does not fit the board: `over` says by how many bytes, for each region."""

    def __init__(self, message: str, over: dict[str, int]) -> None:
        super().__init__(message)
        self.over = over


def warnings(output: str) -> tuple[str, ...]:
    """What a project's CMake files warn of."""
    return tuple(" ".join(text.split()) for text in _CMAKE_WARNING.findall(output))


def explain(output: str, project: Path) -> ForgeError:
    """The error for the output of a failed CMake or Ninja."""
    over: dict[str, int] = {}
    for region, count in _OVERFLOW.findall(output):  # LLD counts up, section by section
        over[region] = max(over.get(region, 0), int(count))
    if over:
        text = " and ".join(f"{region} by {count:,} bytes" for region, count in over.items())
        return FitError(
            f"The firmware does not fit the board: it exceeds {text}. "
            "Choose a smaller model or a board with more memory.",
            over,
        )
    if re.search(r"(cstddef|cstdint|cstdarg): No such file", output):
        return ToolError(
            "arm-none-eabi-g++ has no C++ library, which TensorFlow Lite Micro needs. Install it: "
            "Debian: apt install libstdc++-arm-none-eabi-newlib; elsewhere take Arm's toolchain."
        )
    if re.search(r"(stdint|string|stdio)\.h: No such file|cannot find -lc\b", output):
        return ToolError(f"{GCC.program} has no C library (newlib). {GCC.install}")
    if _NO_LINKER.search(output):
        return ToolError(f"Clang is here, but not LLD or llvm-objcopy. {CLANG.install}")
    missing = _NO_RUNTIME.search(output)
    if missing:
        return ToolError(
            f"Clang has no runtime library for this core: the model needs {missing[1]}. Install "
            "GCC's (Debian: apt install gcc-arm-none-eabi), or use --toolchain gcc or zig."
        )
    configuring = _CMAKE_ERROR.search(output)
    if configuring:
        text = "\n".join(line.rstrip() for line in configuring[1].splitlines())
        return BuildError(f"The project in {project} cannot be configured:\n{text}")
    first = _FIRST_ERROR.search(output)
    other_core = _OTHER_CORE.search(output)
    if other_core:
        return BuildError(
            f"A library that the project in {project} links was built for another core. That of "
            "TensorFlow Lite Micro must be built with the TARGET_ARCH of the board "
            f"(docs/how-to/tensorflow-lite-micro.md).\n{other_core[0].strip()}"
        )
    if _OTHER_TFLM.search(output):
        return _other_tflm(project, output)
    shown = first[0].strip() if first else output.strip()[-1000:]
    return BuildError(f"The project in {project} does not build:\n{shown}")


def _other_tflm(project: Path, output: str) -> BuildError:
    """TensorFlow Lite Micro was found, but is not what the generated code was written for."""
    method = _NO_METHOD.search(output)
    missing = f"its resolver has no {method[1]}" if method else "its interface differs"
    concerned = _OTHER_TFLM.search(output)
    return BuildError(
        f"The TensorFlow Lite Micro that the project in {project} links is older, newer or less "
        f"complete than what the model needs: {missing}. "
        "docs/how-to/tensorflow-lite-micro.md names the revision that was tried; "
        "--engine aot needs none.\n" + (concerned[0].strip() if concerned else "")
    )
