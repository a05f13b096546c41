"""The pipeline, start to end: the only module that composes the stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge import recipe
from mcuforge.boards import Board
from mcuforge.build import BuildResult, build, build_all, require_tools
from mcuforge.convert import convert, float_reference
from mcuforge.convert.early_start import expect_conversion
from mcuforge.device.client import Device, Link
from mcuforge.emit import c_names, project, project_folder
from mcuforge.emit.extras import of_recipe
from mcuforge.engines import AOT, TFLM, cmsis_nn_limits, require_root, root, tflm, tflm_library
from mcuforge.errors import UsageError
from mcuforge.files import atomic, locks
from mcuforge.frontend import border_names, precision, read_graph
from mcuforge.frontend.graph import Graph
from mcuforge.model_files.kind import Kind, recognise, require_tflite
from mcuforge.oracle import child as oracle_workers
from mcuforge.oracle import remembered
from mcuforge.oracle import tflm as oracle
from mcuforge.planning import FIT, SPEED, cost, fit, plan_for, smaller_when_whole
from mcuforge.planning.plan import Plan
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.processes import tensorflow_child
from mcuforge.proof import front_end, prove, reference, variants
from mcuforge.proof.default_samples import default_samples
from mcuforge.proof.front_end import RawSamples
from mcuforge.proof.prove import OnStage, Proof
from mcuforge.recipe import Recipe, metrics
from mcuforge.recipe.quantization import QuantizationSettings
from mcuforge.report import (
    MEASURED,
    Accuracy,
    Costs,
    FloatDifference,
    RunReport,
    curve,
    gallery,
    results,
    sections,
)
from mcuforge.report.facts import RunFacts
from mcuforge.samples import quantised as samples
from mcuforge.simulate import tflm_tightening
from mcuforge.simulate.choose import Choice, choose

HOST_PRESET = "host"
# Waits for the float model's outputs; None where there is no such model.
FloatOutputs = Callable[[OnStage], list[npt.NDArray[np.float32]] | None]


@dataclass(frozen=True)
class Source:
    """What a run starts from: a `.tflite`, and the recipe if it comes from a model folder.

    `described_by` is the recipe that says what goes into the project beside the model: the same,
    or that by which the `.tflite` was found.
    `quantization` says how it was quantised, `warnings` what looks wrong with the calibration
    samples; both only where the run converted it.
    """

    name: str
    tflite: Path
    recipe: Recipe | None
    quantization: str | None = None
    warnings: tuple[str, ...] = ()
    described_by: Recipe | None = None


@dataclass(frozen=True, eq=False)
class Inputs:
    """The samples of a run: as the model takes them, and as real values with their truth.

    `real` holds an array [N, ...] for each input. `note` says why there are fewer than usual. `raw`
    are the samples before the features, where the recipe has some.
    """

    samples: list[list[npt.NDArray[Any]]]
    real: list[npt.NDArray[np.float32]] | None = None
    golden: dict[str, npt.NDArray[Any]] | None = None
    note: str | None = None
    raw: RawSamples | None = None

    @property
    def only(self) -> npt.NDArray[np.float32] | None:
        """The real values of an only input."""
        return self.real[0] if self.real is not None and len(self.real) == 1 else None


def run(
    model: Path,
    board: Board,
    output: Path,
    *,
    count: int | None = None,
    inputs_file: Path | None = None,
    port: str | None = None,
    on_stage: OnStage | None = None,
    name: str | None = None,
    simulator: str = "auto",
    renode: Path | None = None,
    engine: str = AOT,
    tighten_arena: bool = False,
    settings: QuantizationSettings | None = None,
    force: bool = False,
    optimize: str = SPEED,
    memory: str = FIT,
    max_ram: int | None = None,
    borders: BorderRows = WHOLE_BORDERS,
    steps: int | None = None,
    described_by: Recipe | None = None,
) -> RunReport:
    """Take one model all the way to a report. Raises `ForgeError`; a failed parity is no error.

    `name` is what a `.tflite` is called, instead of by its file's name, and `described_by` the
    recipe that tells its labels.
    `count` bounds the number of samples (None: all golden ones), which `inputs_file`, an `.npz`,
    may give. `on_stage` is told of progress. Without `port` the board is simulated: by `simulator`
    (auto, qemu or renode), with Renode at `renode`. Writes the `.tflite` and the project under
    `output`. `tighten_arena` reserves for TFLM only what the simulated device reports to use.
    `settings` say how a model folder's model is quantised, instead of its recipe. With `force`
    files of an older project are replaced although they were edited. `optimize` is "speed" or
    "size": with the latter int4 weights are unpacked while the model runs. `memory` and
    `max_ram` and `borders` are as in `plan_for`. Of a model with state
    each `steps` samples are a sequence that begins with its first state; None: all are one.
    """
    on_stage = on_stage or _silent
    if port is not None and (simulator != "auto" or renode is not None):
        raise UsageError("--port is a device of your own: --simulator and --renode go without it.")
    if port is not None and tighten_arena:
        raise UsageError("--tighten-arena measures in a simulator: leave --port out.")
    if tighten_arena and engine != TFLM:
        raise UsageError(
            "--tighten-arena is for --engine tflm: the arena of aot is exactly what it uses."
        )
    simulated = choose(board, simulator, renode) if port is None else None
    oracle.require()
    require_tools(board=not board.is_host, host=engine == AOT)
    if engine == TFLM:
        require_root(board)
    with ExitStack() as stack:
        stack.enter_context(tensorflow_child.kept())
        expect_conversion(model)
        stack.enter_context(locks.writing(output))
        title = name or _title(model)
        project_folder.check(output / project.folder_name(title, board, engine), force=force)
        on_port = stack.enter_context(attached(board, port)) if port is not None else None
        source = prepare(model, name, output, on_stage, settings, described_by, force=force)
        plan = plan_for(
            board, source.tflite, source.name, optimize,
            whole=engine == TFLM, memory=memory, max_ram=max_ram,
            borders=borders,
        )  # fmt: skip
        tflite = source.tflite.read_bytes()
        stack.enter_context(remembered.remembering())
        stack.enter_context(oracle_workers.kept(eager=not remembered.knows(tflite)))
        if on_port is not None:  # before all that takes time, so that a wrong port is known at once
            on_stage("port", 0, 1)
            on_port.hello(plan.graph.model_hash)
            on_stage("port", 1, 1)
        stack.enter_context(locks.writing(output / project.folder_name(source.name, board, engine)))
        inputs = make_inputs(source, plan.graph, count, inputs_file)
        float_outputs = stack.enter_context(float_model(source, inputs))
        compared = variants.compare(source.recipe, settings, inputs.real, on_stage)
        built, host, arena = firmware(
            source,
            plan,
            board,
            output,
            engine,
            simulated if tighten_arena else None,
            on_stage,
            force,
        )
        expected = reference.compute(
            plan.graph, tflite, inputs.samples,
            lambda done, total: on_stage("oracle", done, total), steps,
        )  # fmt: skip
        # Only now: a simulator that waits for its first request keeps a core busy.
        with devices(simulated, built, host, on_port) as (on_host, on_board):
            name = f"{board.name} {'in ' + simulated.title if simulated else 'on ' + str(port)}"
            proof = prove.prove(
                plan, tflite, inputs.samples, expected, on_host, on_board, name, on_stage,
                simulated.counting_runs if simulated else 1, steps, inputs.raw,
            )  # fmt: skip
        floats = float_outputs(on_stage)
        facts = RunFacts(
            plan, board, engine, built, proof, simulated, source.recipe, inputs.real,
            inputs.golden, floats, optimize, source.described_by, output, memory, max_ram,
        )  # fmt: skip
        less = smaller_when_whole(
            plan, read_graph(source.tflite, source.name), board, borders, optimize, memory, max_ram
        )
        costly = costs(plan, built, proof, simulated, arena, board, engine)
        return RunReport(
            model=source.name,
            sha256=plan.graph.model_hash,
            board=board.name,
            engine=engine,
            verdict=proof.verdict,
            accuracy=accuracy(source, plan.graph, inputs, proof, floats),
            float_difference=float_difference(plan.graph, proof, floats),
            costs=costly,
            ops=tuple(cost.summary(plan)["ops"]),
            quantization=source.quantization,
            warnings=source.warnings + built.warnings,
            library=linked_library(built) if engine == TFLM else None,
            galleries=gallery.of_run(
                source.recipe, inputs.only, inputs.golden, floats, plan.graph, proof.device.outputs
            ),
            variants=compared,
            samples_note=inputs.note,
            smaller_when_whole=less,
            width=precision.width(plan.graph),
            inputs=border_names.input_names(plan.graph),
            outputs=border_names.output_names(plan.graph),
            details=sections.collect(facts),
            curve=plans_there_are(plan, board, max_ram, costly.instructions, engine),
        )


def _silent(_what: str, _done: int, _total: int) -> None:
    """Tell nobody of progress."""


def _title(model: Path) -> str:
    """What a model is called. Raises `UsageError` where it is neither a `.tflite` nor a recipe."""
    if recognise(model) is Kind.RECIPE:
        return recipe.load(model).name
    require_tflite(model)
    return model.stem


def prepare(
    model: Path,
    name: str | None,
    output: Path,
    on_stage: OnStage,
    settings: QuantizationSettings | None = None,
    described_by: Recipe | None = None,
    *,
    force: bool = False,
) -> Source:
    """The `.tflite` of MODEL: itself, a recipe's, or converted from the recipe's Keras model."""
    if recognise(model) is not Kind.RECIPE:
        require_tflite(model)
        return Source(name or model.stem, model, None, described_by=described_by)
    loaded = recipe.load(model)
    if loaded.keras is None:
        require_tflite(loaded.tflite)
        return Source(loaded.name, loaded.tflite, loaded, described_by=loaded)
    settings = settings or loaded.quantization
    settings.check_runs_on_device(str(model))
    tflite = output / f"{c_names.identifier(loaded.name)}.tflite"
    results.check(tflite, force=force)
    on_stage("convert", 0, 0)  # TensorFlow starts, which takes a while
    converted = convert(
        loaded,
        on_progress=lambda done, total: on_stage("convert", done, total),
        settings=settings,
        on_trial=lambda done, total: on_stage("choose", done, total),
        on_check=lambda done, total: on_stage("check", done, total),
    )
    atomic.write_bytes(tflite, converted.tflite)
    return Source(loaded.name, tflite, loaded, str(settings), converted.warnings, loaded)


def firmware(
    source: Source,
    plan: Plan,
    board: Board,
    output: Path,
    engine: str,
    tightened_in: Choice | None,
    on_stage: OnStage,
    force: bool = False,
) -> tuple[BuildResult, BuildResult | None, int]:
    """The project, built for the board and for this computer, and the bytes of its arena.

    With TFLM there is no build for this computer: its library is for one core. TFLM's arena is
    tightened to what the firmware reports in the simulator `tightened_in`.
    """
    folder = output / project.folder_name(source.name, board, engine)
    on_stage("build", 0, 2)
    extras = of_recipe(source.described_by or source.recipe, plan.graph)
    if engine == TFLM:
        require_root(board)
        model = tflm.prepare(plan, source.tflite, board)
        if tightened_in is not None:
            model = tflm_tightening.tightened(plan, model, board, tightened_in)
            on_stage("build", 1, 2)
        project.emit(plan, board, folder, None, model, force=force, extras=extras)
        built = build(folder, board.name)
        cmsis_nn_limits.check(plan.graph, tflm_library.linked(built.elf.parent))
        on_stage("build", 2, 2)
        return built, None, model.arena_bytes
    project.emit(plan, board, folder, force=force, extras=extras)
    built, host = build_all(folder, [board.name, HOST_PRESET])
    on_stage("build", 2, 2)
    return built, host, plan.arena.bytes


def linked_library(built: BuildResult) -> str | None:
    """Which TensorFlow Lite Micro the firmware was linked with, in words."""
    library = tflm_library.linked(built.elf.parent)
    return library.title(root()) if library else None


def make_inputs(
    source: Source, graph: Graph, count: int | None, inputs_file: Path | None
) -> Inputs:
    """Samples from a file, else the recipe's golden ones, else random ones from a fixed seed."""
    described_by = source.described_by or source.recipe
    if inputs_file is not None:
        raw = front_end.of_ends(described_by, graph)
        return Inputs(samples.load(inputs_file, graph, count), raw=raw)
    if source.recipe is None:
        chosen, note = (count, None) if count else default_samples(graph)
        raw = front_end.of_random(described_by, graph, chosen)
        drawn = raw.inputs if raw else samples.random_samples(graph, chosen)
        return Inputs(drawn, note=note, raw=raw)
    names = border_names.input_names(graph)
    golden = metrics.load_golden(source.recipe.golden, source.recipe.metric, names)
    real = metrics.golden_inputs(golden, names, count)
    batch = samples.quantize_batch(real, graph, str(source.recipe.golden))
    raw = front_end.of_golden(source.recipe, graph, count, real[0])
    return Inputs(batch, real, golden, raw=raw)


