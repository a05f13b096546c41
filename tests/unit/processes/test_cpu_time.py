"""How much of a core a process gets."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcuforge.processes import cpu_time
from mcuforge.processes.cpu_time import CoreShare, cpu_seconds

pytestmark = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="needs Linux")


def test_work_advances_it() -> None:
    share, before = CoreShare(os.getpid()), cpu_seconds(os.getpid())
    assert before is not None
    while (cpu_seconds(os.getpid()) or 0.0) - before < 0.05:
        pass
    assert 0 < (share.so_far() or 0.0) <= 1


def test_what_waits_for_input_needs_none() -> None:
    program = "print('ready', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as sleeper:
        assert sleeper.stdout is not None and sleeper.stdout.readline()
        while (share := CoreShare(sleeper.pid)) and (
            time.sleep(0.05) or share.so_far()
        ) is not None:
            pass  # it has not come to its input yet
        assert share.so_far() is None
        sleeper.communicate(b"\n")


def test_half_of_the_time_is_a_half(monkeypatch: pytest.MonkeyPatch) -> None:
    values = iter([(100, 50), (150, 100), (150, 100)])
    monkeypatch.setattr(cpu_time, "_nanoseconds", lambda _pid: next(values))
    share = CoreShare(1)
    assert share.so_far() == 0.5


def test_a_process_that_is_gone_has_none() -> None:
    assert cpu_seconds(2**22 + 1) is None and CoreShare(2**22 + 1).so_far() is None
