"""The generated C: right text, compiles without warnings, same bytes twice, names stay harmless."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from graphs import relu_chain

from mcuforge.emit.model_files import model_files
from mcuforge.files import paths
from mcuforge.frontend.graph import Graph
from mcuforge.planning import planner

WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wpedantic")


def with_names(graph: Graph, name: str) -> Graph:
    return replace(graph, tensors=tuple(replace(t, name=name) for t in graph.tensors), name=name)


def write(files: dict[str, bytes], folder: Path) -> None:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def compile_all(folder: Path) -> None:
    sources = [*folder.glob("model/*.c"), *folder.glob("kernels/*.c")]
    engines = paths.data_dir("firmware") / "engines"
    for source in sources:
        subprocess.run(
            ["gcc", *WARNINGS, "-fsyntax-only", "-Ikernels", "-Imodel", f"-I{engines}", source],
            check=True,
            cwd=folder,
        )


def test_the_model_reads_as_a_list_of_calls() -> None:
    files = model_files(planner.plan(relu_chain(2)))
    assert sorted(files) == [
        "kernels/lookup_s8.c",
        "kernels/nn.h",
        "kernels/nn_lookup.h",
        "kernels/nn_names.h",
        "model/test_config.h",
        "model/test_constants.c",
        "model/test_constants.h",
        "model/test_model.c",
        "model/test_model.h",
        "model/test_plan.json",
    ]
    text = files["model/test_model.c"].decode()
    assert "nn_lookup_s8(&op0_params, t0_layer0, t1_layer1);" in text
    assert "/* 1: RELU  int8[1, 64] -> int8[1, 64]  layer2 */" in text
    assert "TEST_ARENA_PLACEMENT uint8_t test_arena[64];" in text


def test_it_compiles_without_warnings(tmp_path: Path) -> None:
    write(model_files(planner.plan(relu_chain(3))), tmp_path)
    compile_all(tmp_path)


@pytest.mark.parametrize(
    "name", ["*/ #error \\", 'x"; system("rm")', "int", "../../up", "", "??/", "a" * 300, "é\u202e"]
)
def test_hostile_names_stay_harmless(tmp_path: Path, name: str) -> None:
    files = model_files(planner.plan(with_names(relu_chain(2), name)))
    assert all(".." not in path and path.isascii() for path in files)
    write(files, tmp_path)
    compile_all(tmp_path)


def test_the_same_plan_gives_the_same_bytes() -> None:
    first, again = (model_files(planner.plan(relu_chain(4))) for _ in range(2))
    assert first == again


def test_the_plan_says_why() -> None:
    content = json.loads(model_files(planner.plan(relu_chain(1)))["model/test_plan.json"])
    (op,) = content["ops"]
    assert op["calls"][0]["kernel"] == "lookup_s8"
    assert "256 results" in op["calls"][0]["reason"]
    assert op["outputs"][0]["arena_offset"] == 0
    assert content["arena"]["bytes"] == 64
