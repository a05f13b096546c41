"""Runs one inference and says what it took: counted in QEMU, or measured on a board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mcuforge import driver
from mcuforge.boards import Board
from mcuforge.build import build, require_tools
from mcuforge.device.client import Device
from mcuforge.device.replies import Digest
from mcuforge.emit import project
from mcuforge.emit.extras import of_recipe
from mcuforge.engines import AOT, TFLM, require_root, tflm
from mcuforge.errors import DeviceError, UsageError
from mcuforge.planning import FIT, SPEED, cost, plan_for
from mcuforge.planning.plan import Plan
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.proof.prove import OnStage
from mcuforge.recipe import Recipe
from mcuforge.report import ESTIMATED, MEASURED
from mcuforge.report.curve import CurvePoint
from mcuforge.samples import quantised
from mcuforge.simulate.autopsy import Symbols
from mcuforge.simulate.block_counts import BlockCounts, Step
from mcuforge.simulate.block_log import counted
from mcuforge.simulate.qemu import Qemu, require_qemu
from mcuforge.studies.profile.disassembly import demangled, disassemble, require_objdump
from mcuforge.studies.profile.estimate import Estimator, Spent, core_of

# Sections of the log lie between these functions of the firmware.
_BEGIN, _END = "mf_ticks_start", "mf_ticks_elapsed"


@dataclass(frozen=True)
class OpCost:
    """What an op of the graph took, and where: its functions, the dearest first.

    Of a measurement on a board the instructions are None and no functions are known.
    """

    index: int
    kind: str
    layer: str
    kernels: tuple[str, ...]
    macs: int
    instructions: int | None
    cycles: int
    functions: Mapping[str, Spent] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """One inference on a board, op by op.

    `source` is "estimated" or "measured". `error` is that of the cycles of the whole inference, as
    a share, and `why` says what it comes from. `ops` is empty where the engine cannot be traced:
    then only the whole is known. `curve` are the plans that there are.
    """

    model: str
    sha256: str
    board: str
    core: str
    engine: str
    clock_hz: int
    wait_states: int
    source: str
    error: float
    why: str
    instructions: int | None
    cycles: int
    ops: tuple[OpCost, ...]
    functions: Mapping[str, Spent]
    curve: tuple[CurvePoint, ...] = ()

    def milliseconds(self, cycles: int) -> float:
        """How long so many cycles take at the board's clock."""
        return 1000 * cycles / self.clock_hz


def run(
    model: Path,
    board: Board,
    output: Path,
    *,
    name: str | None = None,
    engine: str = AOT,
    optimize: str = SPEED,
    memory: str = FIT,
    max_ram: int | None = None,
    borders: BorderRows = WHOLE_BORDERS,
    wait_states: int | None = None,
    port: str | None = None,
    force: bool = False,
    on_stage: OnStage = lambda *_: None,
    described_by: Recipe | None = None,
) -> Profile:
    """Build a `.tflite` for a board, and profile it in QEMU, or on the board at `port`.

    `wait_states` replaces those of the board's file. Writes the project under `output`. Raises
    `UsageError` where QEMU does not have the board, or its core has no timings.
    """
    if port is None:
        _require_simulated(board)
        core_of(board)
        require_qemu()
        require_objdump()
    require_tools(board=True, host=False)
    if engine == TFLM:
        require_root(board)
    plan = plan_for(
        board,
        model,
        name,
        optimize,
        whole=engine == TFLM,
        memory=memory,
        max_ram=max_ram,
        borders=borders,
    )
    on_stage("build", 0, 1)
    folder = output / project.folder_name(plan.graph.name, board, engine)
    prepared = None
    if engine == TFLM:
        prepared = tflm.prepare(plan, model, board)
    extras = of_recipe(described_by, plan.graph)
    project.emit(plan, board, folder, None, prepared, force=force, extras=extras)
    elf = build(folder, board.name).elf
    on_stage("build", 1, 1)
    on_stage("device", 0, 0)
    if port is not None:
        with driver.attached(board, port) as device:
            found = measured(plan, board, device, engine)
    else:
        found = of_firmware(plan, board, elf, engine, wait_states)
    there_are = driver.plans_there_are(plan, board, max_ram, found.instructions, engine)
    return replace(found, curve=there_are)


def _require_simulated(board: Board) -> None:
    if board.qemu_machine is None:
        raise UsageError(
            f"QEMU has no machine for the board '{board.name}', and only QEMU tells which blocks "
            "it ran. Measure on the board itself with --port, or choose a board of the same core."
        )


