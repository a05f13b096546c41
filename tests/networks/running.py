"""Runs many networks: as one program of emitted C under sanitizers, and on the oracle.

The program links against the sanitised kernels of the kernel tests, one variant after the other.
It tells every op's output, which the oracle's must equal, and every output of the model; several
steps, in which state carries over.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import poison
import sanitised
from emitted import GCC, SANITIZERS, WARNINGS, unpack
from network import Network
from tracing_oracle import Answer

from mcuforge import planning
from mcuforge.emit.project_files import Source
from mcuforge.frontend.graph import DType, Tensor
from mcuforge.oracle import stand_ins
from mcuforge.oracle.engine import computed, op_outputs
from mcuforge.planning.plan import Plan
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.planning.target import Target
from mcuforge.tflite.folded_file import fold

Array = npt.NDArray[Any]
STEPS = 3
ENGINES = sanitised.KERNELS.parent / "engines"
WORKER = Path(__file__).parent / "tracing_oracle.py"


@dataclass(frozen=True, eq=False)
class Trial:
    """A planned `.tflite` and the inputs of every step."""

    name: str
    tflite: bytes
    plan: Plan
    steps: list[list[Array]]

    @property
    def traced(self) -> tuple[int, ...]:
        """The tensor that each op of the plan writes first."""
        return op_outputs(self.plan.graph)


def trial(
    name: str,
    tflite: bytes,
    folder: Path,
    seed: int = 1,
    budget: int | None = None,
    borders: BorderRows = WHOLE_BORDERS,
) -> Trial:
    """Plan a `.tflite`; its inputs are all over their types, each of a seed of its own.

    It is planned for one of the targets, whose kernels run everywhere; a quarter of the models for
    size, with int4 weights left packed, and half of them with as little memory as there may be, or
    with a `budget` for the arena. `borders` tells whether inputs and outputs stream.
    """
    path = folder / f"{name}.tflite"
    path.write_bytes(tflite)
    choice = zlib.crc32(tflite)
    target = list(Target)[choice // 2 % len(Target)]
    budget = budget if budget is not None or choice // 8 % 2 == 0 else 0
    plan = planning.make_plan(
        path, name, target, small=choice % 4 == 1, budget=budget, borders=borders
    )
    graph = plan.graph
    steps = [[_random(graph.tensor(i), (seed, s, i)) for i in graph.inputs] for s in range(STEPS)]
    return Trial(name, tflite, plan, steps)


def _random(tensor: Tensor, seed: tuple[int, ...]) -> Array:
    rng = np.random.default_rng(seed)
    if tensor.dtype is DType.FLOAT32:
        return rng.uniform(-1.0, 1.0, tensor.shape).astype(np.float32)
    info = np.iinfo(tensor.dtype.value)
    return rng.integers(info.min, info.max + 1, tensor.shape).astype(tensor.dtype.value)


def network_trial(name: str, network: Network, folder: Path) -> Trial:
    """See `trial`."""
    return trial(name, network.tflite(), folder)


def problems(trials: Sequence[Trial], folder: Path, libraries: dict[str, Path]) -> dict[str, str]:
    """What is wrong, by the name of the trial: where the first byte differs, or how a run ended."""
    expected = dict(zip((t.name for t in trials), oracle(trials), strict=True))
    found = {n: f"TFLM: {a}" for n, a in expected.items() if isinstance(a, str)}
    sound = [t for t in trials if t.name not in found]
    objects = _objects(sound, folder / "program") if sound else []
    for variant, library in libraries.items():
        program, rest = folder / f"program-{variant}", sound
        if sound:
            compiled("gcc", *SANITIZERS, "-o", program, *objects, library)
        while rest:
            done = _run(program, rest, sound.index(rest[0]))
            rest = _compared(variant, rest, expected, done, found)
    return found


def oracle(trials: Sequence[Trial]) -> Iterator[Answer]:
    """TFLM's answers, from a process that may die of them."""
    models = [stand_ins.applied(fold(t.tflite, t.plan.graph).model) for t in trials]
    requests = [(m, t.steps, t.traced) for m, t in zip(models, trials, strict=True)]
    while requests:
        done = subprocess.run(
            [sys.executable, "-P", WORKER],
            input=pickle.dumps(requests), capture_output=True, check=False,
        )  # fmt: skip
        stream, count = BytesIO(done.stdout), 0
        while stream.tell() < len(done.stdout):
            yield _computed(trials[len(trials) - len(requests) + count], pickle.load(stream))
            count += 1
        if done.returncode == 0:
            return
        yield f"died with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}"
        requests = requests[count + 1 :]


def _computed(trial: Trial, answer: Answer) -> Answer:
    """The answer without the channels that the plan leaves out."""
    if isinstance(answer, str):
        return answer
    return [
        (computed(trial.plan.graph, trial.traced, dict(zip(trial.traced, known, strict=True))), out)
        for known, out in answer
    ]


