"""Runs the limited worker over many files, and says what broke it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
SEARCHED = (HERE, HERE.parent / "shared", HERE.parent / "kernels")


@dataclass
class Outcome:
    """What came of a campaign: counts of ends, the worst, and what broke, by number."""

    kind: str
    seed: int
    ends: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    worst_seconds: float = 0.0
    peak_bytes: int = 0
    broken: dict[int, str] = field(default_factory=dict)

    def told(self) -> str:
        """For people."""
        lines = [
            f"{self.ends.total()} {self.kind}s of seed {self.seed}: {dict(self.ends)}, "
            f"{self.seconds:.0f} s, the longest {self.worst_seconds:.2f} s, "
            f"{self.peak_bytes / 2**20:.0f} MiB at most"
        ]
        lines += [f"{self.kind} ({self.seed}, {n}): {why}" for n, why in self.broken.items()]
        return "\n".join(lines)


def run(kind: str, seed: int, count: int, folder: Path) -> Outcome:
    """`count` files of a kind: "model", "board" or "recipe". Accepted models stay in `folder`."""
    outcome = Outcome(kind, seed)
    first = 0
    while first < count:
        first = _run_until_death(outcome, first, count, folder)
    return outcome


def _run_until_death(outcome: Outcome, first: int, count: int, folder: Path) -> int:
    """One worker's life; the number to go on with."""
    command = [sys.executable, "-P", str(HERE / "limited_worker.py")]
    arguments = [outcome.kind, str(outcome.seed), str(first), str(count - first), str(folder)]
    places = os.pathsep.join(map(str, SEARCHED))
    # a thread of BLAS reserves tens of MB of addresses, which are what is limited
    variables = os.environ | {"PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command + arguments,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout is not None and worker.stderr is not None
        begun = [first, *_follow(outcome, worker.stdout, first)]
        log = worker.stderr.read()
    if worker.returncode != 0:
        outcome.broken[begun[-1]] = f"the process ended with {worker.returncode}: {log[-2000:]}"
        return begun[-1] + 1
    return count


def _follow(outcome: Outcome, lines: Iterator[str], first: int) -> Iterator[int]:
    """Count what the worker tells; yields each number that it begins."""
    number = first
    for line in lines:
        if line.startswith("begin "):
            number = int(line.split()[1])
            yield number
            continue
        told = json.loads(line)
        if "peak" in told:
            outcome.peak_bytes = max(outcome.peak_bytes, told["peak"])
            continue
        outcome.ends[told["end"]] += 1
        outcome.seconds += told["seconds"]
        outcome.worst_seconds = max(outcome.worst_seconds, told["seconds"])
        if told["end"] == "broken":
            outcome.broken[number] = told["why"]
