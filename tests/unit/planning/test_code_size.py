"""What is written down of the size of code is about what compilers make of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mcuforge.planning.code_size import KERNEL_BYTES, OTHER_KERNEL_BYTES

pytestmark = pytest.mark.sim  # it needs the compiler for Arm
KERNELS = Path(__file__).parents[3] / "firmware" / "kernels"
CORES = ("cortex-m0", "cortex-m4", "cortex-m55")
FLAGS = {"cortex-m55": ["-mfloat-abi=hard"]}  # or else there is no Helium
SLACK = 1.15  # between versions of GCC


def size_of(name: str, core: str, folder: Path) -> int:
    """Bytes of code and constants of a kernel, compiled as firmware is."""
    made = folder / f"{name}.o"
    flags = [f"-mcpu={core}", *FLAGS.get(core, ()), "-mthumb", "-O2", "-std=c11", f"-I{KERNELS}"]
    compiler = ["arm-none-eabi-gcc", *flags, "-c", KERNELS / f"{name}.c", "-o", made]
    subprocess.run(compiler, check=True)
    found = subprocess.run(
        ["arm-none-eabi-size", made], check=True, capture_output=True, text=True
    ).stdout
    return int(found.splitlines()[1].split()[0])


def test_what_unpacks_weights_is_small(tmp_path: Path) -> None:
    for name in ("conv2d_s4", "fully_connected_s4"):
        assert 64 <= size_of(name, "cortex-m4", tmp_path) <= KERNEL_BYTES[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.stem for path in KERNELS.glob("*.c")))
def test_no_kernel_is_larger_than_is_counted(name: str, tmp_path: Path) -> None:
    sizes = [size_of(name, core, tmp_path) for core in CORES]
    counted = KERNEL_BYTES.get(name, OTHER_KERNEL_BYTES)
    assert max(sizes) <= SLACK * counted, "write it down in planning/code_size.py"
    assert name not in KERNEL_BYTES or max(sizes) > 0.7 * counted
