"""The code of the page, compiled against what `emit` writes, and run."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from click.testing import CliRunner
from emitted import WARNINGS, succeed, unpack
from stateful_models import wake_word
from tflite_builder import Builder

from mcuforge import boards, planning
from mcuforge.cli import cli
from mcuforge.emit.extras import Extras, of_recipe
from mcuforge.emit.project_files import Source, project_files
from mcuforge.engines import tflm
from mcuforge.planning.plan import Plan
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.recipe import Recipe, load
from mcuforge.report import Costs, RunReport, examples, integration
from mcuforge.report.examples import Example
from mcuforge.report.integration import Integration
from mcuforge.report.sections import integration as section

STUBS = Path(__file__).parents[2] / "flavours" / "stubs"
_TYPES, _OPS = schema.TensorType, schema.BuiltinOperator
HOSTILE = ('*/ #error "x" /*', "<b>&\\", "%s??/\n", "日本")


def borders() -> bytes:
    """Inputs and outputs of every type that a border may have."""
    made, shape = Builder(), (1, 5)
    inputs = [
        made.tensor(shape),
        made.tensor(shape, _TYPES.FLOAT32, None),
        made.tensor(shape, _TYPES.UINT8, 0.25),
        made.tensor(shape, _TYPES.INT16, 0.125),
    ]
    made.graph.tensors[inputs[3]].quantization.zeroPoint = [0]
    made.graph.tensors[inputs[2]].quantization.zeroPoint = [7]
    same = [inputs[0]]
    for source in inputs[1:]:
        same.append(made.tensor(shape))
        made.op(_OPS.QUANTIZE, [source], [same[-1]])
    equal, real = made.tensor(shape, _TYPES.BOOL, None), made.tensor(shape, _TYPES.FLOAT32, None)
    made.op(_OPS.EQUAL, same[:2], [equal])
    made.op(_OPS.DEQUANTIZE, [same[2]], [real])
    wide = made.tensor(shape, _TYPES.INT16, 0.5)
    made.graph.tensors[wide].quantization.zeroPoint = [0]
    made.op(_OPS.QUANTIZE, [same[3]], [wide])
    return made.build(inputs, [same[1], equal, real, wide])


def plan_of(tflite: bytes, name: str, folder: Path) -> Plan:
    path = folder / f"{name}.tflite"
    path.write_bytes(tflite)
    return planning.make_plan(path, name)


def report_of(it: Integration) -> RunReport:
    verdict = Verdict(1, (Comparison("board", 4, 0, 0, 0.0, decides=True),))
    costs = Costs(1, 2, 64, 64, 64, 4, 392, None)
    return RunReport(
        "net", "ab", "board", it.engine, verdict, (), None, costs, (), details={"integration": it}
    )


def write(example: Example, folder: Path, number: int) -> list[Path]:
    """The files of an example that a compiler takes."""
    found = []
    for what, text in example.texts:
        kind = Path(what).suffix if "/" in what or "." in what else ".c"
        if kind not in (".c", ".cpp", ".ino") or what == "commands" or "CMake" in what:
            continue
        found.append(folder / f"example{number}_{len(found)}{kind.replace('.ino', '.cpp')}")
        found[-1].write_text(text)
    return found


def compile_all(it: Integration, include: Path, folder: Path) -> int:
    """All code of the page for the model whose headers lie in `include`; how many files."""
    made = [*examples.for_tasks(it), *examples.for_systems(it)]
    files = [path for at, each in enumerate(made) for path in write(each, folder, at)]
    options = (*WARNINGS, "-I", include, "-isystem", STUBS, "-fsyntax-only")
    succeed("gcc", "-std=c11", *options, *(f for f in files if f.suffix == ".c"))
    succeed("g++", "-std=c++11", *options, *(f for f in files if f.suffix == ".cpp"))
    return len(files)


def test_every_example_compiles_whatever_the_borders_are(tmp_path: Path) -> None:
    plan = plan_of(borders(), "borders", tmp_path)
    board = boards.load("mps2-an386")
    unpack(project_files([Source(plan, "borders")], board, "borders", "zephyr"), tmp_path)
    it = integration.of(plan, board)
    hostile = [replace(b, title=HOSTILE[i]) for i, b in enumerate(it.inputs)]
    assert compile_all(replace(it, inputs=tuple(hostile)), tmp_path / "include", tmp_path) == 12
    assert [b.c_type for b in it.inputs] == ["int8_t", "float", "uint8_t", "int16_t"]
    assert [b.c_type for b in it.outputs] == ["int8_t", "uint8_t", "float", "int16_t"]


@pytest.mark.parametrize(
    "given",
    [BorderRows(True, True), pytest.param(BorderRows(False, True), marks=pytest.mark.slow)],
)
def test_every_example_compiles_where_rows_come_and_go(given: BorderRows, tmp_path: Path) -> None:
    plan = planning.make_plan(
        load(Path(__file__).parents[3] / "models" / "autoencoder").tflite, "rowwise", borders=given
    )
    board = boards.load("mps2-an386")
    files = project_files([Source(plan, "rowwise")], board, "rowwise", "zephyr")
    unpack(files, tmp_path)
    it = integration.of(plan, board)
    assert compile_all(it, tmp_path / "include", tmp_path) == 10
    emit = shlex.join(examples._emit(it, "zephyr", "rowwise-zephyr"))
    assert ("--input rows" in emit) is given.inputs and "--output-as rows" in emit
    assert section.body(report_of(it)) is not None
    application = [tmp_path / path for path in files if path.endswith(("application.c", "main.c"))]
    assert len(application) == 2
    options = (*WARNINGS, "-I", tmp_path / "include", "-isystem", STUBS, "-fsyntax-only")
    succeed("gcc", "-std=c11", *options, *application)


def test_the_examples_compute_the_same_with_and_without_conversion(tmp_path: Path) -> None:
    plan = plan_of(borders(), "borders", tmp_path)
    it = integration.of(plan, boards.load("host"))
    files = project_files([Source(plan, "borders")], boards.load("host"), "borders", "zephyr")
    unpack(files, tmp_path)
    code = {e.title: e.texts[0][1] for e in examples.for_tasks(it)}
    main_c = tmp_path / "main.c"
    main_c.write_text(
        code["C"] + code["Without conversion"] + """
