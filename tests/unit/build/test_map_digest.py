"""Map files of both linkers, read; and what is none, refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuforge.build.firmware_size import Section
from mcuforge.build.map_digest import Contribution, digest
from mcuforge.errors import ToolError

SECTIONS = (
    Section(".text", 0x0, 0x60, True, False),
    Section(".bss", 0x2000_0000, 0x100, False, True),
    Section(".stack", 0x2000_0100, 0x200, False, True),
)
GNU = """Discarded input sections

 .text.gone     0x00000000       0x44 CMakeFiles/firmware.dir/main.c.obj

Linker script and memory map

LOAD libmodel.a
.text           0x00000000       0x60
 *(.text .text.*)
 .text.main     0x00000000       0x10 CMakeFiles/firmware.dir/main.c.obj
                0x00000000                main
 .text.a_name_that_is_long
                0x00000010       0x2e libmodel.a(conv2d_s8.c.obj)
                0x00000010                a_name_that_is_long
 *fill*         0x0000003e        0x2
 .text.memcpy   0x00000040       0x20 /usr/lib/arm/libc.a(lib_a-memcpy.o)
 .text.empty    0x00000060        0x0 libmodel.a(conv2d_s8.c.obj)

.bss            0x20000000      0x100
 *(.bss .bss.* COMMON)
 .bss.arena     0x20000000       0xf0 libmodel.a(model.c.obj)
 COMMON         0x200000f0       0x10 CMakeFiles/firmware.dir/main.c.obj

.stack          0x20000100      0x200
                0x20000100                mf_stack_start = .

.debug_info     0x00000000      0x999
 .debug_info    0x00000000      0x999 libmodel.a(conv2d_s8.c.obj)
"""
LLD = """     VMA      LMA     Size Align Out     In      Symbol
       0        0       60     4 .text
       0        0       10     4         CMakeFiles/firmware.dir/main.c.obj:(.text.main)
       0        0       10     1                 main
      10       10       2e     4         libmodel.a(conv2d_s8.c.obj):(.text.a_name_that_is_long)
      40       40       20     4         /c/o/ab/libcompiler_rt.a(/c/o/ab/rt.o):(.text.memcpy)
20000000 20000000      100    16 .bss
20000000 20000000       f0     4         libmodel.a(model.c.obj):(.bss.arena)
200000f0 200000f0       10     1         <internal>:(.bss)
20000100 20000100      200   256 .stack
20000100 20000100        0     1         mf_stack_start = .
       0        0      999     1 .debug_info
       0        0      999     1         libmodel.a(conv2d_s8.c.obj):(.debug_info)
"""


def read(tmp_path: Path, text: str) -> tuple[Contribution, ...]:
    file = tmp_path / "firmware.map"
    file.write_text(text)
    return digest(file, SECTIONS)


def expected(library: str, last: str) -> tuple[Contribution, ...]:
    return (
        Contribution(".text", "libmodel.a(conv2d_s8.c)", 0x2E),
        Contribution(".text", library, 0x20),
        Contribution(".text", "main.c", 0x10),
        Contribution(".text", "(padding)", 2),
        Contribution(".bss", "libmodel.a(model.c)", 0xF0),
        Contribution(".bss", last, 0x10),
        Contribution(".stack", "(reserved)", 0x200),
    )


def test_gnu_ld(tmp_path: Path) -> None:
    assert read(tmp_path, GNU) == expected("libc.a(lib_a-memcpy.o)", "main.c")


def test_lld(tmp_path: Path) -> None:
    assert read(tmp_path, LLD) == expected("libcompiler_rt.a(rt.o)", "(linker)")


def test_contributions_add_up(tmp_path: Path) -> None:
    for text in (GNU, LLD):
        rows = read(tmp_path, text)
        for section in SECTIONS:
            assert sum(r.bytes for r in rows if r.section == section.name) == section.bytes


def test_what_is_no_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="not a map file"):
        read(tmp_path, "hello\n")
    with pytest.raises(ToolError, match="No such file"):
        digest(tmp_path / "none", SECTIONS)
