"""Architectures of today's small models, as converters write them: accepted, and exact, or refused.

`make.py` has made the files of `models/` from the Keras code beside it. Of those whose ops are
missing, `REFUSED` says which op; a file that becomes acceptable has to leave that list.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import running
import sanitised

from mcuforge import planning
from mcuforge.errors import UnsupportedError
from mcuforge.frontend import tflite_reader

HERE = Path(__file__).parent
MODELS = {file.stem: file for file in sorted((HERE / "models").glob("*.tflite"))}
MOST_BYTES = 60_000
REFUSED: dict[str, str] = {}
ACCEPTED = sorted(set(MODELS) - set(REFUSED))


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All kernels as a sanitised library for each variant."""
    return sanitised.libraries(tmp_path_factory.getbasetemp())


def test_accepted_architectures_are_exact(tmp_path: Path, kernels: dict[str, Path]) -> None:
    """Every op of every model, in every variant of the kernels."""
    trials = [running.trial(name, MODELS[name].read_bytes(), tmp_path) for name in ACCEPTED]
    assert len(trials) >= 25
    assert running.problems(trials, tmp_path, kernels) == {}


def test_what_is_missing_is_said() -> None:
    for name, op in REFUSED.items():
        with pytest.raises(UnsupportedError) as refused:
            planning.make_plan(MODELS[name])
        assert op in refused.value.message


def test_files_are_small() -> None:
    assert len(MODELS) >= 25
    assert max(file.stat().st_size for file in MODELS.values()) < MOST_BYTES


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of what the script makes, all by one process since TensorFlow starts slowly; and
    what it said at last."""
    folder = tmp_path_factory.mktemp("made")
    command = [sys.executable, HERE / "make.py", folder]
    done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    return folder, done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", MODELS)
def test_the_script_makes_these_files(made: tuple[Path, str], name: str) -> None:
    """Bytes depend on the processor: roundings of the calibration. Ops and shapes do not."""
    folder, said = made
    file = folder / f"{name}.tflite"
    assert file.exists(), said
    graphs = [tflite_reader.read(each) for each in (MODELS[name], file)]
    kinds, shapes = zip(
        *(([op.kind for op in g.ops], [(t.shape, t.dtype) for t in g.tensors]) for g in graphs),
        strict=True,
    )
    assert kinds[0] == kinds[1]
    assert shapes[0] == shapes[1]
