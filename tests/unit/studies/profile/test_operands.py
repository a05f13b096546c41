"""Instructions as objdump writes them: their kind, and what they read and write."""

from __future__ import annotations

import pytest

from mcuforge.errors import ToolError
from mcuforge.simulate.block_counts import Block
from mcuforge.studies.profile.disassembly import Program, demangled, parsed
from mcuforge.studies.profile.operands import Kind, operands_of

# name, operands, kind, reads, writes
CASES = [
    ("adds", "r3, #1", Kind.ALU, "r3", "r3"),
    ("add", "r3, r4, r5", Kind.ALU, "r4 r5", "r3"),
    ("add", "lr, r8", Kind.ALU, "r14 r8", "r14"),
    ("mov", "r7, r0", Kind.ALU, "r0", "r7"),
    ("cmp", "r2, #1", Kind.ALU, "r2", ""),
    ("movt", "r0, #5", Kind.ALU, "r0", "r0"),
    ("add", "r3, r3, r3, lsl #8", Kind.SHIFTED, "r3", "r3"),
    ("sxtb16", "r5, r5, ror #8", Kind.BITS, "r5", "r5"),
    ("ssat", "r0, #8, r1", Kind.PACK, "r1", "r0"),
    ("pkhbt", "r0, r1, r2, lsl #16", Kind.PACK, "r1 r2", "r0"),
    ("mul", "r0, r1, r2", Kind.MUL, "r1 r2", "r0"),
    ("muls", "r0, r1", Kind.MUL, "r0 r1", "r0"),
    ("smmulr", "r0, r1, r2", Kind.MUL, "r1 r2", "r0"),
    ("smlad", "r2, r6, fp, r2", Kind.MAC, "r6 r11 r2", "r2"),
    ("smlabb", "r2, r6, r7, r3", Kind.MAC, "r6 r7 r3", "r2"),
    ("smmlar", "r2, r6, r7, r3", Kind.MAC, "r6 r7 r3", "r2"),
    ("smlald", "r2, r3, r7, r8", Kind.MAC, "r2 r3 r7 r8", "r2 r3"),
    ("smull", "r0, r1, r2, r3", Kind.LONG_MUL, "r2 r3", "r0 r1"),
    ("smlal", "r0, r1, r2, r3", Kind.LONG_MUL, "r0 r1 r2 r3", "r0 r1"),
    ("sdiv", "r0, r1, r2", Kind.DIVIDE, "r1 r2", "r0"),
    ("ldr", "r6, [ip], #16", Kind.LOAD, "r12", "r6 r12"),
    ("ldr", "r0, [lr, r0]", Kind.LOAD, "r14 r0", "r0"),
    ("ldrb", "r0, [r1, #1]!", Kind.LOAD, "r1", "r0 r1"),
    ("ldrd", "r0, r1, [r8], #8", Kind.LOAD_PAIR, "r8", "r0 r1 r8"),
    ("str", "r3, [sp, #8]", Kind.STORE, "r3 r13", ""),
    ("strb", "r3, [r0], #1", Kind.STORE, "r3 r0", "r0"),
    ("strd", "r6, sl, [sp, #56]", Kind.STORE_PAIR, "r6 r10 r13", ""),
    ("pop", "{r4, pc}", Kind.LOAD_MANY, "r13", "r4 r15 r13"),
    ("ldmia", "r0!, {r1, r2}", Kind.LOAD_MANY, "r0", "r1 r2 r0"),
    ("push", "{r4-r6, lr}", Kind.STORE_MANY, "r4 r5 r6 r14 r13", "r13"),
    ("stmia", "r3!, {r0, r1}", Kind.STORE_MANY, "r0 r1 r3", "r3"),
    ("vpush", "{d8-d9}", Kind.STORE_MANY, "d8 d9 r13", "r13"),
    ("bne", "1530 <f+0x4>", Kind.BRANCH, "", ""),
    ("cbz", "r3, 15 <f>", Kind.BRANCH, "r3", ""),
    ("bls", "15 <f>", Kind.BRANCH, "", ""),
    ("bl", "15 <f>", Kind.CALL, "", "r14"),
    ("bx", "lr", Kind.JUMP, "r14", ""),
    ("le", "lr, 5a2 <f>", Kind.LOOP, "", "r14"),
    ("bic", "r0, r1, #3", Kind.ALU, "r1", "r0"),
    ("ite", "gt", Kind.NOTHING, "", ""),
    ("vpst", "", Kind.NOTHING, "", ""),
    ("vldrb.u8", "q0, [r1], #16", Kind.VECTOR_LOAD, "r1", "q0 r1"),
    ("vstrb.8", "q0, [r1]", Kind.VECTOR_STORE, "q0 r1", ""),
    ("vmlava.s8", "r0, q0, q1", Kind.VECTOR_MAC, "r0 q0 q1", "r0"),
    ("vmlav.s8", "r0, q0, q1", Kind.VECTOR_MAC, "q0 q1", "r0"),
    ("vmullb.s8", "q2, q0, q1", Kind.VECTOR_MAC, "q0 q1", "q2"),
    ("vadd.i16", "q2, q0, q1", Kind.VECTOR, "q0 q1", "q2"),
    ("vadd.f32", "s2, s0, s1", Kind.FLOAT, "s0 s1", "s2"),
]


@pytest.mark.parametrize(("name", "text", "kind", "reads", "writes"), CASES)
def test_kind_and_registers(name: str, text: str, kind: Kind, reads: str, writes: str) -> None:
    found = operands_of(name, text)
    assert found.kind is kind
    assert found.reads == set(reads.split()) and found.writes == set(writes.split())


LISTING = """
firmware.elf:     file format elf32-littlearm

Disassembly of section .text:

00000fbc <gather>:
     fbc:\teb03 2303 \tadd.w\tr3, r3, r3, lsl #8
     fc0:\t930b      \tstr\tr3, [sp, #44]\t@ 0x2c
     fc2:\tbf00      \tnop
     fc4:\t4770      \tbx\tlr
     fc6:\t0000      \t.short\t0x0000
     fc8:\t00001fac \t.word\t0x00001fac
"""


def test_the_listing_of_objdump() -> None:
    program = Program(list(parsed(LISTING)))
    found = program.of(Block(0xFBC, 0xFC6))
    assert [(i.address, i.size, i.name, i.text) for i in found] == [
        (0xFBC, 4, "add", "r3, r3, r3, lsl #8"),
        (0xFC0, 2, "str", "r3, [sp, #44]"),
        (0xFC2, 2, "nop", ""),
        (0xFC4, 2, "bx", "lr"),
    ]
    with pytest.raises(ToolError, match="no instructions from 0xfc4 to 0xfc8"):
        program.of(Block(0xFC4, 0xFC8))


def test_names_of_cpp_are_readable() -> None:
    names = ("memset", "_ZN6tflite29MultiplyByQuantizedMultiplierElli", "_start")
    assert demangled(names) == ("memset", "tflite::MultiplyByQuantizedMultiplier", "_start")
    assert demangled(["memset"]) == ("memset",)
