"""What a second proof of the same model does."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflite_builder import Builder

from mcuforge import boards, driver
from mcuforge.build.commands import Caller
from mcuforge.oracle import child
from mcuforge.processes.kept_worker import KeptWorker

pytestmark = pytest.mark.sim


@pytest.fixture
def model(tmp_path: Path) -> Path:
    builder = Builder()
    source = builder.tensor((1, 8))
    path = tmp_path / "small.tflite"
    path.write_bytes(builder.build([source], [builder.reshape(source, (2, 4))]))
    return path


def test_nothing_is_built_again_and_two_workers_answer(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = boards.load("mps2-an386")
    first = driver.run(model, board, tmp_path / "build", count=2)
    elves = [tmp_path / "build/small-mps2-an386/build" / name for name in
             ("mps2-an386/firmware.elf", "host/firmware")]  # fmt: skip
    built = [elf.stat().st_mtime_ns for elf in elves]

    commands: list[list[str]] = []
    run, start = Caller.run, KeptWorker.__init__
    workers: list[KeptWorker] = []
    monkeypatch.setattr(Caller, "run", lambda s, c, *a: (commands.extend(c), run(s, c, *a))[1])
    monkeypatch.setattr(
        child.KeptWorker, "__init__", lambda self, c: (workers.append(self), start(self, c))[1]
    )
    again = driver.run(model, board, tmp_path / "build", count=2)

    assert again == first and again.verdict.exact
    assert [elf.stat().st_mtime_ns for elf in elves] == built
    assert ["--build" in command for command in commands] == [True, True]
    assert len(workers) == 2