def attached(board: Board, port: str) -> Device:
    """The board behind a port, which is opened now. Raises `DeviceError`."""
    return Device.open(port, Link(baud=board.uart.baud))


@contextmanager
def devices(
    simulated: Choice | None,
    built: BuildResult,
    host: BuildResult | None,
    on_port: Device | None,
) -> Iterator[tuple[Device | None, Device]]:
    """The host build as a child process, and the board at its port or in the simulator."""
    with ExitStack() as stack:
        on_host = stack.enter_context(Device.spawn([str(host.elf)])) if host else None
        if on_port is not None:
            on_port.runs(built.elf)
            yield on_host, on_port
        elif simulated is not None:
            yield on_host, stack.enter_context(simulated.open(built.elf)).device


@contextmanager
def float_model(source: Source, inputs: Inputs) -> Iterator[FloatOutputs]:
    """The float Keras model at work on the golden samples, beside what is done inside."""
    if source.recipe is None or source.recipe.keras is None or inputs.real is None:
        yield lambda _: None
        return
    with float_reference.started(source.recipe.keras, inputs.real) as outputs:

        def waited(on_stage: OnStage) -> list[npt.NDArray[np.float32]]:
            on_stage("float", 0, 0)
            return outputs(lambda done, total: on_stage("float", done, total))

        yield waited


