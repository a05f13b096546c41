"""What runs would leave that never were."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from mcuforge import boards
from mcuforge.build import BuildResult
from mcuforge.build.firmware_size import FirmwareSize, Section
from mcuforge.device.replies import Stats
from mcuforge.frontend.graph import Graph
from mcuforge.planning import cost, planner
from mcuforge.planning.plan import Plan
from mcuforge.proof.op_ticks import OpTicks
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.proof.prove import Measurement, Proof
from mcuforge.report import Costs, RunReport, sections
from mcuforge.report.facts import RunFacts
from mcuforge.simulate.choose import Choice

_SECTIONS = (
    Section(".text", 0x0, 0x60, True, False),
    Section(".model", 0x60, 0x20, True, False),
    Section(".bss", 0x2000_0000, 0x100, False, True),
)
_NO_STATS = Stats(0, 0, 0, 0, 0)
_MAP = """Linker script and memory map

.text           0x00000000       0x60
 .text.serve    0x00000000       0x10 CMakeFiles/firmware.dir/runtime/harness.c.obj
 .text.conv     0x00000010       0x30 libmcuforge_net_kernels.a(conv2d_s8.c.obj)
 .text.memcpy   0x00000040       0x20 /usr/lib/arm/libc.a(lib_a-memcpy.o)

.model          0x00000060       0x20
 .rodata.w      0x00000060       0x20 libmcuforge_net.a(net_constants.c.obj)

.bss            0x20000000      0x100
 .bss.state     0x20000000       0xf0 libmcuforge_net.a(net_model.c.obj)
 COMMON         0x200000f0       0x10 CMakeFiles/firmware.dir/runtime/harness.c.obj
"""


def _never(_elf: Path) -> Any:
    raise AssertionError("nothing is simulated")


def made_up_facts(
    made: Graph | Plan,
    folder: Path,
    *,
    engine: str = "aot",
    ops: OpTicks | None = None,
    simulated: bool = True,
) -> RunFacts:
    """A run on mps2-an386 of which each op took 10 ticks more than the one before."""
    plan = made if isinstance(made, Plan) else planner.plan(made)
    each = tuple(10 * (at + 1) for at in range(len(plan.ops)))
    ticks = ops if ops is not None else OpTicks(each, sum(each) + 1)
    outputs = [[np.zeros(plan.graph.tensor(i).shape, np.int8) for i in plan.graph.outputs]]
    map_file = folder / "firmware.map"
    map_file.write_text(_MAP)
    return RunFacts(
        plan,
        boards.load("mps2-an386"),
        engine,
        BuildResult(
            folder / "firmware.elf",
            map=map_file,
            sizes=FirmwareSize(0x60, 0x20, 0, 0x100, 0, _SECTIONS),
        ),
        Proof(_verdict(), outputs, Measurement(outputs, (ticks.whole,), _NO_STATS), ticks),
        Choice("qemu", "QEMU", Fraction(40), _never) if simulated else None,
        output=folder,
    )


def report_of(facts: RunFacts, **changes: Any) -> RunReport:
    """The report of a run, with the details of all sections."""
    plan: Plan = facts.plan
    costs = Costs(96, 32, plan.arena.bytes, plan.arena.bytes, plan.arena.lower_bound, 256, 40, 1000)
    return replace(
        RunReport(
            "net", plan.graph.model_hash, facts.board.name, facts.engine, _verdict(), (), None,
            costs, tuple(cost.summary(plan)["ops"]), details=sections.collect(facts),
        ),
        **changes,
    )  # fmt: skip


def _verdict() -> Verdict:
    return Verdict(1, (Comparison("board", 4, 0, 0, 0.0, decides=True),))
