"""The frame decoder and the harness in C, fuzzed under AddressSanitizer and UBSan."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

Fuzzer = tuple[Path, bool]

_ENVIRONMENT = os.environ | {
    "ASAN_OPTIONS": "abort_on_error=1",
    "UBSAN_OPTIONS": "abort_on_error=1",
}
SEED = int(os.environ.get("FUZZ_SEED", "1"))
COUNT = int(os.environ.get("FUZZ_COUNT", "20000"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
_INPUTS_A_COUNT = 50  # an input takes a tenth of a millisecond


def run(fuzzer: Fuzzer, cases: int, seconds: float, folder: Path) -> str:
    """Until one of the limits (0: none). What fails is left in `folder`."""
    elf, is_libfuzzer = fuzzer
    arguments = (
        [f"-runs={cases or -1}", f"-max_total_time={seconds:.0f}", f"-seed={SEED}", "-max_len=4096"]
        if is_libfuzzer
        else [str(cases), str(seconds), str(SEED)]
    )
    done = subprocess.run(
        [elf, *arguments], cwd=folder, env=_ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"see {folder}\n{done.stderr}"
    return done.stdout + done.stderr


def test_the_harness_stands_random_requests(fuzzer: Fuzzer, tmp_path: Path) -> None:
    run(fuzzer, 30_000, 0, tmp_path)


@pytest.mark.slow
def test_the_harness_stands_a_million_random_requests(fuzzer: Fuzzer, tmp_path: Path) -> None:
    run(fuzzer, 1_000_000, 0, tmp_path)


@pytest.mark.fuzz
def test_fuzz_the_harness(fuzzer: Fuzzer, tmp_path: Path) -> None:
    """FUZZ_SECONDS, where given, replaces FUZZ_COUNT."""
    run(fuzzer, 0 if SECONDS else COUNT * _INPUTS_A_COUNT, SECONDS, tmp_path)
