"""What each flavour says and shows of a model whose inputs and outputs go row by row: it runs."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcuforge import boards, planning
from mcuforge.emit import project
from mcuforge.emit.flavours import CMAKE, FLAVOURS
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.recipe import load
from mcuforge.samples import quantised

AUTOENCODER = load(Path(__file__).parents[2] / "models" / "autoencoder").tflite
STUBS = Path(__file__).parent / "stubs"
WARNINGS = ("-Wall", "-Wextra", "-Werror")
C = ("-std=c11", *WARNINGS, "-Wconversion")
ROUNDS, ROWS = 3, 32
BOTH = BorderRows(True, True)
ONE = pytest.mark.slow
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "rows-from-a-camera.md"
# A timer's signal stands for the camera's interrupt, and each picture is all of one value. Of the
# second try the model is late: lines are lost before it asks for its fourth row.
CAMERA = """
#define _DEFAULT_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include "camera.h"

static uint8_t *volatile next;
static volatile int picture;
static int is_late;

static void interrupt(int number) {
    (void)number;
    if (next != NULL) {
        memset(next, picture, sizeof queue[0]);
        next = camera_line_done();
    }
}

static int take(void *context, uint32_t output, uint32_t row, const void *source, uint32_t bytes) {
    (void)context, (void)output, (void)row;
    for (uint32_t i = 0; i < bytes; i++) {
        printf("%d ", ((const int8_t *)source)[i]);
    }
    return 0;
}

static int give_late(void *context, uint32_t input, uint32_t row, void *destination,
                     uint32_t bytes) {
    while (row == 3 && is_late && !overrun) { }
    return give(context, input, row, destination, bytes);
}

static const mf_rows rows = {.give = give_late, .take = take};

int main(void) {
    const struct itimerval often = {{0, 200}, {0, 200}};
    autoencoder_model.init();
    autoencoder_model.set_rows(&rows);
    signal(SIGALRM, interrupt);
    for (int tries = 0; picture < 3 && tries < 1000; tries++) {
        const struct itimerval never = {{0, 0}, {0, 0}};
        is_late = tries == 1;
        next = camera_begin();
        setitimer(ITIMER_REAL, &often, NULL);
        const mf_status status = autoencoder_model.invoke(NULL, NULL);
        setitimer(ITIMER_REAL, &never, NULL);
        puts(status == MF_OK ? "whole" : status == MF_STOPPED ? "stopped" : "failed");
        picture += status == MF_OK;
    }
    return 0;
}
"""
Emit = Callable[[str], Path]


@pytest.fixture(
    params=[
        BOTH,
        pytest.param(BorderRows(inputs=True), marks=ONE),
        pytest.param(BorderRows(outputs=True), marks=ONE),
    ],
    ids=str,
    scope="module",
)
def borders(request: pytest.FixtureRequest) -> BorderRows:
    found: BorderRows = request.param
    return found


@pytest.fixture(scope="module")
def emit(borders: BorderRows, tmp_path_factory: pytest.TempPathFactory) -> Emit:
    folder = tmp_path_factory.mktemp("rows")
    plan = planning.make_plan(AUTOENCODER, "autoencoder", budget=0, borders=borders)

    def written(flavour: str) -> Path:
        if not (folder / flavour).exists():
            project.emit(plan, boards.load("mps2-an386"), folder / flavour, flavour=flavour)
        return folder / flavour

    return written


@pytest.fixture(scope="module")
def objects(emit: Emit, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The library and the example's application, which all flavours have in common."""
    folder, built = emit("library"), tmp_path_factory.mktemp("objects")
    sources = [*folder.glob("src/*.c"), folder / "example" / "autoencoder_application.c"]
    run("gcc", *C, "-O1", f"-I{folder / 'include'}", "-c", *sources, cwd=built)
    return sorted(built.glob("*.o"))


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def expected(borders: BorderRows) -> list[int]:
    """What the examples print: of the last row, or the whole output, the largest value's number."""
    graph = planning.make_plan(AUTOENCODER).graph
    lines = ROWS if borders.inputs else 1
    width = graph.tensor(graph.inputs[0]).elements // lines
    phases = np.arange(ROUNDS * lines)[:, None]
    real = (((np.arange(width) + phases) % 256) / 256).astype(np.float32)
    batch = quantised.quantize_batch(real.reshape(ROUNDS, -1), graph, "test")
    outputs = [output.reshape(ROWS, -1) for (output,) in TFLM.run(AUTOENCODER.read_bytes(), batch)]
    return [int(o[-1].argmax() if borders.outputs else o.argmax()) for o in outputs]