def _objects(trials: Sequence[Trial], folder: Path) -> list[Path]:
    """The models and a `main` that runs them, compiled; two compilers at a time."""
    by_caller = [f"-D{t.name.upper()}_ARENA_BY_CALLER=1" for t in trials]
    flags = ("-std=c11", "-O0", *WARNINGS, *SANITIZERS, *by_caller)
    here = Path(__file__).parent
    includes = [f"-I{p}" for p in ("model", sanitised.KERNELS, ENGINES, here)]
    for each in trials:
        unpack(Source(each.plan, each.name).files(), folder)
    main = folder / "main.c"
    main.write_text(_main_c(trials))

    def object_of(file: Path) -> Path:
        target = file.with_suffix(".o")
        compiled(*GCC, *flags, *includes, "-c", "-o", target, file.relative_to(folder), cwd=folder)
        return target

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(object_of, [main, *sorted((folder / "model").glob("*.c"))]))


def compiled(*command: str | Path, cwd: Path | None = None) -> None:
    """Run a compiler, which must succeed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


def _main_c(trials: Sequence[Trial]) -> str:
    """Runs the models from the one that the argument names on: see `run_trials.h`."""
    includes = [f'#include "{t.name}_model.h"' for t in trials]
    tables = [
        f"static const uint32_t {t.name}_poison[] = {{{', '.join(map(str, _poison(t.plan)))}}};"
        for t in trials
    ]
    listed = ", ".join(f"{{&{t.name}_model, {t.name}_set_arena, {t.name}_poison}}" for t in trials)
    return "\n".join([
        *includes, '#include "run_trials.h"', *tables,
        f"static const trial trials[] = {{{listed}}};",
        "int main(int count, char **arguments) {",
        "    const size_t first = count > 1 ? (size_t)atoi(arguments[1]) : 0;",
        f"    return run_trials(trials, first, {len(trials)}, {STEPS});",
        "}\n",
    ])  # fmt: skip


def _poison(plan: Plan) -> Iterator[int]:
    """The table that `run_trials.h` follows."""
    for result, offset, intervals in poison.events(plan):
        yield from (result, offset, len(intervals), *chain.from_iterable(intervals))
    yield from (0, 0, 0)  # C has no empty arrays


def _run(program: Path, trials: Sequence[Trial], first: int) -> subprocess.CompletedProcess[bytes]:
    data = b"".join(a.tobytes() for t in trials for step in t.steps for a in step)
    environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"}
    return subprocess.run(
        [program, str(first)], input=data, capture_output=True, env=environment, check=False
    )


def _compared(
    variant: str,
    trials: list[Trial],
    expected: dict[str, Answer],
    done: subprocess.CompletedProcess[bytes],
    found: dict[str, str],
) -> list[Trial]:
    """Notes what differs; the trials that are left where the program ended early."""
    stream = BytesIO(done.stdout)
    for number, each in enumerate(trials):
        for step, answer in enumerate(expected[each.name]):
            assert not isinstance(answer, str)
            said = _step(each, stream)
            if said is None:
                log = done.stderr.decode(errors="replace")
                assert done.returncode != 0, "the program ended early, and said nothing"
                found[each.name] = f"{variant}, step {step}: ended with {done.returncode}\n{log}"
                return trials[number + 1 :]
            different = _difference(each, answer[0] + answer[1], said)
            if different is not None:
                found.setdefault(each.name, f"{variant}, step {step}: {different}")
    return []


def _step(each: Trial, stream: BytesIO) -> list[bytes] | None:
    """What the program told of a step: an entry an op and an output; None where it ended."""
    graph = each.plan.graph
    told = [bytearray(graph.tensor(index).bytes) for index in each.traced]
    left = sum(map(len, told))
    while left:  # in pieces, where ops run row by row
        head = stream.read(16)
        if len(head) < 16:
            return None
        op, count, offset, total = struct.unpack("<4I", head)
        assert total == len(told[op]) and offset + count <= total
        told[op][offset : offset + count] = stream.read(count)
        left -= count
    outputs = [stream.read(graph.tensor(index).bytes) for index in graph.outputs]
    return [*map(bytes, told), *outputs] if all(outputs) or not outputs else None


def _difference(each: Trial, expected: Sequence[Array], told: Sequence[bytes]) -> str | None:
    graph = each.plan.graph
    names = [each.plan.describe(position) for position, _ in graph.results()]
    names += [f"output {i}" for i in range(len(graph.outputs))]
    for name, want, content in zip(names, expected, told, strict=True):
        if want.tobytes() != content:
            got = np.frombuffer(content, want.dtype).reshape(want.shape)
            wrong = np.argwhere(want != got)
            where = tuple(int(i) for i in wrong[0])
            return (
                f"{name}: {len(wrong)} of {want.size} values differ, first at {list(where)}: "
                f"expected {want[where]}, got {got[where]}"
            )
    return None
