"""The interpreters on the host: right answers, and one message whatever goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert import schema_py_generated as schema
from single_op import Spec, build

from mcuforge.errors import ModelError, ToolError
from mcuforge.frontend import tflite_reader
from mcuforge.oracle import child, litert, tflm, worker
from mcuforge.oracle.divergence import first_divergence
from mcuforge.oracle.engine import Engine, Sample, difference, op_outputs
from mcuforge.oracle.litert import LITERT
from mcuforge.oracle.tflm import TFLM, run_tflm

pytestmark = pytest.mark.skipif(not tflm.available(), reason="no tflite-micro on this platform")

ENGINES = (TFLM, *LITERT)


def int8(*values: int) -> npt.NDArray[np.int8]:
    return np.array([values], np.int8)


def relu(length: int = 4) -> bytes:
    """max(x, 0) with scale 1 and zero point 0."""
    return build("RELU", [Spec((1, length))], [Spec((1, length))])


def tile() -> bytes:
    counts = Spec((2,), "int32", None, data=np.array([1, 2], np.int32))
    return build("TILE", [Spec((1, 4)), counts], [Spec((1, 8))], schema.TileOptionsT())


def add() -> bytes:
    return build("ADD", [Spec((1, 2)), Spec((1, 2))], [Spec((1, 2))], schema.AddOptionsT(), 2)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda e: e.name)
def test_every_engine_runs_every_sample_in_order(
    engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    outputs = engine.run(relu(), [[int8(1, -2, 3, -4)], [int8(-128, 127, 0, 5)]])
    assert [[o.tolist() for o in sample] for sample in outputs] == [
        [[[1, 0, 3, 0]]],
        [[[0, 127, 0, 5]]],
    ]
    assert outputs[0][0].dtype == np.int8
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("engine", ENGINES, ids=lambda e: e.name)
def test_every_engine_gives_the_tensors_of_every_sample(engine: Engine) -> None:
    graph = tflite_reader.read_bytes(relu(), "relu")
    index = op_outputs(graph)
    traced = engine.trace(relu(), [[int8(1, -1, 2, -2)], [int8(-1, 1, -2, 2)]], index)
    assert [t[index[0]].tolist() for t in traced] == [[[1, 0, 2, 0]], [[0, 1, 0, 2]]]


def test_a_tensor_asked_for_twice_is_that_of_its_sample() -> None:
    """An op that writes a variable is traced by what it writes, which is another op's output."""
    graph = tflite_reader.read_bytes(relu(), "relu")
    (index,) = op_outputs(graph)
    found = TFLM.trace(relu(), [[int8(1, 2, 3, 4)], [int8(5, 6, 7, 8)]], [index, index])
    assert [int(f[index].ravel()[0]) for f in found] == [1, 5]


@pytest.mark.parametrize("engine", [TFLM, LITERT[2]], ids=lambda e: e.name)
def test_several_inputs_keep_their_order(engine: Engine) -> None:
    big, small = int8(100, 7), int8(20, -7)
    assert engine.run(add(), [[big, small]])[0][0].tolist() == [[120, 0]]
    with pytest.raises(ModelError, match="has 2 inputs, and 1 were given"):
        engine.run(add(), [[big]])


def test_no_samples_need_no_interpreter() -> None:
    assert run_tflm(b"", []) == []


def test_an_op_that_tflm_lacks_is_named() -> None:
    with pytest.raises(ModelError, match="Didn't find op for builtin opcode 'TILE'") as caught:
        run_tflm(tile(), [[int8(1, 2, 3, 4)]])
    message = caught.value.message
    assert message.startswith("TFLM on the host cannot run the model:")
    assert "Traceback" not in message
    assert message.count("Didn't find op") == 1  # one attempt an arena, but told once


def test_a_model_that_needs_much_memory_gets_it() -> None:
    length = 3 << 20
    model = build(
        "LOGISTIC", [Spec((1, length), scale=0.1)], [Spec((1, length), "int8", 1 / 256, -128)]
    )
    (outputs,) = run_tflm(model, [[np.zeros((1, length), np.int8)]])
    assert len(np.unique(outputs[0])) == 1


