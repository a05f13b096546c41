"""How long the commands take to start, beside a bare Python interpreter, in one run.

.venv/bin/python benchmarks/startup.py
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 10


def fastest(command: Sequence[str]) -> float:
    """Shortest wall-clock time of `ROUNDS` runs, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print a line a command."""
    bare = fastest([sys.executable, "-c", "pass"])
    sys.stdout.write(f"{'python -c pass':<48} {bare:6.3f} s\n")
    model = "models/unet/artifacts/model.tflite"
    for arguments in (
        ["--help"],
        ["inspect", model],
        ["emit", model, "-o", "build/startup"],
        ["boards"],
    ):
        seconds = fastest([sys.executable, "-m", "mcuforge", *arguments])
        label = f"mcuforge {' '.join(arguments)}"
        sys.stdout.write(f"{label:<48} {seconds:6.3f} s  {seconds / bare:5.1f} times bare\n")


if __name__ == "__main__":
    main()
