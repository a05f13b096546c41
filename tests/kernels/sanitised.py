"""Building the kernels under sanitizers, and running cases on them and on the oracle."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from emitted import GCC
from filelock import FileLock
from single_op import Case

from mcuforge.oracle import stand_ins

KERNELS = Path(__file__).parents[2] / "firmware" / "kernels"
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
FLAGS = (
    *("-std=c11", "-O1", "-g1", "-fPIC", "-fno-omit-frame-pointer"),
    *("-Wall", "-Wextra", "-Werror", "-Wconversion"),
)
ORACLE_ARENA_BYTES = 1 << 20


# The kernels as every core gets them, as cores with DSP instructions do, and those with Helium.
VARIANTS = {
    "portable": (),
    "dsp": ("-DNN_EMULATE_DSP",),
    "helium": ("-D__ARM_FEATURE_MVE=1", f"-I{Path(__file__).parent / 'emulated'}"),
}


def libraries(temporary: Path) -> dict[str, Path]:
    """The library of every variant, built once for all test processes, whose folder of temporary
    files is `temporary` or beside it."""
    content = b"".join(p.read_bytes() for p in sorted(KERNELS.glob("*.[ch]")))
    shared = temporary.parent if "PYTEST_XDIST_WORKER" in os.environ else temporary
    folder = shared / f"kernels-{hashlib.sha256(content).hexdigest()[:16]}"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            unfinished = folder.with_suffix(f".{os.getpid()}")
            unfinished.mkdir()
            _build(unfinished)
            unfinished.rename(folder)
    return {variant: folder / f"{variant}.so" for variant in VARIANTS}


def _build(folder: Path) -> None:
    """Compile all kernels under ASan and UBSan into a shared library for each variant.

    A kernel that a variant leaves as it is, as most are, is compiled once for all.
    """
    pairs = [(variant, source) for variant in VARIANTS for source in sorted(KERNELS.glob("*.c"))]
    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(partial(_object_of, folder), *zip(*pairs, strict=True)))
        distinct = dict(zip(objects, pairs, strict=True))
        list(pool.map(_compile, distinct.items()))
    for variant in VARIANTS:
        members = [o for o, (v, _) in zip(objects, pairs, strict=True) if v == variant]
        _gcc("-shared", *SANITIZERS, "-o", folder / f"{variant}.so", *members)


def _object_of(folder: Path, variant: str, source: Path) -> Path:
    """Its name tells what is left of the source when it is preprocessed."""
    text = _gcc("-E", "-P", *VARIANTS[variant], source)
    return folder / f"{source.stem}-{hashlib.sha256(text).hexdigest()[:16]}.o"


def _compile(job: tuple[Path, tuple[str, Path]]) -> None:
    target, (variant, source) = job
    options = (*FLAGS, *VARIANTS[variant], *SANITIZERS)
    subprocess.run([*GCC, *options, "-c", "-o", target, source], check=True)


def _gcc(*arguments: str | Path) -> bytes:
    return subprocess.run(["gcc", *arguments], check=True, stdout=subprocess.PIPE).stdout


def run_oracle(case: Case) -> list[Any]:
    """The case's outputs, step by step, as TFLM's reference kernels compute them."""
    from tflite_micro import runtime

    model = stand_ins.applied(case.for_oracle or case.model)
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=ORACLE_ARENA_BYTES)
    outputs = runtime.schema_fb.Model.GetRootAs(model, 0).Subgraphs(0).OutputsLength()
    found = []
    for inputs in (case.inputs, *case.more):
        for position, values in enumerate(inputs):
            interpreter.set_input(values, position)
        interpreter.invoke()
        found += [np.array(interpreter.get_output(i)) for i in range(outputs)]
    return found


class Worker:
    """A child with the libraries, which runs one list of cases after the other.

    Starting it costs more than most lists. One that died is followed by another.
    """

    def __init__(self, libraries: dict[str, Path], log: Path) -> None:
        self._libraries, self._log = libraries, log
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, cases: list[Case]) -> list[dict[str, list[Any]]]:
        """For each case, variant -> outputs as our kernels compute them."""
        process = self._process = self._process or self._started()
        assert process.stdin is not None and process.stdout is not None
        self._log.write_bytes(b"")  # the child appends
        try:
            pickle.dump([(c.model, [c.inputs, *c.more]) for c in cases], process.stdin)
            process.stdin.flush()
            found = pickle.load(process.stdout)
        except (EOFError, BrokenPipeError):
            self.stop()
            self._fail(cases)
        return [dict(zip(self._libraries, results, strict=True)) for results in found]

    def stop(self) -> None:
        """Wait until it ends: it does at the end of its input."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        asan = subprocess.run(
            ["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
        ).stdout.strip()
        environment = {
            **os.environ,
            "LD_PRELOAD": asan,
            # The interpreter itself leaks at exit; the kernels allocate nothing, and free nothing.
            "ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=32",
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, Path(__file__).parent / "worker.py", *self._libraries.values()],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment,
            )  # fmt: skip

    def _fail(self, cases: list[Case]) -> NoReturn:
        log = self._log.read_text(errors="replace")
        number = log.count("\ncase ") if "case 0" in log else 0
        lines = log.splitlines()
        where = [line for line in lines if line.startswith("in ")][-1:]
        tail = "\n".join(line for line in lines if not line.startswith(("case ", "in ")))
        pytest.fail(f"case {number} {where} ({cases[number].note}):\n{tail[-6000:]}", pytrace=False)


def compare(number: str, case: Case, expected: list[Any], actual: list[Any]) -> None:
    """Fail with case, index, expected and actual value at the first byte that differs."""
    for e, a in zip(expected, actual, strict=True):
        assert e.shape == a.shape and e.dtype == a.dtype, f"{number} ({case.note})"
        if e.tobytes() != a.tobytes():
            wrong = np.argwhere(e != a)
            where = tuple(int(i) for i in wrong[0])
            pytest.fail(
                f"{number} ({case.note}): {len(wrong)} of {e.size} differ; "
                f"first at {list(where)}: expected {e[where]}, got {a[where]}",
                pytrace=False,
            )
