"""Building the kernels under sanitizers, and running cases on them and on the oracle."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from single_op import Case

from mcuforge.oracle import stand_ins

KERNELS = Path(__file__).parents[2] / "firmware" / "kernels"
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
FLAGS = (
    *("-std=c11", "-O1", "-g", "-fPIC", "-shared", "-fno-omit-frame-pointer"),
    *("-Wall", "-Wextra", "-Werror", "-Wconversion"),
)
ORACLE_ARENA_BYTES = 1 << 20


# The kernels as every core gets them, as cores with DSP instructions do, and those with Helium.
VARIANTS = {
    "portable": (),
    "dsp": ("-DNN_EMULATE_DSP",),
    "helium": ("-D__ARM_FEATURE_MVE=1", f"-I{Path(__file__).parent / 'emulated'}"),
}


def build(library: Path, variant: str) -> None:
    """Compile all kernels into one shared library under ASan and UBSan."""
    partial = library.with_suffix(f".{os.getpid()}")
    sources = sorted(KERNELS.glob("*.c"))
    subprocess.run(
        ["gcc", *FLAGS, *VARIANTS[variant], *SANITIZERS, "-o", partial, *sources], check=True
    )
    partial.rename(library)


def libraries(temporary: Path) -> dict[str, Path]:
    """The library of every variant, built once for all test processes, whose folder of temporary
    files is `temporary` or beside it."""
    content = b"".join(p.read_bytes() for p in sorted(KERNELS.glob("*.[ch]")))
    shared = temporary.parent if "PYTEST_XDIST_WORKER" in os.environ else temporary
    found = {}
    for variant in VARIANTS:
        library = shared / f"{variant}-{hashlib.sha256(content).hexdigest()[:16]}.so"
        with FileLock(library.with_suffix(".lock")):
            if not library.exists():
                build(library, variant)
        found[variant] = library
    return found


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


def run_ours(libraries: dict[str, Path], cases: list[Case]) -> list[dict[str, list[Any]]]:
    """For each case, variant -> outputs as our kernels compute them, in a child process."""
    asan = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    environment = {
        **os.environ,
        "LD_PRELOAD": asan,
        # The interpreter itself leaks at exit; the kernels allocate nothing.
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
    }
    worker = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "worker.py"), *libraries.values()],
        input=pickle.dumps([(c.model, [c.inputs, *c.more]) for c in cases]),
        capture_output=True,
        env=environment,
        check=False,
    )
    if worker.returncode != 0:
        log = worker.stderr.decode(errors="replace")
        number = log.count("\ncase ") if "case 0" in log else 0
        lines = log.splitlines()
        where = [line for line in lines if line.startswith("in ")][-1:]
        tail = "\n".join(line for line in lines if not line.startswith(("case ", "in ")))
        pytest.fail(f"case {number} {where} ({cases[number].note}):\n{tail[-6000:]}", pytrace=False)
    return [dict(zip(libraries, results, strict=True)) for results in pickle.loads(worker.stdout)]


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
