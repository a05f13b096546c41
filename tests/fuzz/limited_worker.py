"""A process that lives within limits: it makes files with faults and gives them to mcuforge.

`python limited_worker.py KIND SEED FIRST COUNT FOLDER`: for each number a line on stdout,
`begin NUMBER`, before, and one after, as JSON: its end (accepted, refused or broken), the seconds,
and why it broke. Models that were accepted and can be run lie in FOLDER afterwards. The last line
is the most memory that it took, in bytes.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import model_mutation
import table_mutation

from mcuforge import recipe
from mcuforge.boards import description, load
from mcuforge.emit.model_files import model_files
from mcuforge.errors import ForgeError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.verify import verify
from mcuforge.planning import cost, fit, planner
from mcuforge.planning.plan import Plan

MAX_SECONDS = 2.0  # of this process's time: others may be busy
MAX_BYTES = 512 * 2**20
MAX_ARENA_TO_RUN = 2**18
MAX_MACS_TO_RUN = 10**7


class TooLong(BaseException):
    """Not an `Exception`: nothing may catch it."""


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TooLong


def limit() -> None:
    """Memory once, time for each file: a signal for Python, and death where C does not return."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, _too_long)


def begin_time() -> None:
    """Two seconds from now."""
    signal.setitimer(signal.ITIMER_PROF, MAX_SECONDS)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + MAX_SECONDS) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


def compile_model(data: bytes) -> tuple[Plan, dict[str, bytes]]:
    """All that happens to a model before a C compiler sees it: its plan, and its files."""
    plan = planner.plan(legalise(verify(tflite_reader.read_bytes(data, "fuzzed"))))
    cost.summary(plan)
    fit.peak(plan)
    fit.check(plan, load("host"))
    return plan, model_files(plan)


def model(seed: int, number: int, folder: Path) -> None:
    """Compile a model; keep its C, and the model itself where it can be run."""
    data = model_mutation.model(seed, number)
    plan, files = compile_model(data)
    for path, content in files.items():
        if path.startswith("model/") and path.endswith((".c", ".h")):
            target = folder / "c" / str(number) / Path(path).name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    macs = sum(cost.macs(plan.graph, op) for op in plan.graph.ops)
    if plan.arena.bytes <= MAX_ARENA_TO_RUN and macs <= MAX_MACS_TO_RUN:
        (folder / f"m{number}.tflite").write_bytes(data)


def table(kind: str, seed: int, number: int, folder: Path) -> None:
    """Read a board or a recipe."""
    path = folder / f"{number}.toml"
    path.write_bytes(table_mutation.table(kind, seed, number))
    try:
        if kind == "board":
            description.load_file(path)
        else:
            recipe.load(path)
    finally:
        path.unlink()


def ended(run: Callable[[], object]) -> dict[str, object]:
    """How it ended, and after how many seconds of this process's time."""
    start = time.process_time()
    told: dict[str, object] = {"end": "accepted"}
    try:
        begin_time()
        run()
    except ForgeError as error:
        told = {"end": "refused"} if error.message.strip() else {"end": "broken", "why": "no words"}
    except TooLong:
        told = {"end": "broken", "why": f"more than {MAX_SECONDS} s\n{traceback.format_exc()}"}
    except BaseException:
        told = {"end": "broken", "why": traceback.format_exc()}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return told | {"seconds": time.process_time() - start}


def main() -> None:
    """See the module."""
    kind, seed, first, count = sys.argv[1], *map(int, sys.argv[2:5])
    folder = Path(sys.argv[5])
    warnings.simplefilter("error")
    limit()
    for number in range(first, first + count):
        print(f"begin {number}", flush=True)
        if kind == "model":
            told = ended(lambda: model(seed, number, folder))  # noqa: B023
        else:
            told = ended(lambda: table(kind, seed, number, folder))  # noqa: B023
        print(json.dumps(told), flush=True)
    print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
