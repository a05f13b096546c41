"""The TensorFlow Lite Micro engine without TFLM: what is generated, and that it compiles."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from stateful_models import accumulator
from tflite_builder import Builder

from mcuforge import boards, planning
from mcuforge.build import explain
from mcuforge.emit import project
from mcuforge.engines import library_arch, tflm, tflm_ops
from mcuforge.errors import UnsupportedError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import Op
from mcuforge.oracle import tflm as oracle
from mcuforge.planning.ops.registry import OPERATORS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MODELS = {
    "autoencoder": {"AddConv2D", "AddLogistic", "AddTransposeConv"},
    "unet": {
        *("AddConcatenation", "AddConv2D", "AddMaxPool2D", "AddResizeNearestNeighbor"),
        "AddSoftmax",
    },
}
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-pedantic")
CXX = ("-std=c++17", "-fno-exceptions", "-fno-rtti", "-fsyntax-only", f"-I{HERE / 'api'}")

pytestmark = pytest.mark.skipif(not oracle.available(), reason="no tflite-micro on this platform")
every_model = pytest.mark.parametrize("name", MODELS)


def tflite(name: str) -> Path:
    return ROOT / "models" / name / "artifacts" / "model.tflite"


@cache
def files(name: str, board: str = "mps2-an386") -> dict[str, bytes]:
    """The project of a model of the repository."""
    plan = planning.make_plan(tflite(name), name)
    target = boards.load(board)
    return project.files(plan, target, None, tflm.prepare(plan, tflite(name), target))


def text(name: str, path: str) -> str:
    return files(name)[path].decode()


def compiles(compiler: str, *arguments: str | Path) -> str:
    """What the compiler says with all warnings on; nothing where all is well."""
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    command = [compiler, *WARNINGS, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def unpack(name: str, folder: Path) -> None:
    for path, content in files(name).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


@every_model
def test_the_array_is_the_file_aligned_and_constant(name: str, tmp_path: Path) -> None:
    source = text(name, f"model/{name}_tflite.c")
    values = bytes(map(int, re.findall(r"(\d+)u,", source)))
    content = tflite(name).read_bytes()
    assert values == content == files(name)[f"model/{name}.tflite"]
    placed = f"_Alignas(16) {name.upper()}_CONSTANTS_PLACEMENT const unsigned char {name}_tflite["
    assert placed in source
    header = text(name, f"model/{name}_tflite.h")
    assert f"_TFLITE_BYTES {len(content)}\n" in header
    unpack(name, tmp_path)
    assert not compiles("gcc", "-std=c11", "-fsyntax-only", tmp_path / f"model/{name}_tflite.c")


@every_model
def test_the_resolver_has_exactly_the_operators_of_the_model(name: str) -> None:
    source = text(name, f"model/{name}_model.cc")
    assert set(re.findall(r"resolver->(Add\w+)\(\)", source)) == MODELS[name]
    assert f"MicroMutableOpResolver<{len(MODELS[name])}>" in source


@every_model
def test_every_op_is_traced_in_order(name: str) -> None:
    graph = tflite_reader.read(tflite(name))
    source = text(name, f"model/{name}_model.cc")
    rows = re.findall(r"\{(\d+), (\d+)u\},", source)
    outputs = [(tensor, graph.tensor(tensor).bytes) for _, tensor in graph.results()]
    assert [tuple(map(int, row)) for row in rows] == outputs
    counts = re.findall(r"^    (\d+)u, /\*", source, re.MULTILINE)
    assert [*map(int, counts)] == [len(op.outputs) for op in graph.ops]


@every_model
def test_the_generated_code_compiles(name: str, tmp_path: Path) -> None:
    unpack(name, tmp_path)
    includes = [f"-I{tmp_path / folder}" for folder in ("model", "engines")]
    assert not compiles("g++", *CXX, *includes, tmp_path / f"model/{name}_model.cc")
    assert not compiles("g++", *CXX, tmp_path / "engines/tflm_support.cc")


def test_the_check_finds_a_method_that_does_not_exist(tmp_path: Path) -> None:
    unpack("unet", tmp_path)
    source = tmp_path / "model" / "unet_model.cc"
    source.write_text(source.read_text().replace("AddSoftmax", "AddSoftMax"))
    includes = [f"-I{tmp_path / folder}" for folder in ("model", "engines")]
    assert "AddSoftMax" in compiles("g++", *CXX, *includes, source)


@every_model
def test_model_h_serves_c_and_cxx(name: str, tmp_path: Path) -> None:
    unpack(name, tmp_path)
    includes = [f"-I{tmp_path / folder}" for folder in ("model", "engines")]
    user = tmp_path / "user.cc"
    user.write_text(f'#include "{name}_model.h"\nconst mf_model *model = &{name}_model;\n')
    assert not compiles("g++", *CXX, *includes, user)
    includes.append(f"-I{tmp_path / 'runtime'}")
    assert not compiles("gcc", "-std=c11", "-fsyntax-only", *includes, tmp_path / "main.c")


def test_every_operator_of_tflm_has_its_method() -> None:
    resolver = (HERE / "api/tensorflow/lite/micro/micro_mutable_op_resolver.h").read_text()
    declared = set(re.findall(r"TfLiteStatus (Add\w+)\(\);", resolver))
    assert {tflm_ops.method(kind) for kind in tflm_ops.REGISTERED} == declared


def test_what_tflm_lacks_is_refused_by_name() -> None:
    for kind in sorted(set(OPERATORS) - tflm_ops.REGISTERED):
        with pytest.raises(UnsupportedError, match=f"{kind} .*has no such operator"):
            tflm_ops.methods([Op(0, kind, 1, (), ())])


def test_a_model_with_state_compiles(tmp_path: Path) -> None:
    """Its interpreter is made anew by reset, and knows how many variables there are."""
    path = tmp_path / "kept.tflite"
    path.write_bytes(accumulator(7, np.arange(7, dtype=np.int8)))
    plan = planning.make_plan(path)
    target = boards.load("mps2-an386")
    content = project.files(plan, target, None, tflm.prepare(plan, path, target))
    source = content["model/kept_model.cc"].decode()
    assert "MicroResourceVariables::Create(allocator, 1)" in source
    methods = {"AddAdd", "AddAssignVariable", "AddCallOnce", "AddReadVariable", "AddVarHandle"}
    assert set(re.findall(r"resolver->(Add\w+)\(\)", source)) == methods
    for name, data in content.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    includes = [f"-I{tmp_path / folder}" for folder in ("model", "engines")]
    assert not compiles("g++", *CXX, *includes, tmp_path / "model/kept_model.cc")
    assert "STATE" not in content["model/kept_model.h"].decode()  # it lies in TFLM's arena


def test_operators_are_added_once_and_unknown_ones_refused() -> None:
    def op(kind: str) -> Op:
        return Op(3, kind, 1, (), ())

    assert tflm_ops.methods([op("PADV2"), op("ADD"), op("ADD")]) == ("AddAdd", "AddPadV2")
    with pytest.raises(
        UnsupportedError, match=r"HASHTABLE \(op 3 of the file\): TensorFlow Lite Micro has no"
    ):
        tflm_ops.methods([op("ADD"), op("HASHTABLE")])


def test_the_project_is_for_one_board_and_holds_no_kernels() -> None:
    content = files("autoencoder")
    assert content == files.__wrapped__("autoencoder")
    assert not [path for path in content if path.startswith("kernels/")]
    assert "nn.h" not in content["model/autoencoder_model.cc"].decode()
    presets = json.loads(content["CMakePresets.json"])
    visible = [p["name"] for p in presets["configurePresets"] if not p.get("hidden")]
    names = [p["name"] for p in presets["buildPresets"]]
    assert visible == names == ["mps2-an386", "mps2-an386-size", "mps2-an386-debug"]
    assert [path for path in content if path.startswith("cmake/")] == [
        "cmake/FindTFLM.cmake",
        "cmake/arm-none-eabi.cmake",
    ]
    lists = content["CMakeLists.txt"].decode()
    for line in ("LANGUAGES C CXX", "set(TFLM_ARCH cortex-m4+fp)", "model/autoencoder_tflite.c"):
        assert line in lists
    assert "CMAKE_CXX_COMPILER arm-none-eabi-g++" in content["cmake/arm-none-eabi.cmake"].decode()


def test_a_project_for_this_computer_keeps_its_presets() -> None:
    presets = json.loads(files("autoencoder", "host")["CMakePresets.json"])
    visible = [p["name"] for p in presets["configurePresets"] if not p.get("hidden")]
    assert visible == ["host", "host-asan"]
    assert "set(TFLM_ARCH host)" in files("autoencoder", "host")["CMakeLists.txt"].decode()


@pytest.mark.parametrize(
    ("board", "arch"),
    [
        ("host", "host"),
        ("mps2-an385", "cortex-m3"),
        ("mps2-an386", "cortex-m4+fp"),
        ("mps2-an500", "cortex-m7+fp"),
        ("mps2-an505", "cortex-m33"),
        ("mps3-an547", "cortex-m55"),
    ],
)
def test_the_core_is_named_as_tflm_does(board: str, arch: str) -> None:
    assert library_arch(boards.load(board)) == arch


def test_a_message_of_cmake_is_shown_whole() -> None:
    output = (
        "-- Detecting\nCMake Error at cmake/FindTFLM.cmake:28 (message):\n  TFLM_ROOT is not set.\n"
        "\n    make microlite\n\nCall Stack (most recent call first):\n  CMakeLists.txt:13\n"
    )
    message = explain(output, Path("project")).message
    assert "TFLM_ROOT is not set.\n\n    make microlite" in message
    assert "Call Stack" not in message


@pytest.mark.parametrize(
    "said",
    [
        "ld: error: libtensorflow-microlite.a(x.o) uses VFP register arguments, a.elf does not",
        "ld: libtensorflow-microlite.a: error adding symbols: file in wrong format",  # of a board
        "ld: libtensorflow-microlite.a: file format not recognized",
    ],
)
def test_a_library_for_another_core_is_explained(said: str) -> None:
    error = explain(f"ld: warning\n{said}\nninja: stopped\n", Path("fw"))
    assert "built for another core" in error.message and "TARGET_ARCH" in error.message
    assert error.message.endswith(said)


def test_a_toolchain_without_cxx_library_is_explained() -> None:
    output = "/p/m.cc:9:10: fatal error: cstddef: No such file or directory\n"
    assert "apt install libstdc++-arm-none-eabi-newlib" in explain(output, Path("p")).message


def test_ops_that_the_plan_leaves_out_are_run_but_not_traced(tmp_path: Path) -> None:
    """A QUANTIZE that copies, and a RELU that nothing reads."""
    builder = Builder()
    tensors = [builder.tensor((1, 8)) for _ in range(4)]
    builder.op(schema.BuiltinOperator.QUANTIZE, [tensors[0]], [tensors[1]])
    builder.op(schema.BuiltinOperator.RELU, [tensors[1]], [tensors[2]])
    builder.op(schema.BuiltinOperator.RELU6, [tensors[1]], [tensors[3]])
    path = tmp_path / "copies.tflite"
    path.write_bytes(builder.build([tensors[0]], [tensors[3]]))
    plan = planning.make_plan(path)
    assert [op.kind for op in plan.graph.ops] == ["RELU6"]
    model = tflm.prepare(plan, path, boards.load("mps2-an386"))
    assert model.methods == ("AddQuantize", "AddRelu", "AddRelu6")
    source = project.files(plan, boards.load("mps2-an386"), "net", model)["model/net_model.cc"]
    assert re.findall(r"^    (\d)u, /\*", source.decode(), re.MULTILINE) == ["0", "0", "1"]
    assert re.findall(r"\{(\d+), (\d+)u\},", source.decode()) == [("3", "8")]


def test_an_operator_that_tflm_computes_in_float_alone_is_named() -> None:
    b = Builder()
    tensors = [b.tensor((1, 4)), b.tensor((1, 4))]
    b.op(schema.BuiltinOperator.LOG, tensors[:1], tensors[1:])
    graph = tflite_reader.read_bytes(b.build(tensors[:1], tensors[1:]), "m")
    with pytest.raises(UnsupportedError, match=r"LOG \(op 0.*in float32 alone.*--engine aot"):
        tflm_ops.check_types(graph)
