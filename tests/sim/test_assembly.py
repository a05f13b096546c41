"""Kernels whose inner loops are in assembly compute what their C does, on the cores."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from mcuforge import boards
from mcuforge.boards import Board
from mcuforge.build import build, toolchains
from mcuforge.emit.cmake_project import ProjectFacts, ProjectModel, render_project
from mcuforge.simulate.qemu import Qemu
from mcuforge.wording.escape import markdown_code

pytestmark = pytest.mark.sim

TWINS = Path(__file__).parent / "twins"
KERNELS = Path(__file__).parents[2] / "firmware" / "kernels"
DSP = ["mps2-an386", "mps2-an500", "mps2-an505"]  # Cortex-M4, M7, M33
HELIUM = ["mps3-an547-helium"]  # Cortex-M55
SMALL = ["microbit", "mps2-an385"]  # Cortex-M0, M3
CORES = {
    "conv2d_dsp_s8": DSP,
    "conv2d_dsp_row_s8": DSP,
    "conv2d_helium_s8": HELIUM,
    "conv2d_helium_odd_s8": HELIUM,
    "conv2d_tile_s8": SMALL,
    "depthwise_conv2d_dsp_gaps_s8": DSP,
    "depthwise_conv2d_dsp_s8": DSP,
    "depthwise_conv2d_helium_s8": HELIUM,
    "depthwise_conv2d_pairs_dsp_s8": DSP,
    "fully_connected_dsp_s8": DSP,
    "fully_connected_helium_s8": HELIUM,
}
CASES = {  # of other kernels
    "conv2d_dsp_row_s8": ("#define OF_A_ROW\n", "conv2d_dsp_s8"),
    "conv2d_helium_odd_s8": ("", "conv2d_helium_s8"),
    "depthwise_conv2d_dsp_gaps_s8": ("#define WITH_GAPS\n", "depthwise_conv2d_dsp_s8"),
}
OTHERS = ("conv2d_helium_odd_s8", "depthwise_conv2d_dsp_gaps_s8")  # made of others' assembly
QUICK = [kernel for kernel in CORES if kernel not in OTHERS]
_INCLUDE = re.compile(r'^#include "(nn[\w.]*)"', re.MULTILINE)


def twin(kernel: str, name: str) -> bytes:
    """The kernel's source under another name."""
    without = "#define NN_NO_ASM\n" if name == "in_c" else ""
    return f'{without}#define nn_{kernel} {name}\n#include "{kernel}.c"\n'.encode()


def sources(kernel: str) -> dict[str, bytes]:
    """All that the project's model is made of."""
    found = {"twins.c": (TWINS / "twins.c").read_bytes()}
    found |= {"twins_model.h": (TWINS / "twins_model.h").read_bytes()}
    defined, cases = CASES.get(kernel, ("", kernel))
    found |= {"cases.c": defined.encode() + (TWINS / f"{cases}.c").read_bytes()}
    found |= {f"{name}.c": twin(kernel, name) for name in ("in_assembly", "in_c")}
    wanted = [f"{kernel}.c", "nn.h"]
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = (KERNELS / name).read_bytes()
            wanted += _INCLUDE.findall(found[name].decode())
    return found


def write_project(board: Board, kernel: str, folder: Path) -> None:
    words = markdown_code("int32[2]")
    compiled = ("twins.c", "cases.c", "in_assembly.c", "in_c.c")
    model = ProjectModel(
        name="twins",
        title="Twins",
        hash="7219" + "00" * 30,
        sources=tuple(f"model/{name}" for name in compiled),
        arena_bytes=16,
        inputs=(words,),
        outputs=(words,),
    )
    files = render_project(board, ProjectFacts("twins", (model,)))
    files |= {f"model/{name}": content for name, content in sources(kernel).items()}
    files |= {f"application/{name}": b"" for name in ("main.c", "twins_application.c")}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def run(name: str, kernel: str, folder: Path, count: int, toolchain: str = "gcc") -> int:
    """Compares the twins in `count` cases on a board. Returns a digest of all outputs."""
    board = boards.load(name)
    write_project(board, kernel, folder)
    elf = build(folder, toolchains.preset_name(board.name, toolchain=toolchain)).elf
    assert b"NN_NO_ASM" not in (folder / "model" / "in_assembly.c").read_bytes()
    with Qemu(board, elf) as simulator:
        (output,) = simulator.device.run([np.array([1, count], np.int32)]).outputs
    first_that_differs, digest = output.ravel().tolist()
    assert first_that_differs == -1, f"{kernel} on {name}: case {first_that_differs} differs"
    return int(digest)


@pytest.mark.parametrize("kernel", QUICK)
def test_assembly_computes_what_c_computes(kernel: str, tmp_path: Path) -> None:
    run(CORES[kernel][0], kernel, tmp_path, 300)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", CORES)
@pytest.mark.parametrize("toolchain", ["gcc", "clang"])
def test_assembly_computes_what_c_computes_on_every_core(
    kernel: str, toolchain: str, tmp_path: Path
) -> None:
    if toolchain == "clang" and not (shutil.which("clang") and shutil.which("ld.lld")):
        pytest.skip("no clang and lld")
    digests = {run(core, kernel, tmp_path / core, 5000, toolchain) for core in CORES[kernel]}
    assert len(digests) == 1