def accuracy(
    source: Source,
    graph: Graph,
    inputs: Inputs,
    proof: Proof,
    floats: list[npt.NDArray[np.float32]] | None,
) -> tuple[Accuracy, ...]:
    """The recipe's metrics for the float model, the int8 model (oracle) and the device.

    There is no float model where the recipe has a `.tflite` alone.
    """
    if source.recipe is None or inputs.real is None or inputs.golden is None:
        return ()
    metric, real, golden = source.recipe.metric, inputs.real[0], inputs.golden

    def judged(outputs: list[npt.NDArray[np.float32]]) -> dict[str, float]:
        return metrics.evaluate(metric, real, outputs[0], golden, *outputs[1:2])

    in_float = {} if floats is None else judged(floats)
    int8 = judged(samples.real_outputs(graph, proof.oracle))
    device = judged(samples.real_outputs(graph, proof.device.outputs))
    return tuple(Accuracy(name, in_float.get(name), int8[name], device[name]) for name in int8)


def float_difference(
    graph: Graph, proof: Proof, floats: list[npt.NDArray[np.float32]] | None
) -> FloatDifference | None:
    """How far the device's first output is, in real units, from the float model's."""
    if floats is None:
        return None
    expected = floats[0]
    actual = samples.real_outputs(graph, proof.device.outputs)[0]
    gaps = np.abs(actual.reshape(expected.shape) - expected)
    q = graph.tensor(graph.outputs[0]).quantization
    return FloatDifference(float(gaps.max()), float(gaps.mean()), q.scale if q else 0.0)