@pytest.mark.parametrize("engine", [TFLM, LITERT[0]], ids=lambda e: e.name)
@pytest.mark.parametrize("damage", ["empty", "text", "header", "truncated"])
def test_a_damaged_model_is_one_error(engine: Engine, damage: str) -> None:
    model = relu()
    damaged = {
        "empty": b"",
        "text": b"hello " * 30,
        "header": b"\xff" * 16 + model[16:],
        "truncated": model[: len(model) // 3],
    }[damage]
    with pytest.raises(ModelError) as caught:
        engine.run(damaged, [[int8(1, 2, 3, 4)]])
    assert engine.name in caught.value.message
    assert "Traceback" not in caught.value.message


@pytest.mark.parametrize("seed", range(6))
def test_flipped_bytes_never_take_us_down(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = bytearray(add())
    for position in rng.integers(8, len(model), 4):
        model[position] ^= int(rng.integers(1, 256))
    try:
        child.run("TFLM", "tflm", bytes(model), [[int8(1, 2), int8(3, 4)]], timeout_s=30)
    except ModelError as error:
        assert "Traceback" not in error.message


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (np.zeros((1, 5), np.int8), "imension mismatch"),
        (np.zeros((1, 4), np.float32), "Got value of type"),
    ],
)
def test_unfit_samples_are_refused(sample: npt.NDArray[Any], message: str) -> None:
    for engine in (TFLM, LITERT[1]):
        with pytest.raises(ModelError, match=message):
            engine.run(relu(), [[sample]])


def test_samples_of_several_shapes_are_refused() -> None:
    with pytest.raises(ModelError, match="Sample 1 has other shapes"):
        run_tflm(relu(), [[int8(1, 2, 3, 4)], [int8(1, 2)]])


def test_a_tensor_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ModelError, match="no tensor 99"):
        TFLM.trace(relu(), [[int8(1, 2, 3, 4)]], [99])


def test_a_crash_is_named_and_its_last_words_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import os, signal, sys; sys.stdin.buffer.read(1); print('last words', file=sys.stderr);"
        "sys.stderr.flush(); os.kill(os.getpid(), signal.SIGABRT)"
    )
    monkeypatch.setattr(child, "_COMMAND", (sys.executable, "-c", script))
    with pytest.raises(ModelError, match=r"crashed on the model \(SIGABRT\)(.|\n)*last words"):
        run_tflm(relu(), [[int8(1, 2, 3, 4)]])


def test_a_worker_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(ModelError, match=r"did not finish within 0\.2 s"):
        child.run("TFLM", "tflm", relu(), [[int8(1, 2, 3, 4)]], timeout_s=0.2)


@pytest.mark.parametrize("reply", ["hello", ""])
def test_nonsense_from_the_worker(monkeypatch: pytest.MonkeyPatch, reply: str) -> None:
    script = f"import sys; sys.stdin.buffer.read(1); print({reply!r})"
    monkeypatch.setattr(child, "_COMMAND", (sys.executable, "-c", script))
    with pytest.raises(ToolError, match="answered with nonsense"):
        run_tflm(relu(), [[int8(1, 2, 3, 4)]])


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[child.KeptWorker]:
    """The workers that were started."""
    made: list[child.KeptWorker] = []

    class Noted(child.KeptWorker):
        def __init__(self, command: Sequence[str]) -> None:
            super().__init__(command)
            made.append(self)

    monkeypatch.setattr(child, "KeptWorker", Noted)
    return made


def test_workers_are_kept_and_tflm_has_its_own(starts: list[child.KeptWorker]) -> None:
    sample = [[int8(1, 2, 3, 4)]]
    with child.kept():
        for engine in (TFLM, LITERT[2], TFLM, LITERT[1]):
            assert np.array_equal(engine.run(relu(), sample)[0][0], run_tflm(relu(), sample)[0][0])
        with child.kept(), pytest.raises(ModelError, match="no tensor 99"):
            TFLM.trace(relu(), sample, [99])  # refused, and goes on
        TFLM.run(relu(), sample)
    assert len(starts) == 2
    assert all(worker._process.poll() is not None for worker in starts)