def of_firmware(
    plan: Plan, board: Board, elf: Path, engine: str = AOT, wait_states: int | None = None
) -> Profile:
    """The profile of a firmware in QEMU. Raises `UsageError`, `ToolError` or `DeviceError`."""
    _require_simulated(board)
    core, symbols = core_of(board), Symbols.of(elf)
    waits = board.flash_wait_states if wait_states is None else wait_states
    named = replace(symbols, names=demangled(symbols.names))
    estimator = Estimator(disassemble(elf, board), named, core, waits)
    with Qemu(board, elf) as simulator:
        digests, sections = _counted(plan, simulator, symbols, engine)
    by_section = [estimator.functions(each) for each in sections]
    functions = estimator.functions(sum(sections, Counter[Step]()))
    total = sum(functions.values(), Spent())
    each = [sum(f.values(), Spent()) for f in by_section]
    ops = _ops(plan, engine, each, by_section) if digests else ()
    return Profile(
        plan.graph.name, plan.graph.model_hash, board.name, _core_name(board), engine,
        board.clock_hz, waits, ESTIMATED, core.error, core.why, total.instructions, total.cycles,
        ops, functions,
    )  # fmt: skip


def measured(plan: Plan, board: Board, device: Device, engine: str = AOT) -> Profile:
    """The profile of a board whose firmware is that of `plan`, by its own stopwatch.

    Raises `DeviceError`.
    """
    device.hello(plan.graph.model_hash)
    sample = quantised.random_samples(plan.graph, 1)[0]
    total = board.cycles(device.run(sample).ticks)
    device.reset()
    digests = device.trace(sample)
    each = [Spent(0, board.cycles(digest.ticks)) for digest in digests]
    return Profile(
        plan.graph.name, plan.graph.model_hash, board.name, _core_name(board), engine,
        board.clock_hz, board.flash_wait_states, MEASURED, 0.0, board.stopwatch, None, total,
        _ops(plan, engine, each, None), {},
    )  # fmt: skip


def _core_name(board: Board) -> str:
    return board.core.name if board.core else ""


def _counted(
    plan: Plan, simulator: Qemu, symbols: Symbols, engine: str
) -> tuple[list[Digest], list[Counter[Step]]]:
    """The digests of a trace, and the steps of each; of a TFLM that cannot trace, of the whole."""
    device, sample = simulator.device, quantised.random_samples(plan.graph, 1)[0]
    device.hello(plan.graph.model_hash)
    counts = _counts(symbols)
    try:
        with counted(simulator, counts):
            traced = device.trace_in_pieces(sample)
    except DeviceError:
        if engine != TFLM:
            raise
        counts = _counts(symbols)
        device.reset()
        with counted(simulator, counts):
            device.run(sample)
        return [], _sections(counts, 1)
    digests = traced.in_order()
    spent = [Counter[Step]() for _ in digests]
    sections = _sections(counts, len(traced.order))
    for result, section in zip(_owners(traced.order), sections, strict=True):
        spent[result].update(section)
    return digests, spent


def _owners(order: Sequence[int | None]) -> list[int]:
    """Whose each section is: until a row is waited for, that of the output that is told of next."""
    found: list[int] = []
    owner = next((result for result in reversed(order) if result is not None), 0)
    for result in reversed(order):
        owner = owner if result is None else result
        found.append(owner)
    return found[::-1]


def _counts(symbols: Symbols) -> BlockCounts:
    begin, end = symbols.range_of(_BEGIN), symbols.range_of(_END)
    if begin is None or end is None:
        raise DeviceError(f"The firmware has no functions {_BEGIN} and {_END}: what lies between "
                          "them is counted.")  # fmt: skip
    return BlockCounts(begin, end)


def _sections(counts: BlockCounts, readings: int) -> list[Counter[Step]]:
    """The last sections, one for each reading of the stopwatch. Raises where one was lost."""
    found = counts.sections[len(counts.sections) - readings :]
    if len(counts.sections) < readings or counts.unknown_blocks:
        raise DeviceError(
            f"QEMU's log of blocks has {len(counts.sections)} sections for {readings} readings "
            f"of the stopwatch, and {counts.unknown_blocks} blocks that it did not describe. Does "
            "this version of QEMU write it in another form?"
        )
    return found


def _ops(
    plan: Plan,
    engine: str,
    spent: Sequence[Spent],
    functions: Sequence[Mapping[str, Spent]] | None,
) -> tuple[OpCost, ...]:
    """What each op took, from what was spent until each result of an op.

    The kernels are those of the plan, and so of aot.
    """
    graph = plan.graph
    totals = [Spent() for _ in graph.ops]
    inside: list[dict[str, Spent]] = [{} for _ in graph.ops]
    for number, (position, _) in enumerate(graph.results()):
        totals[position] += spent[number]
        for name, each in functions[number].items() if functions else ():
            inside[position][name] = inside[position].get(name, Spent()) + each
    return tuple(
        OpCost(
            position, op.kind, graph.layer(op),
            tuple(dict.fromkeys(call.kernel for call in planned.calls if engine == AOT)),
            cost.macs(graph, op),
            total.instructions if functions else None, total.cycles, each,
        )
        for position, (op, planned, total, each) in enumerate(
            zip(graph.ops, plan.ops, totals, inside, strict=True)
        )
    )  # fmt: skip