#include <stdio.h>
int main(void) {
    int8_t in0[5], out0[5];
    uint8_t in2[5], out1[5];
    int16_t in3[5], out3[5];
    float out2[5];
    for (int i = 0; i < 5; ++i) {
        in_in0[i] = in_in1[i] = in_in2[i] = in_in3[i] = (float)i * 0.7f - 1.0f;
        in0[i] = borders_quantise_in0(in_in0[i]);
        in2[i] = borders_quantise_in2(in_in2[i]);
        in3[i] = borders_quantise_in3(in_in3[i]);
    }
    if (!borders_begin() || !borders_infer()) { return 1; }
    if (!borders_infer_as_is(in0, in_in1, in2, in3, out0, out1, out2, out3)) { return 2; }
    for (int i = 0; i < 5; ++i) {
        const float first = borders_real_out0(out0[i]), last = borders_real_out3(out3[i]);
        const float reals[4] = {first, out1[i], out2[i], last};
        const float same[4] = {out_out0[i], out_out1[i], out_out2[i], out_out3[i]};
        if (memcmp(reals, same, sizeof same) != 0) { return 3; }
        printf("%g %g %g %g\\n", same[0], same[1], same[2], same[3]);
    }
    return 0;
}
"""
    )  # fmt: skip
    program = tmp_path / "program"
    sources = [tmp_path / path for path in files if path.startswith("src/") and path[-2:] == ".c"]
    succeed("gcc", "-std=c11", "-I", tmp_path / "include", "-o", program, main_c, *sources)
    rows = np.array([line.split() for line in succeed(program).splitlines()], float)
    assert np.allclose(rows[:, 0], np.arange(5) * 0.7 - 1, atol=0.25)
    assert rows[:, 1].tolist() == [1.0] * 5  # both inputs are the same numbers


def test_state_and_labels_have_examples(tmp_path: Path) -> None:
    plan = plan_of(wake_word(), "wake", tmp_path)
    board = boards.load("host")
    labels = tuple(
        f"{n} {HOSTILE[0]}" for n in range(plan.graph.tensor(plan.graph.outputs[0]).elements)
    )
    source = Source(plan, "wake", None, Extras(labels))
    unpack(project_files([source], board, "wake", "zephyr"), tmp_path)
    made = SimpleNamespace(labels=labels, features=None, folder=Path("models/wake up"))
    it = integration.of(plan, board, recipe=cast(Recipe, made))
    assert {"State", "Labels"} <= {e.title for e in examples.for_tasks(it)}
    assert compile_all(it, tmp_path / "include", tmp_path) == 15
    page = section.body(report_of(it))
    assert (
        page is not None
        and "beside the arena" in page
        and "mcuforge emit &#39;wake up&#39;" in page
    )


def test_features_have_an_example(tmp_path: Path) -> None:
    folder = Path(__file__).parents[3] / "models" / "chirps"
    described = load(folder)
    plan = planning.make_plan(described.tflite, described.name)
    extras = of_recipe(described, plan.graph)
    board = boards.load("host")
    source = Source(plan, "chirps", None, extras)
    unpack(project_files([source], board, "chirps", "zephyr"), tmp_path)
    it = integration.of(plan, board, recipe=described)
    assert {"Raw samples", "Labels"} <= {e.title for e in examples.for_tasks(it)}
    assert it.model == "chirps"
    assert compile_all(it, tmp_path / "include", tmp_path) == 14


def test_the_commands_write_what_the_code_includes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(wake_word(), "wake", tmp_path)
    monkeypatch.chdir(tmp_path)
    it = replace(integration.of(plan, boards.load("mps2-an386")), optimize="size")
    for example in examples.for_systems(it):
        texts = dict(example.texts)
        emit, *_ = texts["commands"].splitlines()
        words = shlex.split(emit)
        done = CliRunner().invoke(cli, words[1:])
        assert done.exit_code == 0, done.output
        folder = tmp_path / words[-1]
        for header in re.findall(
            r'#include "(\S+_model\.h|mcuforge/\S+)"', "".join(texts.values())
        ):
            assert list(folder.rglob(header))
        for named in re.findall(rf"{words[-1]}/([\w./-]+)", texts["commands"]):
            assert named.startswith(("build/", "include")) or (folder / named).exists()


def test_what_tflm_does_otherwise_is_said(tmp_path: Path) -> None:
    plan, board = plan_of(wake_word(), "wake", tmp_path), boards.load("mps2-an386")
    it = integration.of(plan, board, "tflm")
    source = Source(plan, "wake", tflm.prepare(plan, tmp_path / "wake.tflite", board))
    unpack(project_files([source], board, "wake", "zephyr"), tmp_path)
    assert compile_all(it, tmp_path / "include", tmp_path) == 11
    page = section.body(report_of(it))
    assert page is not None
    assert "Not with --engine tflm" in page and "--engine tflm --flavour zephyr" in page
    assert "set_state" not in page and "in the arena" in page
    assert "CONFIG_TENSORFLOW_LITE_MICRO=y" in page


def test_too_many_borders_are_told_in_words(tmp_path: Path) -> None:
    it = integration.of(plan_of(borders(), "borders", tmp_path), boards.load("host"))
    page = section.body(report_of(replace(it, outputs=it.outputs[:1] * 100)))
    assert page is not None and "104 inputs and outputs" in page and len(page) < 300


def test_names_stay_text_on_the_page(tmp_path: Path) -> None:
    it = integration.of(plan_of(borders(), "borders", tmp_path), boards.load("host"))
    named = replace(it, inputs=tuple(replace(b, title=HOSTILE[1]) for b in it.inputs), model="<i>")
    page = section.body(report_of(named))
    assert page is not None and "<b>" not in page and "<i>" not in page and "&lt;b&gt;" in page
