"""The timing rules, on a few instructions each."""

from __future__ import annotations

import pytest

from mcuforge.studies.profile.disassembly import Instruction
from mcuforge.studies.profile.estimate import CORES
from mcuforge.studies.profile.operands import operands_of


def code(text: str, address: int = 0, size: int = 4) -> list[Instruction]:
    """Instructions, one for each `;`."""
    found = []
    for each in filter(None, map(str.strip, text.split(";"))):
        name, _, operands = each.partition(" ")
        found.append(Instruction(address, size, name, operands, operands_of(name, operands)))
        address += size
    return found


def cycles(core: str, text: str) -> int:
    return CORES[f"cortex-{core}"].step((), code(text), False)


def turn(core: str, text: str) -> int:
    """Cycles of a turn of a loop, without its branch."""
    block = code(text)
    return CORES[f"cortex-{core}"].step(block, block, taken=False)


# From the tables of the Technical Reference Manuals.
SERIAL = [
    ("add r0, r1, r2", {"m0": 1, "m0plus": 1, "m3": 1, "m4": 1}),
    ("ldr r0, [r1]", {"m0": 2, "m0plus": 2, "m3": 2, "m4": 2}),
    ("ldr r0, [r1]; ldr r2, [r1]; ldr r3, [r1]", {"m0plus": 6, "m3": 4, "m4": 4}),
    ("ldr r0, [r1]; ldr r2, [r0]", {"m3": 4, "m4": 4}),
    ("ldr r0, [r1]; str r0, [r2]", {"m3": 2, "m4": 2}),
    ("ldr r0, [r1]; str r2, [r0]", {"m3": 3, "m4": 3}),
    ("str r0, [r1]", {"m0plus": 2, "m4": 1}),
    ("ldrd r0, r1, [r2]", {"m3": 3, "m4": 3}),
    ("push {r4, r5, lr}", {"m0plus": 4, "m4": 4}),
    ("mla r0, r1, r2, r3", {"m3": 2, "m4": 1}),
    ("smull r0, r1, r2, r3", {"m3": 4, "m4": 1}),
    ("smlad r0, r1, r2, r3", {"m4": 1, "m33": 1}),
]


@pytest.mark.parametrize(("text", "expected"), SERIAL)
def test_one_after_the_other(text: str, expected: dict[str, int]) -> None:
    assert {core: cycles(core, text) for core in expected} == expected


BRANCHES = {"m0": 3, "m0plus": 2, "m3": 2, "m4": 2, "m33": 2}


@pytest.mark.parametrize("core", BRANCHES)
def test_a_branch_costs_more_where_it_is_taken(core: str) -> None:
    branch, target = code("bne 0 <f>"), code("add r0, r1, r2")
    timings = CORES[f"cortex-{core}"]
    alone = timings.step((), target, False)
    assert timings.step((), branch, False) == 1
    assert timings.step(branch, target, False) == alone
    assert 1 + timings.step(branch, target, True) - alone == BRANCHES[core]


def test_returns_and_calls() -> None:
    target = code("add r0, r1, r2")
    after = {text: CORES["cortex-m0plus"].step(code(text), target, True) - 1
             for text in ("bl 0 <f>", "bx lr", "pop {r4, pc}")}  # fmt: skip
    assert after == {"bl 0 <f>": 2, "bx lr": 1, "pop {r4, pc}": 2}


def test_a_wide_instruction_across_two_words_takes_a_fetch_more() -> None:
    branch, timings = code("b 0 <f>"), CORES["cortex-m4"]
    straight, across = code("add r0, r1, r2"), code("add r0, r1, r2", address=2)
    assert timings.step(branch, across, True) == timings.step(branch, straight, True) + 1


PIPELINED = [
    ("m7", "add r0, r1, r2; add r3, r4, r5", 1),  # a pair
    ("m7", "add r0, r1, r2; add r1, r0, r5", 2),  # each waits for the other
    ("m7", "smlad r0, r1, r2, r0", 1),  # sums go on at once
    ("m7", "mul r0, r1, r0", 2),
    ("m7", "ldr r0, [r0]", 2),
    ("m7", "ldrsb r0, [r0]", 3),
    ("m7", "smlad r0, r1, r2, r0; smlad r3, r1, r2, r3", 2),  # one multiplier
    ("m7", "smlad r0, r1, r2, r0; add r4, r5, r6", 1),
    ("m7", "ldr r0, [r1]; ldr r2, [r3]", 1),
    ("m55", "add r0, r1, r2; add r3, r4, r5", 2),
    ("m55", "vmlava.s8 r0, q0, q1", 2),
    ("m55", "vldrb.u8 q0, [r1]; vmlava.s8 r0, q0, q1", 2),  # they overlap
    ("m55", "vldrb.u8 q0, [r1]; vadd.i8 q2, q0, q1; vstrb.8 q2, [r2]", 4),
    ("m55", "vmlava.s8 r0, q0, q1; add r1, r2, r3; add r4, r5, r6", 3),
    ("m55", "smlad r0, r1, r2, r0", 2),
]


@pytest.mark.parametrize(("core", "text", "expected"), PIPELINED)
def test_a_turn_of_a_loop_is_what_llvm_mca_says(core: str, text: str, expected: int) -> None:
    assert turn(core, text) == expected


def test_a_loop_end_of_the_m55_costs_no_branch() -> None:
    timings = CORES["cortex-m55"]
    loop, branch = (code(f"vmlava.s8 r0, q0, q1; {end} 0 <f>") for end in ("le lr,", "bne"))
    assert timings.step(loop, loop, True) == 2
    assert timings.step(branch, branch, True) == 3


def test_every_core_says_how_far_it_may_be_wrong() -> None:
    assert all(0 < core.error < 0.5 and core.why for core in CORES.values())
