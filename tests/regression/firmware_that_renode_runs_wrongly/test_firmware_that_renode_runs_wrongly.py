"""Instructions of a Cortex-M55 that Renode 1.16.1 lacks or computes wrongly."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mcuforge import boards
from mcuforge.build import toolchains
from mcuforge.build.elf_instructions import wide_instructions
from mcuforge.errors import ToolError, UsageError
from mcuforge.simulate.renode_gaps import GAPS, check
from mcuforge.simulate.renode_program import RenodeProgram, require_renode

OLD = RenodeProgram(Path("renode"), (1, 16, 1))
NEW = RenodeProgram(Path("renode"), (1, 16, 1), 2026_05_06)
M55 = boards.load("mps3-an547")
HELIUM = boards.load("mps3-an547-helium")
FAKE = (Path(__file__).parents[2] / "shared" / "fake_renode.py").read_text()
CSEL, BY_CONSTANT, BY_REGISTER, LOOP, VECTOR = GAPS

# As LLVM assembles them.
ENCODINGS = {
    "cset r0, eq": (0xEA5F_901F, CSEL),
    "csetm r3, ne": (0xEA5F_A30F, CSEL),
    "csinc r1, zr, r2, gt": (0xEA5F_91C2, CSEL),
    "csinv r1, r2, zr, gt": (0xEA52_A1CF, CSEL),
    "csneg r1, zr, zr, gt": (0xEA5F_B1CF, CSEL),
    "csel r1, zr, r2, gt": (0xEA5F_81C2, CSEL),
    "csel r0, r1, r2, eq": (0xEA51_8002, None),
    "cinc r1, r2, gt": (0xEA52_91D2, None),
    "asrl r0, r1, #3": (0xEA50_01EF, BY_CONSTANT),
    "lsll r0, r1, #3": (0xEA50_01CF, BY_CONSTANT),
    "lsrl r0, r1, #3": (0xEA50_01DF, BY_CONSTANT),
    "sqshll r0, r1, #3": (0xEA51_01FF, BY_CONSTANT),
    "srshr r2, #3": (0xEA52_0FEF, BY_CONSTANT),
    "asrl r0, r1, r2": (0xEA50_212D, BY_REGISTER),
    "uqrshll r0, r1, #64, r2": (0xEA51_210D, BY_REGISTER),
    "sqrshr r0, r2": (0xEA50_2F2D, BY_REGISTER),
    "dls lr, r1": (0xF041_E001, None),
    "wls lr, r1, 4": (0xF041_C001, None),
    "le lr, -4": (0xF00F_C001, None),
    "dlstp.8 lr, r1": (0xF001_E001, LOOP),
    "wlstp.16 lr, r1, 4": (0xF011_C001, LOOP),
    "letp lr, -4": (0xF01F_C001, LOOP),
    "vctp.8 r0": (0xF000_E801, None),
    "vadd.i32 q0, q1, q2": (0xEF22_0844, VECTOR),
    "vmladav.s8 r0, q1, q2": (0xEEF2_0F04, VECTOR),
    "vldrb.u8 q0, [r1]": (0xED91_1E00, VECTOR),
    "vst43.8 {q0-q3}, [r1]": (0xFC81_1E61, VECTOR),
    "vqrdmulh.s32 q0, q1, q2": (0xFF22_0B44, VECTOR),
    "vpst": (0xFE71_0F4D, VECTOR),
    "vadd.f32 s0, s1, s2": (0xEE30_0A81, None),
    "vmul.f64 d0, d1, d2": (0xEE21_0B02, None),
    "vpush {d8-d15}": (0xED2D_8B10, None),
    "vselgt.f32 s0, s1, s2": (0xFE30_0A81, None),
    "vrinta.f32 s0, s1": (0xFEB8_0A60, None),
    "vmrs r0, fpscr": (0xEEF1_0A10, None),
    "orrs r0, r1, r2, lsl #3": (0xEA51_00C2, None),
    "movs.w r0, r1, lsl #3": (0xEA5F_00C1, None),
    "smlad r0, r1, r2, r3": (0xFB21_3002, None),
}  # fmt: skip

SOURCE = """
#include <stdint.h>
int64_t shifted(int64_t a) { return a * 5 >> 7; }
int64_t shifted_by(int64_t a, int b) { return a >> b; }
int equal(int a, int b) { return a == b; }
const uint32_t table[] = {0xEA50EA50u, 0xEF22EF22u, 0x01EF01EFu};
uint32_t looked_up(unsigned a) { return a < 3 ? table[a] + 0x12345678u : 0xEA5F901Fu; }
"""


def compiler(name: str) -> list[str]:
    if name == "zig":
        zig = toolchains.zig_program()
        return [str(zig), "cc"] if zig else []
    found = shutil.which(toolchains.TOOLCHAINS[name].program)
    target = ["--target=arm-none-eabi"] if name == "clang" else []
    return [found, *target] if found else []


def compiled(name: str, board: boards.Board, folder: Path) -> Path:
    """The source as an object file."""
    command = compiler(name)
    if not command:
        pytest.skip(f"no {name}")
    assert board.core is not None
    source, made = folder / "source.c", folder / "made.o"
    source.write_text(SOURCE)
    flags = toolchains.flags(board.core, name)
    subprocess.run(
        [*command, *flags, "-O2", "-ffreestanding", "-c", str(source), "-o", str(made)], check=True
    )
    return made


def gaps_in(elf: Path) -> set[str]:
    return {gap.title for _, code in wide_instructions(elf) for gap in GAPS if gap.holds(code)}


@pytest.mark.parametrize("text", ENCODINGS)
def test_an_instruction_is_told_by_its_encoding(text: str) -> None:
    code, gap = ENCODINGS[text]
    assert [g for g in GAPS if g.holds(code)] == ([gap] if gap else [])


@pytest.mark.parametrize("toolchain", ["gcc", "clang", "zig"])
def test_without_helium_there_is_no_instruction_of_mve(toolchain: str, tmp_path: Path) -> None:
    without = compiled(toolchain, M55, tmp_path)
    assert gaps_in(without) <= {CSEL.title}
    if toolchain == "zig":  # which does not tell the compiler's front end about MVE
        return
    found = gaps_in(compiled(toolchain, HELIUM, tmp_path))
    assert {BY_CONSTANT.title, BY_REGISTER.title} <= found


@pytest.mark.parametrize("toolchain", ["clang", "zig"])
def test_a_selection_with_zero_is_refused_where_renode_computes_it_wrongly(
    toolchain: str, tmp_path: Path
) -> None:
    elf = compiled(toolchain, M55, tmp_path)
    with pytest.raises(ToolError, match=r"(?s)CSET.* in equal.*wrongly.*qemu.*2026-04-20.*VERSION"):
        check(elf, OLD)
    check(elf, NEW)
    m33 = boards.load("mps2-an505")
    check(compiled(toolchain, m33, tmp_path), OLD)


def test_what_gcc_makes_for_an_m33_and_an_m55_without_helium_runs_everywhere(
    tmp_path: Path,
) -> None:
    for name in ("mps2-an505", "mps3-an547"):
        check(compiled("gcc", boards.load(name), tmp_path), OLD)
    with pytest.raises(ToolError, match=r"64-bit shift of MVE.* in shifted.*lacks it"):
        check(compiled("gcc", HELIUM, tmp_path), OLD)


def test_data_between_functions_is_no_code(tmp_path: Path) -> None:
    path = compiled("gcc", M55, tmp_path)
    codes = [code for _, code in wide_instructions(path)]
    assert codes
    assert 0xEA5F_901F not in codes
    path.write_bytes(path.read_bytes()[:200])
    assert wide_instructions(path) == []


@pytest.fixture
def renode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MCUFORGE_RENODE_VERSION", raising=False)
    script = tmp_path / "renode"
    script.write_text(f"#!{sys.executable}\n{FAKE}")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


@pytest.mark.parametrize(
    ("build", "built"),
    [
        ("d66b0c2a-202602161012", 0),  # the release itself, whenever it was built
        ("d66b0c2a-202611010900", 0),
        ("1.16.1+20261101gitd66b0c2aa", 0),
        ("1.16.1+20260812notgit", 0),
        ("nonsense", 0),
        ("01e5544b-202604301512", 2026_04_30),
        ("1.16.1+20260812git0a1b2c3d4", 2026_08_12),
    ],
)
def test_a_development_build_is_known_by_its_date(
    renode: Path, monkeypatch: pytest.MonkeyPatch, build: str, built: int
) -> None:
    monkeypatch.setenv("FAKE_RENODE_BUILD", build)
    monkeypatch.setenv("FAKE_RENODE_VERSION", "1.16.1")
    assert require_renode(M55, renode).built == built
    if built:
        program = require_renode(HELIUM, renode)
        assert program.title == f"Renode 1.16.1 (development build {built})"
    else:
        with pytest.raises(
            ToolError, match=r"lacks instructions of Helium.*RENODE_VERSION=1\.16\.2"
        ):
            require_renode(HELIUM, renode)


def test_the_user_may_know_better(renode: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUFORGE_RENODE_VERSION", "1.16.2")
    assert require_renode(HELIUM, renode).is_newer_than(2026_05_05)
    monkeypatch.setenv("MCUFORGE_RENODE_VERSION", "new")
    with pytest.raises(UsageError, match=r"MCUFORGE_RENODE_VERSION is 'new'.*such as 1\.16\.2"):
        require_renode(HELIUM, renode)
