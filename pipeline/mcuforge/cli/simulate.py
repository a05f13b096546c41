"""`mcuforge simulate`."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from mcuforge import build
from mcuforge.cli.arguments import PROJECT, find_project
from mcuforge.cli.common import (
    count_option,
    echo_document,
    json_option,
    served_option,
    simulator_options,
)
from mcuforge.cli.consoles import echo
from mcuforge.cli.progress import stages
from mcuforge.device.client import Device
from mcuforge.device.replies import TensorInfo
from mcuforge.documents.firmware import SIMULATE
from mcuforge.emit import project
from mcuforge.errors import UsageError
from mcuforge.files import locks
from mcuforge.simulate.choose import choose
from mcuforge.simulate.renode import Renode

_SEED = 20


@click.command()
@click.argument("folder", type=PROJECT)
@count_option(5, "How many random samples are run.")
@served_option
@simulator_options
@json_option
def command(
    folder: Path, count: int, model: str | None, simulator: str, renode: Path | None, as_json: bool
) -> None:
    """Run the firmware project in FOLDER on random inputs in a simulator; count instructions.

    It is built first where it was not. `mcuforge parity` compares the results.
    """
    folder = find_project(folder)
    described = project.load_cmake(folder)
    board = project.board(described)
    if board.is_host:
        raise UsageError(f"{folder} is a project for this computer; there is nothing to simulate.")
    served = project.served(described, model)
    choice = choose(board, simulator, renode)
    executed = None
    with locks.writing(folder), stages(str(folder)) as on_stage:
        on_stage("build", 0, 1)
        built = build.build(folder, board.name, model=served)
        on_stage("build", 1, 1)
        with choice.open(built.elf) as running:
            device = running.device
            device.hello(described.models[served or described.model])
            rows = []
            for number in range(count):
                rows.append(_run(device, number, choice.counting_runs))
                on_stage("simulate", number + 1, count)
            stats = device.stats()
            if isinstance(running, Renode):
                executed = running.executed_instructions()
    instructions = [choice.instructions(row["ticks"]) for row in rows]
    if as_json:
        echo_document(
            SIMULATE,
            {
                "board": board.name,
                "simulator": choice.name,
                "simulator_title": choice.title,
                "counted": choice.how_counted(choice.counting_runs),
                "runs": [r | {"instructions": i} for r, i in zip(rows, instructions, strict=True)],
                "stack_high_water": stats.stack_high_water,
                "arena_bytes": stats.arena_bytes,
                "executed_instructions": executed,
            },
        )
        return
    for row, instruction_count in zip(rows, instructions, strict=True):
        echo(
            f"sample {row['sample']}: {instruction_count:,} instructions, outputs {row['outputs']}"
        )
    echo(
        f"{choice.title}: stack used {stats.stack_high_water:,} of "
        f"{stats.stack_bytes:,} B, arena {stats.arena_bytes:,} B. Instructions are not cycles"
        + ("." if choice.is_exact else f", and the {choice.how_counted(choice.counting_runs)}.")
    )


def _run(device: Device, number: int, runs: int) -> dict[str, Any]:
    """One inference of random bytes; the outputs as CRC-32, the least ticks of so many runs."""
    rng = np.random.default_rng((_SEED, number))
    inputs = [_random(rng, t) for t in device.info.inputs]
    result = device.run(inputs)
    ticks = [result.ticks, *(device.run(inputs).ticks for _ in range(runs - 1))]
    digests = [f"{zlib.crc32(np.ascontiguousarray(o).tobytes()):08x}" for o in result.outputs]
    return {"sample": number, "ticks": min(ticks), "outputs": digests}


def _random(rng: np.random.Generator, tensor: TensorInfo) -> npt.NDArray[Any]:
    """Any values of that type; of wide integers, which may be indices, 0 alone."""
    if tensor.dtype == "float32":
        return rng.random(tensor.shape, np.float32) * 2 - 1
    if tensor.dtype == "bool":
        return rng.integers(0, 2, tensor.shape).astype(np.bool_)
    if tensor.dtype in ("int32", "int64"):
        return np.zeros(tensor.shape, tensor.dtype)
    return np.frombuffer(rng.bytes(tensor.bytes), tensor.dtype).reshape(tensor.shape)
