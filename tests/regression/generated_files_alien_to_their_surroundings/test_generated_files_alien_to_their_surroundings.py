"""Generated files in other people's code bases: names, warnings of C++, licences."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from emitted import source, succeed, unpack
from graphs import relu_chain
from tflite_builder import Builder

from mcuforge import boards
from mcuforge.emit import c_names
from mcuforge.emit.project_files import Source, project_files
from mcuforge.engines import tflm
from mcuforge.files import paths
from mcuforge.planning import planner

STRICT = (
    *("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wold-style-cast", "-Wshadow", "-Wconversion"),
    *("-Wsign-conversion", "-Wcast-qual", "-Wundef", "-Wdouble-promotion"),
)
FLAVOURS = ("cmake", "zephyr", "esp-idf", "arduino", "platformio", "csolution", "library")
# What has no comments, or is not code.
WITHOUT_COMMENTS = (".json", ".md", ".tflite", ".a", "LICENSE", "packs.txt", "keywords.txt")
SPDX = b"SPDX-License-Identifier: Apache-2.0"


def content(name: str, flavour: str, board: str = "mps2-an386") -> dict[str, bytes]:
    planned = Source(planner.plan(relu_chain(2)), c_names.identifier(name))
    return project_files([planned], boards.load(board), planned.name, flavour)


def with_tflm(folder: Path, flavour: str) -> dict[str, bytes]:
    builder = Builder()
    first = builder.tensor([1, 8])
    tflite = builder.build([first], [builder.reshape(first, [2, 4])])
    each = source(tflite, "model", folder)
    board = boards.load("mps2-an386")
    each = replace(each, tflm=tflm.prepare(each.plan, folder / "model.tflite", board))
    return project_files([each], board, "model", flavour)


@pytest.mark.parametrize(
    "name", ["model", "int", "context", "params", "arena", "hook", "class", "nn", "mf", "a__b_"]
)
def test_no_name_is_reserved_in_cxx(name: str) -> None:
    """Two underscores in a row are the implementation's, wherever they stand."""
    defined = re.compile(r"^#define (?:\w*__|_)\w*", re.MULTILINE)
    for path, data in content(name, "zephyr").items():
        assert "__" not in path
        text = re.sub(r"/\*.*?\*/", "", data.decode(), flags=re.DOTALL)
        assert not defined.search(text), path
        if path.endswith("_model.h"):
            assert not re.search(r"\w*__(?!cplusplus)\w*", text)


def test_a_model_called_model_is_called_so() -> None:
    assert "src/model_model.c" in content("model.tflite".removesuffix(".tflite"), "zephyr")


@pytest.mark.parametrize("compiler", ["g++", "clang++", "arm-none-eabi-g++"])
@pytest.mark.parametrize("standard", ["c++11", "c++20"])
def test_the_headers_are_clean_in_cxx(tmp_path: Path, compiler: str, standard: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    files = content("model", "platformio")
    unpack(files, tmp_path)
    public = "lib/mcuforge_model/include/"
    headers = [p.removeprefix(public) for p in files if p.startswith(public)]
    assert len(headers) == 5
    user = tmp_path / "src" / "user.cpp"
    lines = [f'#include "{header}"\n' for header in (*headers, "model_application.h")]
    user.write_text("".join(lines) + "const mf_model *used() { return &model_model; }\n")
    include = f"-I{tmp_path / public}"
    succeed(compiler, f"-std={standard}", *STRICT, include, "-fsyntax-only", user)


def test_the_generated_cxx_is_clean(tmp_path: Path) -> None:
    unpack(with_tflm(tmp_path, "cmake"), tmp_path)
    api = Path(__file__).parents[2] / "tflm" / "api"
    includes = [f"-I{tmp_path / folder}" for folder in ("model", "engines")]
    flags = ("-std=c++17", *STRICT, "-isystem", api, *includes, "-fsyntax-only")
    succeed("g++", *flags, tmp_path / "model" / "model_model.cc")


@pytest.mark.parametrize("engine", ["aot", "tflm"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_project_says_its_licence(tmp_path: Path, flavour: str, engine: str) -> None:
    if engine == "tflm" and flavour == "library":
        pytest.skip("TFLM is not for libraries")
    files = content("net", flavour) if engine == "aot" else with_tflm(tmp_path, flavour)
    assert files["LICENSE"] == paths.license_file().read_bytes()
    without = [
        path
        for path, data in files.items()
        if not path.endswith(WITHOUT_COMMENTS) and SPDX not in data[:200]
    ]
    assert without == []
    assert b"LICENSE" in files["README.md"]
