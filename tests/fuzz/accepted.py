"""Models that were accepted: their C with all warnings, under sanitizers, against the oracle."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import islice
from pathlib import Path

import campaign
from emitted import SANITIZERS, WARNINGS, link, main_c, run, source, write

from mcuforge.emit.project_files import Source
from mcuforge.samples import quantised

FIRMWARE = Path(__file__).parents[2] / "firmware"
HEADERS = (f"-I{FIRMWARE / 'kernels'}", f"-I{FIRMWARE / 'engines'}")
SAMPLES = 2
BATCH = 40  # models in one program
DIED = "the process ended with"
Answer = list[list[bytes]] | str


def compile_all(folder: Path) -> list[str]:
    """What a compiler says against the C of any accepted model, a folder of `folder` each."""
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(_compiler_says, sorted(folder.iterdir()))
        return [text for text in said if text]


def _compiler_says(model: Path) -> str:
    command = ["gcc", "-std=c11", "-S", "-o", "-", *WARNINGS, *HEADERS, "-x", "c", "-"]
    unit = "".join(f'#include "{path}"\n' for path in sorted(model.glob("*.c")))
    done = subprocess.run(command, input=unit, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"model {model.name}: {done.stderr}"


def check(models: list[Path], folder: Path) -> list[str]:
    """What is wrong with any of these `.tflite` files, a line each.

    A file that TFLM refuses is none of them: whoever runs it is told so.
    """
    problems = []
    batches = iter(models)
    for number in range(-(-len(models) // BATCH)):
        batch = list(islice(batches, BATCH))
        place = folder / f"batch{number}"
        place.mkdir()
        problems += _check_batch([source(p.read_bytes(), p.stem, place) for p in batch], place)
    return problems


def _check_batch(sources: list[Source], folder: Path) -> list[str]:
    given = [quantised.random_samples(s.plan.graph, SAMPLES) for s in sources]
    files = [folder / f"{s.name}.tflite" for s in sources]
    pairs = [(f.read_bytes(), inputs) for f, inputs in zip(files, given, strict=True)]
    expected = list(oracle(pairs))
    program = _build(sources, folder)
    rounds = [[inputs[number] for inputs in given] for number in range(SAMPLES)]
    found = BytesIO(run(program, [s for each in rounds for s in each]))
    problems = {
        f"{s.name}: accepted, and TFLM dies of it: {answer}"
        for s, answer in zip(sources, expected, strict=True)
        if isinstance(answer, str) and answer.startswith(DIED)
    }
    for number in range(SAMPLES):
        for s, answer in zip(sources, expected, strict=True):
            graph = s.plan.graph
            outputs = [found.read(graph.tensor(i).bytes) for i in graph.outputs]
            if not isinstance(answer, str) and outputs != answer[number]:
                problems.add(f"{s.name}: other bytes than TFLM's")
    return sorted(problems)


def _build(sources: list[Source], folder: Path) -> Path:
    """One program of all the models; two compilers at a time."""
    project = write(sources, folder / "project")
    main = folder / "main.c"
    main.write_text(main_c([s.name for s in sources]))
    program = folder / "program"
    flags = ("-std=c11", "-O0", *WARNINGS, *SANITIZERS, "-Iproject/include")
    link(program, [main, *sorted(project.glob("src/*.c"))], flags)
    return program


def oracle(pairs: list[tuple[bytes, list[list[object]]]]) -> Iterator[Answer]:
    """TFLM's outputs of every model, or what went wrong, in a process that may die of them."""
    while pairs:
        done = subprocess.run(
            [sys.executable, "-P", str(campaign.HERE / "oracle_worker.py")],
            input=pickle.dumps(pairs),
            capture_output=True,
            check=False,
        )
        stream, count = BytesIO(done.stdout), 0
        while stream.tell() < len(done.stdout):
            yield pickle.load(stream)
            count += 1
        if done.returncode == 0:
            return
        yield f"{DIED} {done.returncode}"
        pairs = pairs[count + 1 :]
