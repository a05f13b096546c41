"""What is said where the TensorFlow Lite Micro that was found is another than the code expects."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mcuforge import boards, planning
from mcuforge.build import BuildError, explain
from mcuforge.emit import project
from mcuforge.engines import tflm
from mcuforge.oracle import tflm as oracle

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "models" / "unet" / "artifacts" / "model.tflite"
API = ROOT / "tests" / "tflm" / "api"

pytestmark = pytest.mark.skipif(not oracle.available(), reason="no tflite-micro on this platform")


def compiled(folder: Path, header: str, old: str, new: str) -> str:
    """What the compiler says of the U-Net's code where a header of TFLM is another."""
    board = boards.load("mps2-an386")
    plan = planning.make_plan(MODEL, "unet")
    content = project.files(plan, board, None, tflm.prepare(plan, MODEL, board))
    for path, data in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    api = folder / "api"
    for path in API.rglob("*.h"):
        copy = api / path.relative_to(API)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text())
    changed = api / "tensorflow/lite" / header
    text = changed.read_text()
    assert old in text
    changed.write_text(text.replace(old, new))
    headers = [p for p in folder.rglob("*.h") if api not in p.parents]
    includes = [f"-I{f}" for f in {f for p in headers for f in p.parents[:2]}]
    command = ["g++", "-std=c++17", "-fsyntax-only", *includes, "-isystem", str(api)]
    source = next(folder.rglob("unet_model.cc"))
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stderr


@pytest.mark.parametrize(
    ("header", "old", "new", "named"),
    [
        ("micro/micro_mutable_op_resolver.h", "AddSoftmax", "AddOther", "no AddSoftmax"),
        ("micro/micro_interpreter.h", "context() const", "other() const", "interface differs"),
        ("micro/micro_profiler_interface.h", "MicroProfilerInterface", "Old", "interface differs"),
    ],
)
def test_another_tflm_is_called_one(
    header: str, old: str, new: str, named: str, tmp_path: Path
) -> None:
    error = explain(compiled(tmp_path, header, old, new), tmp_path)
    assert isinstance(error, BuildError)
    assert "TensorFlow Lite Micro" in error.message and named in error.message
    assert "docs/how-to/tensorflow-lite-micro.md" in error.message


def test_a_library_that_lacks_a_kernel_is_called_incomplete() -> None:
    said = "ld: m.o: in function `x': undefined reference to `tflite::Register_SOFTMAX()'\n"
    assert "less complete" in explain(said, Path("p")).message