def plans_there_are(
    plan: Plan, board: Board, max_ram: int | None, measured: int | None, engine: str
) -> tuple[curve.CurvePoint, ...]:
    """The curve that the plan lies on; none of TFLM's, which has no choice."""
    if engine != AOT:
        return ()
    return curve.of(plan, fit.arena_room(plan, board, max_ram), measured)


def costs(
    plan: Plan,
    built: BuildResult,
    proof: Proof,
    simulated: Choice | None,
    arena: int,
    board: Board,
    engine: str = AOT,
) -> Costs:
    """Flash and RAM of the linked firmware, stack and instructions as measured on the device.

    Without a simulator, cycles: the mean of all runs.
    """
    ticks = proof.device.ticks
    cycles = board.cycles(sum(ticks)) // len(ticks) if simulated is None else None
    return Costs(
        text=built.sizes.text,
        constants=built.sizes.constants,
        data=built.sizes.data,
        arena=arena,
        arena_used=proof.device.stats.arena_used,
        arena_lower_bound=plan.arena.lower_bound,
        ram=built.sizes.ram,
        stack=proof.device.stats.stack_high_water,
        instructions=simulated.count(ticks) if simulated else None,
        counted=simulated.how_counted(len(ticks)) if simulated else None,
        state=plan.state_bytes if engine == AOT or not plan.state_bytes else None,
        cycles=cycles,
        milliseconds=None if cycles is None else 1000 * cycles / board.clock_hz,
        cycles_from=None if cycles is None else MEASURED,
    )
