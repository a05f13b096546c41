"""What a worker starts once, for all of its trials."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from mcuforge.oracle import child
from mcuforge.processes import tensorflow_child
from mcuforge.search import worker

JOBS = "import os\n\ndef parent(on_progress):\n    return os.getppid()\n"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")
def test_processes_are_kept_from_one_trial_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs_of_trials.py").write_text(JOBS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(tensorflow_child, "_NEEDED", ())
    monkeypatch.setattr(tensorflow_child, "_kept", tensorflow_child._Kept())
    for name in worker._ONE_THREAD:
        monkeypatch.setenv(name, "1")
    parents: list[int] = []

    def trials(*_: Any) -> int:
        assert child._kept.workers is not None
        parents.extend(tensorflow_child.call("jobs_of_trials:parent", {}) for _ in range(2))
        return 2

    monkeypatch.setattr(worker, "_taken", trials)
    nothing: Any = None
    assert worker.work(nothing, nothing, nothing, nothing) == 2
    assert parents[0] == parents[1]
    assert child._kept.workers is None
