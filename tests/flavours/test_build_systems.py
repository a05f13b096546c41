"""Flavours in their build systems, or in stand-ins that do what their documentation says.

What is built is run, and its answers to the example's saw-tooth are the oracle's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from small_model import small_classifier
from west.manifest import ImportFlag, Manifest

from mcuforge import boards, build, planning
from mcuforge.emit import project
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning.plan import Plan

STUBS = Path(__file__).parent / "stubs"
ROUNDS = 3
ARDUINO = Path("/usr/share/arduino/hardware")
# Debian's builder lacks the line for ctags; its core relies on a macro of newer compilers.
ARDUINO_PREFERENCES = (
    "tools.ctags.cmd.path=/usr/bin/arduino-ctags",
    'tools.ctags.pattern="{cmd.path}" -u --language-force=c++ -f - --c++-kinds=svpf '
    '--fields=KSTtzns --line-directives "{source_file}"',
    "compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__",
    "compiler.c.extra_flags=-Wall -Wextra -Werror",
)
Emit = Callable[..., Path]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "net.tflite").write_bytes(small_classifier())
    return planning.make_plan(tmp_path / "net.tflite", "net")


@pytest.fixture
def emit(plan: Plan, tmp_path: Path) -> Emit:
    def write(flavour: str, board: str = "host", folder: str = "project") -> Path:
        project.emit(plan, boards.load(board), tmp_path / folder, flavour=flavour)
        return tmp_path / folder

    return write


@pytest.fixture
def answers(plan: Plan) -> list[str]:
    """What the example has to print in its first rounds."""
    source = plan.graph.tensor(plan.graph.inputs[0])
    assert source.quantization is not None
    lines = []
    for phase in range(ROUNDS):
        values = ((np.arange(source.elements) + phase) % 256 / 256).astype(np.float32)
        steps = np.floor(values / np.float32(source.quantization.scale) + 0.5)
        q = np.clip(steps + source.quantization.zero_point, -128, 127).astype(np.int8)
        ((output,),) = TFLM.run(small_classifier(), [[q.reshape(source.shape)]])
        lines.append(f"largest output: {int(np.argmax(output))}")
    return lines


def run(*command: object, folder: Path | None = None, **variables: str) -> str:
    result = subprocess.run(
        [str(c) for c in command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | variables,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def cmake(source: Path, target: Path, *options: str, **variables: str) -> None:
    """Configure and build with CMake itself."""
    ninja = f"-DCMAKE_MAKE_PROGRAM={build.tool('ninja')}"
    flags = "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror"
    program = build.tool("cmake")
    run(program, "-G", "Ninja", ninja, flags, *options, "-S", source, "-B", target, **variables)
    run(program, "--build", target)


def printed(output: str) -> list[str]:
    return re.findall(r"largest output: -?\d+", output)


def test_esp_idfs_cmake_files_make_components(
    emit: Emit, tmp_path: Path, answers: Sequence[str]
) -> None:
    folder, target = emit("esp-idf"), tmp_path / "build"
    cmake(folder, target, IDF_PATH=str(STUBS / "esp-idf"))
    (program,) = target.glob("*.elf")
    assert printed(run(program)) == answers


def test_zephyrs_cmake_files_make_a_module_and_a_sample(
    emit: Emit, tmp_path: Path, answers: Sequence[str]
) -> None:
    folder, target = emit("zephyr"), tmp_path / "build"
    package = f"-DZephyr_DIR={STUBS / 'zephyr-package' / 'cmake'}"
    cmake(folder / "samples" / "net", target, package)
    assert printed(run(target / "zephyr_final")) == answers


def test_west_takes_the_folder_for_a_manifest_repository(emit: Emit) -> None:
    folder = emit("zephyr")
    run(sys.executable, "-m", "west", "init", "-l", folder)
    manifest = Manifest.from_topdir(folder.parent, import_flags=ImportFlag.IGNORE)
    zephyr = next(p for p in manifest.projects if p.name == "zephyr")
    assert zephyr.url == "https://github.com/zephyrproject-rtos/zephyr"
    assert re.fullmatch(r"v\d+\.\d+\.\d+", zephyr.revision)


def test_arduinos_builder_makes_a_sketch_that_runs(
    emit: Emit, tmp_path: Path, answers: Sequence[str]
) -> None:
    needed = ("arduino-builder", "arduino-ctags", "avr-gcc", "simavr")
    if not all(map(shutil.which, needed)) or not (ARDUINO / "arduino" / "avr").is_dir():
        pytest.skip("no Arduino (Debian: arduino-builder, arduino-core-avr, simavr)")
    folder, target = emit("arduino", folder="libraries/mcuforge_net"), tmp_path / "build"
    target.mkdir()
    run(
        *("arduino-builder", "-compile", "-hardware", ARDUINO, "-tools", "/usr/bin"),
        *("-libraries", tmp_path / "libraries", "-fqbn", "arduino:avr:mega:cpu=atmega2560"),
        *("-build-path", target, *(f"-prefs={text}" for text in ARDUINO_PREFERENCES)),
        folder / "examples" / "net" / "net.ino",
    )
    assert printed(simulate(target / "net.ino.elf")) == answers


def simulate(elf: Path) -> str:
    """What an ATmega2560 in simavr prints, until it has done its rounds."""
    with subprocess.Popen(
        ["simavr", "-m", "atmega2560", "-f", "16000000", elf],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        output = ""
        for line in process.stdout or ():
            output += line
            if len(printed(output)) == ROUNDS:
                break
        process.kill()
    return output


@pytest.mark.slow
def test_platformio_builds_and_runs_the_native_environment(
    emit: Emit, answers: Sequence[str]
) -> None:
    if shutil.which("pio") is None:
        pytest.skip("no PlatformIO (PyPI: platformio)")
    if "native @" not in run("pio", "pkg", "list", "--global", "--only-platforms"):
        pytest.skip("PlatformIO has no platform: pio pkg install --global --platform native")
    output = run("pio", "run", "-e", "native", "-t", "exec", folder=emit("platformio"))
    assert printed(output) == answers
