"""The whole proof of models that somebody else made: `pytest tests/zoo --models FOLDER`.

A model that is refused is no failure, but a row of the table with the reason; a byte that differs,
and an error that is not told in words, is one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import table

from mcuforge import boards, driver, planning
from mcuforge.errors import ForgeError
from mcuforge.model_files.kind import require_tflite
from mcuforge.oracle.tflm import TFLM
from mcuforge.samples import quantised
from mcuforge.tflite import folded_file

BOARD = "mps2-an500"  # 4 MiB of either memory
SAMPLES = 3


def test_a_model_of_the_folder(
    foreign_model: Path,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    folder = Path(request.config.getoption("--models"))
    row = _row(foreign_model, str(foreign_model.relative_to(folder)), tmp_path)
    record_property("zoo", row)
    assert row["exact"] is not False, row["reason"]


def _row(file: Path, name: str, folder: Path) -> table.Row:
    """Plan, then compare on a simulated board; what does not fit one, on this computer alone."""
    row = table.Row(
        model=name, accepted=False, exact=None, arena=None, instructions=None, reason=None
    )
    try:
        require_tflite(file)
        plan = planning.make_plan(file, "model")
    except ForgeError as error:
        return row | {"reason": error.message}
    row |= {"accepted": True, "arena": plan.arena.bytes}
    try:
        model = folded_file.fold(file.read_bytes(), plan.graph).model
        TFLM.run(model, quantised.random_samples(plan.graph, 1))
    except ForgeError as error:
        return row | {"reason": f"the oracle: {error.message}"}
    try:
        report = driver.run(file, boards.load(BOARD), folder, count=SAMPLES, name="model")
    except ForgeError as error:
        return row | {"reason": error.message}
    return row | {
        "exact": report.verdict.exact,
        "instructions": report.costs.instructions,
        "reason": report.verdict.divergence,
    }


def test_a_hostile_name_stays_in_its_cell(tmp_path: Path) -> None:
    file = tmp_path / "`|<b>.tflite"
    file.write_bytes(b"TFL3" * 9)
    row = _row(file, file.name, tmp_path)
    assert not row["accepted"] and row["exact"] is None and row["reason"]
    table.write([row], tmp_path)
    assert "| `'?<b>.tflite` | **no** |  |  |  | " in (tmp_path / "zoo.md").read_text()


def test_a_pointer_to_a_file_is_called_one(tmp_path: Path) -> None:
    file = tmp_path / "lfs.tflite"
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    assert "Git LFS pointer" in str(_row(file, file.name, tmp_path)["reason"])


@pytest.mark.slow
@pytest.mark.sim
def test_a_folder_becomes_a_table(tmp_path: Path) -> None:
    """An accepted model, one that is refused, and a file that is none."""
    given = tmp_path / "given"
    (given / "inner").mkdir(parents=True)
    zoo = Path(__file__).parent / "models"
    (given / "good.tflite").write_bytes((zoo / "wake_word.tflite").read_bytes())
    (given / "inner" / "none|`.tflite").write_text("version https://git-lfs.github.com/spec/v1\n")
    command = [sys.executable, "-m", "pytest", "-q", Path(__file__).parent, "--models", given]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-c", Path(__file__).parents[2] / "pyproject.toml"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 models: 1 accepted, 1 of these exact." in done.stdout
    text = (tmp_path / "zoo.md").read_text()
    assert "| `good.tflite` | yes | yes | 1,008 |" in text
    assert "| `inner/none?'.tflite` | **no** |  |" in text  # and the reason