def test_a_kept_worker_that_hangs_or_crashes_is_replaced(
    starts: list[child.KeptWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = [[int8(1, 2, 3, 4)]]
    with child.kept():
        expected = TFLM.run(relu(), sample)
        starts[0]._process.kill()
        with pytest.raises(ModelError, match=r"crashed on the model \(SIGKILL\)"):
            TFLM.run(relu(), sample)
        with monkeypatch.context() as sleepy, pytest.raises(ModelError, match="did not finish"):
            sleepy.setattr(child, "_COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
            child.run("TFLM", "tflm", relu(), sample, timeout_s=0.1)
        assert np.array_equal(TFLM.run(relu(), sample)[0][0], expected[0][0])
    assert len(starts) == 4
    assert all(worker._process.poll() is not None for worker in starts)


def test_a_python_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_COMMAND", ("/nonexistent/python",))
    with pytest.raises(ToolError, match="cannot start /nonexistent/python"):
        run_tflm(relu(), [[int8(1, 2, 3, 4)]])


def test_modules_in_the_current_folder_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('wrong numpy')")
    monkeypatch.chdir(tmp_path)
    assert len(run_tflm(relu(), [[int8(1, 2, 3, 4)]])) == 1


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflm, "find_spec", lambda _: None)
    monkeypatch.setattr(litert, "find_spec", lambda _: None)
    with pytest.raises(ToolError, match=r"`tflite-micro`(.|\n)*Linux on x86-64 only"):
        run_tflm(relu(), [[int8(1, 2, 3, 4)]])
    with pytest.raises(ToolError, match="ai-edge-litert"):
        LITERT[0].run(relu(), [[int8(1, 2, 3, 4)]])


def test_tflite_runtime_is_used_where_its_successor_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = ModuleType("tflite_runtime.interpreter")
    monkeypatch.setattr(worker, "find_spec", lambda _: True)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", ModuleType("tflite_runtime"))
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", old)
    monkeypatch.setattr(np, "__version__", "1.26.4")
    assert worker.litert_module() is old
    monkeypatch.setattr(np, "__version__", "2.0.0")
    with pytest.raises(ImportError, match="numpy<2 only"):
        worker.litert_module()


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (int8(-128, 5), int8(127, 5), (1, 255.0)),
        (int8(1, 2), int8(1, 2), (0, 0.0)),
        (np.array([0.5, np.nan]), np.array([0.25, np.nan]), (1, 0.25)),
        (np.array([2**62]), np.array([2**62 + 1]), (1, 1.0)),
        (np.zeros((0,), np.int8), np.zeros((0,), np.int8), (0, 0.0)),
    ],
)
def test_difference(a: npt.NDArray[Any], b: npt.NDArray[Any], expected: tuple[int, float]) -> None:
    assert difference(a, b) == difference(b, a) == expected


def test_difference_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        difference(int8(1, 2), int8(1, 2, 3))


class OffByOne:
    """TFLM, but one value of the last op is wrong."""

    name = "wrong"

    def run(self, model: bytes, inputs: Sequence[Sample]) -> list[list[npt.NDArray[Any]]]:
        raise NotImplementedError

    def trace(
        self, model: bytes, inputs: Sequence[Sample], tensors: Sequence[int]
    ) -> list[dict[int, npt.NDArray[Any]]]:
        traced = TFLM.trace(model, inputs, tensors)
        traced[0][tensors[-1]][0, 2] += 3
        return traced


def test_the_op_where_a_difference_starts_is_found() -> None:
    graph = tflite_reader.read_bytes(relu(), "relu")
    sample = [int8(1, 2, 3, 4)]
    assert first_divergence(graph, relu(), sample, TFLM, TFLM) is None
    found = first_divergence(graph, relu(), sample, TFLM, OffByOne())
    assert found is not None
    assert (found.op.kind, found.elements_differing, found.max_difference) == ("RELU", 1, 3.0)
