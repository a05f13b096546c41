"""Emitted C, compiled and run on this computer under sanitizers, with the models' exact bytes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge import boards, planning
from mcuforge.emit.project_files import Source, project_files, project_name

Array = npt.NDArray[Any]
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wpedantic", "-Wshadow")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
# With the launcher that builds have as well (conftest.py): what was compiled is not compiled again.
GCC = (*filter(None, [os.environ.get("CMAKE_C_COMPILER_LAUNCHER")]), "gcc")


def source(tflite: bytes, name: str, folder: Path) -> Source:
    """The plan of a model, to be emitted under the C name `name`."""
    path = folder / f"{name}.tflite"
    path.write_bytes(tflite)
    return Source(planning.make_plan(path, name), name)


def write(sources: Sequence[Source], folder: Path, flavour: str = "zephyr") -> Path:
    """A project of these models, for this computer; its folder, `folder`."""
    unpack(project_files(sources, boards.load("host"), project_name(sources), flavour), folder)
    return folder


def unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Write the files to the folder."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def main_c(models: Sequence[str], before: str = "", first: str = "") -> str:
    """A program that runs all models in turn: inputs from stdin, outputs to stdout, until its end.

    All rounds of a model with state are one sequence.

    `before` goes before `main`, `first` begins it.
    """
    includes = "".join(f'#include "{name}_model.h"\n' for name in models)
    listed = ", ".join(f"&{name}_model" for name in models)
    return (
        f"#include <stdio.h>\n{includes}{before}\n"
        f"static const mf_model *const models[] = {{{listed}}};\n"
        "int main(void) {\n"
        f"    {first}\n"
        "    for (int round = 0;; ++round) {\n"
        "        for (size_t m = 0; m < sizeof models / sizeof *models; ++m) {\n"
        "            const mf_model *model = models[m];\n"
        "            const int begins = round == 0 || model->state_bytes == 0;\n"
        "            if (begins && model->init() != MF_OK) { return 2; }\n"
        "            for (uint32_t i = 0; i < model->input_count; ++i) {\n"
        "                const mf_tensor *t = &model->inputs[i];\n"
        "                if (fread(t->data, t->bytes, 1, stdin) != 1) { return 0; }\n"
        "            }\n"
        "            if (model->invoke(NULL, NULL) != MF_OK) { return 3; }\n"
        "            for (uint32_t i = 0; i < model->output_count; ++i) {\n"
        "                const mf_tensor *t = &model->outputs[i];\n"
        "                if (fwrite(t->data, t->bytes, 1, stdout) != 1) { return 4; }\n"
        "            }\n"
        "        }\n"
        "    }\n"
        "}\n"
    )


def run(program: Path, samples: Sequence[Sequence[Array]]) -> bytes:
    """The program's stdout for the inputs of each model in turn, again and again."""
    data = b"".join(np.ascontiguousarray(a).tobytes() for inputs in samples for a in inputs)
    done = subprocess.run([program], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def link(program: Path, sources: Sequence[Path], flags: Sequence[str]) -> None:
    """Compile the sources beneath the program's folder, two at a time, and link them."""
    folder = program.parent

    def compiled(source_file: Path) -> Path:
        # named from here, so that its object does not depend on where the folder lies
        source_file = source_file.relative_to(folder)
        target = Path("-".join(source_file.parts)).with_suffix(".o")
        succeed(*GCC, *flags, "-c", "-o", target, source_file, cwd=folder)
        return folder / target

    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(compiled, sources))
    succeed("gcc", *flags, "-o", program, *objects)


def succeed(*command: str | Path, cwd: Path | None = None) -> str:
    """What the command prints; it must succeed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