def test_the_examples_give_the_bytes_of_the_oracle(
    borders: BorderRows, emit: Emit, objects: list[Path], tmp_path: Path
) -> None:
    include = f"-I{emit('library') / 'include'}"
    folders = (f"-I{emit('library') / 'example'}", include)
    main = emit("library") / "example" / "main.c"
    run("gcc", *C, *folders, "-o", tmp_path / "library", main, *objects)
    sketch = emit("arduino") / "examples" / "autoencoder" / "autoencoder.ino"
    cpp = ("g++", "-std=c++11", *WARNINGS, *folders, f"-I{STUBS}")
    stub = STUBS / "sketch_main.cpp"
    run(*cpp, f'-DSKETCH="{sketch}"', "-o", tmp_path / "sketch", stub, *objects)
    main = emit("platformio") / "src" / "main.cpp"
    run(*cpp, "-o", tmp_path / "platformio", main, *objects)
    for name in ("library", "sketch", "platformio"):
        printed = re.findall(r"^largest output: (\d+)$", run(tmp_path / name), re.MULTILINE)
        assert list(map(int, printed)) == expected(borders), name


@pytest.mark.slow
def test_other_systems_examples_compile(emit: Emit) -> None:
    include = ("-I", STUBS, "-I", emit("library") / "include", "-fsyntax-only")
    for flavour, pattern in (
        ("zephyr", "samples/*/src/*.c"),
        ("esp-idf", "main/*.c"),
        ("csolution", "application/*.c"),
    ):
        sources = sorted(emit(flavour).glob(pattern))
        assert sources
        run("gcc", *C, *include, *sources)


@pytest.mark.parametrize(
    "flavour",
    [
        CMAKE,
        "library",
        *(pytest.param(name, marks=pytest.mark.slow) for name in FLAVOURS if name != "library"),
    ],
)
def test_pages_show_rows_in_c_that_compiles(
    borders: BorderRows, flavour: str, emit: Emit, objects: list[Path], tmp_path: Path
) -> None:
    text = (emit(flavour) / "README.md").read_text()
    program, *_ = re.findall(r"```c\n(.*?)```", text, re.DOTALL)
    assert ("give(void *context" in program) == borders.inputs
    assert ("take(void *context" in program) == borders.outputs
    assert "_model.set_rows(&rows)" in program or "model->set_rows(&rows)" in program
    if flavour == CMAKE:
        program = program.replace("for (;;) {", "for (int n = 0; n < 2; n++) {")
    else:
        assert "MF_STOPPED" in text
        program = within_main(program)
    main = tmp_path / "main.c"
    main.write_text(program)
    include = f"-I{emit('library') / 'include'}"
    library = [each for each in objects if "application" not in each.name]
    run("gcc", *C, include, "-o", tmp_path / "program", main, *library)
    run(tmp_path / "program")
    if flavour != CMAKE:  # its pages are read by those who write C++, too
        (tmp_path / "main.cpp").write_text(program)
        run("g++", "-std=c++11", *WARNINGS, include, "-fsyntax-only", tmp_path / "main.cpp")


def within_main(program: str) -> str:
    """The statements in a function, with the variables that the reader brings."""
    before, call, statements = program.partition("autoencoder_model.init();")
    brought = "static float image[1024], reconstruction[1024];\n"
    used = "(void)image, (void)reconstruction;"
    return f"{before}{brought}int main(void) {{\n{used}\n{call}{statements}return 0;\n}}\n"


def test_a_camera_pushes_lines_as_the_page_shows(
    borders: BorderRows, emit: Emit, objects: list[Path], tmp_path: Path
) -> None:
    if borders != BOTH:
        pytest.skip("the page's camera gives rows, and its outputs are taken")
    (queue,) = (
        block
        for block in re.findall(r"```c\n(.*?)```", PAGE.read_text(), re.DOTALL)
        if "camera_line_done" in block
    )
    text = queue.replace("model_model.h", "autoencoder_model.h")
    (tmp_path / "camera.h").write_text(text.replace("MODEL_INPUT", "AUTOENCODER_INPUT"))
    (tmp_path / "main.c").write_text(CAMERA)
    library = [each for each in objects if "application" not in each.name]
    include = f"-I{emit('library') / 'include'}"
    run("gcc", *C, include, "-O2", "-o", tmp_path / "program", tmp_path / "main.c", *library)
    ends = run(tmp_path / "program").splitlines()
    assert ends[1].endswith("stopped") and not any(end.endswith("failed") for end in ends)
    pictures = [list(map(int, end.split()[:-1])) for end in ends if end.endswith("whole")]
    batch = [[np.full((1, ROWS, ROWS, 1), value, np.int8)] for value in range(3)]
    expected = [out.ravel().tolist() for (out,) in TFLM.run(AUTOENCODER.read_bytes(), batch)]
    assert pictures == expected
