"""Every CStruct dataclass has the layout of its C struct."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

from c_struct import structure
from sanitised import KERNELS

from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.plan import CStruct, KernelParams
from mcuforge.planning.rows import accumulating


def structs() -> list[type[CStruct]]:
    """The parameter structs, and the structs that are parts of them."""
    every = [struct for struct in _below(CStruct) if struct is not KernelParams]
    return [struct for struct in every if struct.__module__.startswith("mcuforge.")]


def _below(struct: type[CStruct]) -> list[type[CStruct]]:
    """All that derive from it; int16's structs derive from those of int8."""
    return [each for child in struct.__subclasses__() for each in (child, *_below(child))]


def test_parameter_structs_match_the_header(tmp_path: Path) -> None:
    assert OPERATORS and accumulating  # importing these defines all parameter structs
    lines = ["#include <stddef.h>", '#include "nn.h"']
    for params in structs():
        twin = structure(params)
        lines.append(f'_Static_assert(sizeof({params.c_type}) == {ctypes.sizeof(twin)}, "size");')
        lines += [
            f"_Static_assert(offsetof({params.c_type}, {name}) == {getattr(twin, name).offset} && "
            f"sizeof((({params.c_type} *)0)->{name}) == {getattr(twin, name).size}, "
            f'"{params.c_type}.{name}");'
            for name, _ in params.members()
        ]
    source = tmp_path / "layout.c"
    source.write_text("\n".join(lines) + "\n")
    subprocess.run(
        ["gcc", "-std=c11", "-fsyntax-only", f"-I{KERNELS}", source], check=True, cwd=tmp_path
    )
