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
