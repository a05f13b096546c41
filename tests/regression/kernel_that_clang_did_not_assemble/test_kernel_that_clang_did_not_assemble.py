"""See README.md."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

KERNELS = Path(__file__).parents[3] / "firmware" / "kernels"
NAMES = sorted(path.stem for path in KERNELS.glob("*.c"))
pytestmark = pytest.mark.skipif(shutil.which("clang") is None, reason="no clang")


def assembled(name: str, core: str, folder: Path) -> None:
    """The compiler takes the kernel, with a C library that declares next to nothing."""
    (folder / "string.h").write_text(
        "#include <stddef.h>\n"
        "void *memcpy(void *, const void *, size_t);\n"
        "void *memmove(void *, const void *, size_t);\n"
        "void *memset(void *, int, size_t);\n"
    )
    flags = ["--target=arm-none-eabi", f"-mcpu={core}", "-mthumb", "-O2", "-std=c11"]
    includes = ["-ffreestanding", f"-isystem{folder}", f"-I{KERNELS}"]
    subprocess.run(
        ["clang", *flags, *includes, "-c", KERNELS / f"{name}.c", "-o", folder / "made.o"],
        check=True,
    )


def test_the_depthwise_kernel_of_dsp_cores(tmp_path: Path) -> None:
    assembled("depthwise_conv2d_pairs_dsp_s8", "cortex-m4", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4", "cortex-m55"])
def test_every_kernel(core: str, tmp_path: Path) -> None:
    for name in NAMES:
        assembled(name, core, tmp_path)
