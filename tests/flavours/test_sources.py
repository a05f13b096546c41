"""Each flavour's sources compiled, with stubs of its system, and its example run here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mcuforge import boards, planning
from mcuforge.emit import project
from mcuforge.engines import tflm as tflm_engine
from mcuforge.frontend.graph import Graph
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning.plan import Plan
from mcuforge.recipe import load, metrics
from mcuforge.samples import quantised

MODELS = Path(__file__).parents[2] / "models"
STUBS = Path(__file__).parent / "stubs"
TFLM_API = Path(__file__).parents[1] / "tflm" / "api"
WARNINGS = ("-Wall", "-Wextra", "-Werror")
C = ("-std=c11", *WARNINGS, "-Wconversion")
COUNT = 6


@pytest.fixture(scope="module")
def plan() -> Plan:
    recipe = load(MODELS / "autoencoder")
    return planning.make_plan(recipe.tflite, recipe.name)


def emit(plan: Plan, flavour: str, folder: Path, board: str = "host") -> Path:
    project.emit(plan, boards.load(board), folder / flavour, flavour=flavour)
    return folder / flavour


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rounds(output: str) -> list[int]:
    found = re.findall(r"^largest output: (\d+)$", output, re.MULTILINE)
    assert len(found) == 3, output
    return [int(n) for n in found]


def saw_tooth(graph: Graph) -> npt.NDArray[np.float32]:
    """What `read_sensor` of the examples gives in three rounds."""
    elements = graph.tensor(graph.inputs[0]).elements
    phases = np.arange(3)[:, None]
    return (((np.arange(elements) + phases) % 256) / 256).astype(np.float32)


def oracle(plan: Plan, real: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The oracle's outputs as real numbers, a row a sample."""
    batch = quantised.quantize_batch(real, plan.graph, "test")
    tflite = load(MODELS / "autoencoder").tflite.read_bytes()
    tensor = plan.graph.tensor(plan.graph.outputs[0])
    rows = [quantised.dequantize(o[0], tensor).ravel() for o in TFLM.run(tflite, batch)]
    return np.stack(rows)


@pytest.fixture(scope="module")
def expected(plan: Plan) -> list[int]:
    return [int(row.argmax()) for row in oracle(plan, saw_tooth(plan.graph))]


def test_the_application_gives_the_bytes_of_the_oracle(plan: Plan, tmp_path: Path) -> None:
    folder = emit(plan, "library", tmp_path)
    sources = [*folder.glob("src/*.c"), folder / "example" / "autoencoder_application.c"]
    program = tmp_path / "golden"
    run(
        *("gcc", *C, "-O2", "-I", folder / "include", "-I", folder / "example"),
        *("-fsanitize=address,undefined", "-o", program, STUBS / "golden_main.c", *sources),
    )
    recipe = load(MODELS / "autoencoder")
    golden = metrics.load_golden(recipe.golden, recipe.metric)
    real = np.asarray(golden["inputs"][:COUNT], np.float32)
    done = subprocess.run([program], input=real.tobytes(), capture_output=True, check=True)
    assert done.stdout == oracle(plan, real).tobytes()


def test_the_library_builds_and_its_example_runs(
    plan: Plan, tmp_path: Path, expected: list[int]
) -> None:
    folder = emit(plan, "library", tmp_path)
    prebuilt = (folder / "lib" / "libautoencoder.a").read_bytes()
    run("make", "-s", "clean", cwd=folder)
    run("make", "-s", "example", cwd=folder)
    assert rounds(run(folder / "example" / "run")) == expected
    assert prebuilt.startswith(b"!<arch>\n")
    assert b"nn_conv2d_s8" in prebuilt and str(tmp_path).encode() not in prebuilt


def test_the_commands_of_the_library_s_readme_work_in_turn(
    plan: Plan, tmp_path: Path, expected: list[int]
) -> None:
    """First for the board, and then the example for this computer."""
    folder = emit(plan, "library", tmp_path, "nucleo-f767zi")
    text = (folder / "README.md").read_text()
    commands = re.findall(r"^    (make .*)$", text, re.MULTILINE)
    assert [c.split()[1].split("=")[0] for c in commands] == ["CC", "example"]
    outputs = [run("sh", "-c", command, cwd=folder) for command in commands]
    assert rounds(outputs[-1]) == expected
    machine = run("arm-none-eabi-objdump", "-a", folder / "build" / "libautoencoder.a")
    assert "elf32-littlearm" in machine


def test_the_cmake_project_has_the_example_too(
    plan: Plan, tmp_path: Path, expected: list[int]
) -> None:
    folder = emit(plan, "cmake", tmp_path, "mps2-an386")
    for preset in ("host", "mps2-an386"):
        run("cmake", "--preset", preset, cwd=folder)
        run("cmake", "--build", "--preset", preset, "--target", "application", cwd=folder)
    assert rounds(run(folder / "build" / "host" / "application")) == expected
    assert list((folder / "build" / "mps2-an386").glob("application*"))


