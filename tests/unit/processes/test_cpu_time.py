"""How much of a core a process gets."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcuforge.processes.cpu_time import CoreShare, cpu_seconds

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def test_work_advances_it_and_sleep_does_not() -> None:
    share, before = CoreShare(os.getpid()), cpu_seconds(os.getpid())
    assert before is not None
    while (cpu_seconds(os.getpid()) or 0.0) - before < 0.05:
        pass
    assert (share.so_far() or 0.0) > 0
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as sleeper:
        while (used := cpu_seconds(sleeper.pid)) is None or used < 0.01:
            time.sleep(0.01)  # it starts
        assert (CoreShare(sleeper.pid).so_far() or 0.0) < 1


def test_a_process_that_is_gone_has_none() -> None:
    assert cpu_seconds(2**22 + 1) is None and CoreShare(2**22 + 1).so_far() is None
