"""`mcuforge inspect`: what a model holds, why it is refused, and which ops are at fault."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from command_line import mcuforge
from single_op import Spec, build
from tflite_builder import Builder

from mcuforge.studies.inspection import MAX_PROBLEMS

BUILTIN = schema.BuiltinOperator
NOWHERE = (BUILTIN.SPARSE_TO_DENSE, BUILTIN.MATRIX_DIAG)  # neither here nor in TFLM


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """RELU, an op that nobody has, a RELU in float, another op that nobody has, RELU."""
    b = Builder()
    x = [b.tensor([1, 4]) for _ in range(6)]
    b.graph.tensors[x[3]].type = schema.TensorType.FLOAT32
    b.graph.tensors[x[3]].quantization = None
    kinds = (BUILTIN.RELU, NOWHERE[0], BUILTIN.RELU, NOWHERE[1], BUILTIN.RELU)
    for number, kind in enumerate(kinds):
        b.op(kind, [x[number]], [x[number + 1]])
    path = tmp_path / "mixed.tflite"
    path.write_bytes(b.build([x[0]], [x[5]]))
    return path


def dense(path: Path, inputs: int = 16, dtype: str = "int8") -> Path:
    """A FULLY_CONNECTED of [64, inputs] weights."""
    weights = np.ones((64, inputs), np.int8)
    model = build(
        "FULLY_CONNECTED",
        [Spec((1, inputs), scale=0.5, zero_point=-7), Spec(weights.shape, dtype, data=weights)],
        [Spec((1, 64), scale=0.25, zero_point=9)],
        schema.FullyConnectedOptionsT(),
    )
    path.write_bytes(model)
    return path


def as_json(path: Path, code: int = 0) -> dict[str, Any]:
    outcome = mcuforge("inspect", path, "--json")
    assert outcome.code == code, outcome
    content = json.loads(outcome.stdout)
    assert isinstance(content, dict)
    return content


def test_inputs_and_outputs_come_first(tmp_path: Path) -> None:
    lines = mcuforge("inspect", dense(tmp_path / "dense.tflite")).stdout.splitlines()
    (given,) = [line.split() for line in lines if line.strip().startswith("input")]
    (made,) = [line.split() for line in lines if line.strip().startswith("output")]
    assert given == ["input", "in0", "int8[1,", "16]", "0.5", "-7"]
    assert made == ["output", "out0", "int8[1,", "64]", "0.25", "9"]
    order = [next(i for i, line in enumerate(lines) if word in line)
             for word in ("zero point", "FULLY_CONNECTED", "Arena", "microbit")]  # fmt: skip
    assert order == sorted(order)


def test_a_scale_that_is_not_there_or_not_alone_is_none(tmp_path: Path) -> None:
    path = tmp_path / "float.tflite"
    path.write_bytes(build("QUANTIZE", [Spec((1, 4), "float32", None)], [Spec((1, 4), scale=0.5)]))
    (tensor,) = as_json(path)["input_tensors"]
    assert tensor == {
        "name": "in0", "dtype": "float32", "shape": [1, 4], "scale": None, "zero_point": None,
        "row_bytes": None,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def full_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables as in a pipe, whatever the terminal of the tests is."""
    monkeypatch.delenv("COLUMNS", raising=False)


def test_every_board_says_whether_it_fits(tmp_path: Path) -> None:
    small = as_json(dense(tmp_path / "small.tflite"))["boards"]
    assert "host" not in small and all(board["fits"] for board in small.values())
    large = as_json(dense(tmp_path / "large.tflite", 14_000))["boards"]
    assert not large["microbit"]["fits"]
    assert large["microbit"]["ram"]["bytes"] > large["microbit"]["ram"]["available"] == 16 * 1024
    assert large["mps2-an386"]["fits"]
    shown = mcuforge("inspect", tmp_path / "large.tflite").stdout
    (row,) = [line for line in shown.splitlines() if "microbit" in line]
    assert re.search(r"no: [\d,]+ B flash, [\d,]+ B RAM", row)