def test_the_arduino_sketch_runs(plan: Plan, tmp_path: Path, expected: list[int]) -> None:
    folder = emit(plan, "arduino", tmp_path)
    sketch = folder / "examples" / "autoencoder"
    objects = []
    for source in (*folder.glob("src/**/*.c"), sketch / "autoencoder_application.c"):
        objects.append(tmp_path / f"{source.stem}.o")
        run("gcc", *C, "-I", folder / "src", "-c", "-o", objects[-1], source)
    run(
        *("g++", "-std=c++11", *WARNINGS, "-I", STUBS, "-I", folder / "src", "-I", sketch),
        *(f'-DSKETCH="{sketch / "autoencoder.ino"}"', "-o", tmp_path / "sketch"),
        *(STUBS / "sketch_main.cpp", *objects),
    )
    assert rounds(run(tmp_path / "sketch")) == expected


def test_the_platformio_program_runs(plan: Plan, tmp_path: Path, expected: list[int]) -> None:
    folder = emit(plan, "platformio", tmp_path)
    library = folder / "lib" / "mcuforge_autoencoder"
    objects = []
    for source in (*library.glob("src/**/*.c"), folder / "src" / "autoencoder_application.c"):
        objects.append(tmp_path / f"{source.stem}.o")
        run("gcc", *C, "-I", library / "include", "-c", "-o", objects[-1], source)
    main = folder / "src" / "main.cpp"
    run("g++", "-std=c++11", *WARNINGS, "-o", tmp_path / "program", main, *objects)
    assert rounds(run(tmp_path / "program")) == expected
    sketch = ("g++", "-std=c++11", *WARNINGS, "-DARDUINO=1", "-I", STUBS, "-fsyntax-only", main)
    run(*sketch)


@pytest.mark.parametrize("flavour", ["arduino", "platformio"])
@pytest.mark.parametrize("standard", ["gnu++14", "gnu++17"])  # of the mbed and ESP32 cores
def test_tflm_compiles_as_arduino_code(
    plan: Plan, tmp_path: Path, flavour: str, standard: str
) -> None:
    recipe = load(MODELS / "autoencoder")
    board = boards.load("nrf52840dk")
    engine = tflm_engine.prepare(plan, recipe.tflite, board)
    project.emit(plan, board, tmp_path / "project", None, engine, flavour)
    (source,) = (tmp_path / "project").rglob("*_model.cpp")
    (header,) = (tmp_path / "project").rglob("*_model.h")
    (model,) = (tmp_path / "project").rglob("*_tflite.h")
    found, *_ = source.read_text().splitlines()
    assert found.startswith("#include <Chirale_TensorFlowLite.h>")
    assert board.core is not None
    run(
        *("arm-none-eabi-g++", *board.core.flags, f"-std={standard}", "-fno-exceptions"),
        *("-fno-rtti", *WARNINGS, "-DARDUINO=1", "-isystem", TFLM_API, "-I", STUBS),
        *("-I", header.parent, "-I", model.parent, "-fsyntax-only", source),
    )


def test_the_zephyr_sample_compiles(plan: Plan, tmp_path: Path) -> None:
    folder = emit(plan, "zephyr", tmp_path, "mps2-an386")
    includes = ("-I", STUBS, "-I", folder / "include")
    flags = boards.load("mps2-an386").core
    assert flags is not None
    compiler = ("arm-none-eabi-gcc", *flags.flags, *C, "-O3", *includes, "-fsyntax-only")
    for source in (*folder.glob("src/*.c"), *folder.glob("samples/*/src/*.c")):
        run(*compiler, source)


@pytest.mark.parametrize(
    ("package", "command"),
    [
        ("gcc-riscv64-unknown-elf", "riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32"),
        ("gcc-riscv64-unknown-elf", "riscv64-unknown-elf-gcc -march=rv32imafc -mabi=ilp32f"),
        ("gcc-xtensa-lx106", "xtensa-lx106-elf-gcc -mlongcalls"),
        # Clang for RISC-V, from a Python package: on every machine.
        ("", f"{sys.executable} -m ziglang cc -target riscv32-freestanding"),
    ],
)
def test_the_esp_idf_project_compiles_for_its_cores(
    plan: Plan, tmp_path: Path, package: str, command: str
) -> None:
    compiler, *options = command.split()
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} (Debian: {package})")
    folder = emit(plan, "esp-idf", tmp_path)
    component = folder / "components" / "mcuforge_autoencoder"
    for source in (*component.glob("src/*.c"), *folder.glob("main/*.c")):
        # The compilers come without a C library: the headers of the kernels need string.h alone.
        run(
            *(compiler, *options, *C, "-O3", "-ffreestanding", "-I", STUBS / "libc", "-I", STUBS),
            *("-I", component / "include", "-c", "-o", tmp_path / "x.o", source),
        )


def test_the_esp_idf_application_compiles(plan: Plan, tmp_path: Path) -> None:
    folder = emit(plan, "esp-idf", tmp_path)
    include = folder / "components" / "mcuforge_autoencoder" / "include"
    for source in folder.glob("main/*.c"):
        run("gcc", *C, "-I", STUBS, "-I", include, "-fsyntax-only", source)
