"""From counts of blocks to what functions cost."""

from __future__ import annotations

import pytest

from mcuforge import boards
from mcuforge.errors import UsageError
from mcuforge.simulate.autopsy import Symbols
from mcuforge.simulate.block_counts import Block, Step
from mcuforge.studies.profile.disassembly import Program, parsed
from mcuforge.studies.profile.estimate import CORES, Estimator, Spent, core_of

LISTING = """
      20:\teb03 2303 \tadd.w\tr3, r3, r4
      24:\t3901      \tsubs\tr1, #1
      26:\td1fb      \tbne.n\t20 <loop>
      28:\t4770      \tbx\tlr
      40:\t2000      \tmovs\tr0, #0
      42:\t4770      \tbx\tlr
"""
SYMBOLS = Symbols((0x20, 0x40), (10, 4), ("loop", "other"))
LOOP, REST, OTHER = Block(0x20, 0x28), Block(0x28, 0x2A), Block(0x40, 0x44)
TURNS = 10
SECTION = {
    Step(None, LOOP): 1,
    Step(LOOP, LOOP): TURNS - 1,
    Step(LOOP, REST): 1,
    Step(REST, OTHER): 1,
}


def functions(core: str, wait_states: int = 0) -> dict[str, Spent]:
    program = Program(list(parsed(LISTING)))
    return Estimator(program, SYMBOLS, CORES[core], wait_states).functions(SECTION)


def test_functions_get_what_their_blocks_take() -> None:
    # a taken branch is 2 cycles, the jump before `other` 3
    assert functions("cortex-m4") == {
        "loop": Spent(3 * TURNS + 1, 3 * TURNS + (TURNS - 1) + 1),
        "other": Spent(2, 2 + 2),
    }
    assert list(functions("cortex-m4")) == ["loop", "other"]


def test_wait_states_are_added_for_lines_that_were_not_there() -> None:
    """The loop lies in one line of 16 bytes, from 0x20 on; `other` in another."""
    fast, slow = functions("cortex-m4"), functions("cortex-m4", 5)
    assert slow["loop"].cycles == fast["loop"].cycles + 5
    assert slow["other"].cycles == fast["other"].cycles + 5


def test_the_end_of_a_loop_is_predicted_wrongly_on_an_m7() -> None:
    penalty = CORES["cortex-m7"].mispredicted()
    found = functions("cortex-m7")["loop"]
    turn = CORES["cortex-m7"].step
    program = Program(list(parsed(LISTING)))
    block, rest = program.of(LOOP), program.of(REST)
    plain = (
        turn((), block, False) + (TURNS - 1) * turn(block, block, True) + turn(block, rest, False)
    )
    assert found.cycles == plain + penalty > plain


def test_a_board_whose_core_has_no_timings() -> None:
    assert core_of(boards.load("pico")) is CORES["cortex-m0plus"]
    with pytest.raises(UsageError, match="no timings of this computer"):
        core_of(boards.load("host"))


def test_every_core_that_a_board_may_have_has_timings() -> None:
    assert set(boards.CORE_TYPES) <= set(CORES)