def test_a_refused_model_shows_every_reason_and_its_ops(mixed: Path) -> None:
    outcome = mcuforge("inspect", mixed)
    outcome.refused(
        1, "3 reasons why 'mixed' is refused", "  1. SPARSE_TO_DENSE (op 1", "  2. MATRIX_DIAG",
        "no kernel computes SPARSE_TO_DENSE, TensorFlow Lite Micro neither", "  3. RELU (op 2",
        "is float32[1, 4], not quantised.\n     Rule: The first input",
    )  # fmt: skip
    assert outcome.stderr.count("In Keras use what is computed") == 1  # what helps both
    rows = [line for line in outcome.stdout.splitlines() if "refused" in line]
    assert [(row.split()[1], row.partition("refused: ")[2][:2]) for row in rows] == [
        ("SPARSE_TO_DENSE", "1."), ("RELU", "3."), ("MATRIX_DIAG", "2."),
    ]  # fmt: skip
    assert "Not in TensorFlow Lite Micro: MATRIX_DIAG, SPARSE_TO_DENSE." in outcome.stdout
    assert "microbit" not in outcome.stdout


def test_json_is_printed_although_the_model_is_refused(mixed: Path) -> None:
    content = as_json(mixed, code=1)
    assert content["accepted"] is False and content["boards"] == {}
    assert content["not_in_tflm"] == ["MATRIX_DIAG", "SPARSE_TO_DENSE"]
    faulty = {op["index"]: op["problem"] for op in content["ops"] if "problem" in op}
    assert {i: text.split()[0] for i, text in faulty.items()} == {
        1: "SPARSE_TO_DENSE", 2: "RELU", 3: "MATRIX_DIAG",
    }  # fmt: skip
    assert set(faulty.values()) <= set(content["error"]["problems"])
    assert content["input_tensors"][0]["scale"] == 0.5


def test_a_model_that_is_not_quantised_has_one_reason_and_what_stays_after(tmp_path: Path) -> None:
    b = Builder()
    x = [b.tensor([1, 4], schema.TensorType.FLOAT32, None) for _ in range(3)]
    b.op(BUILTIN.RELU, [x[0]], [x[1]])
    b.op(NOWHERE[0], [x[1]], [x[2]])
    path = tmp_path / "float.tflite"
    path.write_bytes(b.build([x[0]], [x[2]]))
    content = as_json(path, code=1)
    whole, left = content["error"]["problems"]
    assert "is not quantised" in whole and "no kernel computes SPARSE_TO_DENSE" in left
    assert [op["problem"] for op in content["ops"]] == [whole, left]


def test_a_file_of_an_accelerator_shows_the_op_that_holds_its_commands(tmp_path: Path) -> None:
    model = build("CUSTOM", [Spec((1, 4)), Spec((8,), "uint8", None)], [Spec((1, 4))])
    parts = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    parts.operatorCodes[0].customCode = "ethos-u"
    parts.subgraphs[0].inputs = [0]
    builder = flatbuffers.Builder(0)
    builder.Finish(parts.Pack(builder), b"TFL3")
    path = tmp_path / "vela.tflite"
    path.write_bytes(bytes(builder.Output()))
    content = as_json(path, code=1)
    assert "Vela" in content["ops"][0]["problem"]
    assert content["error"]["kind"] == "unsupported"


def test_what_int4_costs(tmp_path: Path) -> None:
    path = dense(tmp_path / "int4.tflite", 15, "int4")
    content = as_json(path)
    packed = content["int4"].pop("packed")
    assert content["int4"] == {"weights": 960, "file_bytes": 480, "flash_bytes": 960}
    assert packed["constant_bytes"] == content["constant_bytes"] - 1024 // 2  # 16 taps a filter
    assert packed["arena_bytes"] == content["arena"]["bytes"] + 1024
    shown = mcuforge("inspect", path).stdout
    assert "960 weights take 480 B of the file and, unpacked for the kernels, 960 B" in shown
    assert "fully_connected_s8 (int4 weights)" in shown
    assert as_json(dense(tmp_path / "int8.tflite"))["int4"] is None


def test_thousands_of_reasons_are_cut_but_in_json(tmp_path: Path) -> None:
    b = Builder()
    first = x = b.tensor([1, 4])
    for number in range(MAX_PROBLEMS + 20):
        last = b.tensor([1, 4])
        b.op(BUILTIN.CUSTOM, [x], [last])
        b.graph.operators[-1].opcodeIndex = number
        code = schema.OperatorCodeT()
        code.builtinCode = BUILTIN.CUSTOM
        code.deprecatedBuiltinCode, code.customCode = 32, f"Op{number}"
        b.model.operatorCodes[number:] = [code]
        x = last
    path = tmp_path / "many.tflite"
    path.write_bytes(b.build([first], [x]))
    mcuforge("inspect", path).refused(1, "and 20 more: --json lists all")
    assert len(as_json(path, code=1)["error"]["problems"]) == MAX_PROBLEMS + 20
