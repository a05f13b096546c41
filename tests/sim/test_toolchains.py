"""Every toolchain builds firmware that runs, with the same results, and the same bytes anywhere."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import fake_project as fake
import numpy as np
import pytest

from mcuforge import boards
from mcuforge.boards import uf2_families
from mcuforge.build import BuildResult, FitError, build, image, map_digest, toolchains, uf2
from mcuforge.errors import ToolError
from mcuforge.simulate.qemu import Qemu

pytestmark = pytest.mark.sim
Firmware = Callable[..., BuildResult]
M4 = "mps2-an386"
DATA_MAIN = """static volatile unsigned values[4] = {0x600DF00Du, 2, 3, 4};
int main(void) {
    while (values[0] != 0x600DF00Du || values[3] != 4) {
    }"""
HERE = {
    "gcc": True,
    "clang": all(map(shutil.which, ("clang", "ld.lld", "llvm-objcopy"))),
    "zig": toolchains.zig_program() is not None,
}


def require(toolchain: str) -> None:
    if not HERE[toolchain]:
        pytest.skip(f"{toolchain} is not installed: {toolchains.TOOLCHAINS[toolchain].install}")


def make(folder: Path, toolchain: str, variant: str = "release", board: str = M4) -> BuildResult:
    require(toolchain)
    project = fake.write_project(boards.load(board), folder)
    return build(project, toolchains.preset_name(board, variant, toolchain))


def runs(board: str, result: BuildResult) -> None:
    """The fake model computes what it should."""
    inputs = fake.inputs(3)
    with Qemu(boards.load(board), result.elf) as simulator:
        assert simulator.device.hello().model == "fake"
        outputs = simulator.device.run(inputs).outputs
    expected = fake.expected_ops(inputs[0].astype(np.int8))[-1]
    assert np.array_equal(outputs[0].ravel(), expected)


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    """`firmware(toolchain, variant, board)`, built once."""
    built: dict[tuple[str, str, str], BuildResult] = {}

    def make_once(toolchain: str, variant: str = "release", board: str = M4) -> BuildResult:
        require(toolchain)
        key = (toolchain, variant, board)
        if key not in built:
            built[key] = make(tmp_path_factory.mktemp("-".join(key)), *key)
        return built[key]

    return make_once


@pytest.mark.parametrize("toolchain", ["clang", "zig"])
@pytest.mark.parametrize("board", ["microbit", M4, "mps3-an547"])
def test_what_other_compilers_build_runs(toolchain: str, board: str, firmware: Firmware) -> None:
    runs(board, firmware(toolchain, board=board))


@pytest.mark.parametrize("toolchain", ["gcc", "clang", "zig"])
def test_presets_for_size_and_debugging(toolchain: str, firmware: Firmware) -> None:
    small = firmware(toolchain, "size")
    debug = firmware(toolchain, "debug")
    # Clang keeps about as much for debugging as for size.
    assert small.sizes.text < debug.sizes.text * (1.03 if toolchain == "clang" else 1)
    runs(M4, debug)


@pytest.mark.parametrize("board", [M4, "mps3-an547"])
@pytest.mark.parametrize("toolchain", ["gcc", "clang", "zig"])
def test_data_is_initialised(toolchain: str, board: str, tmp_path: Path) -> None:
    """Initial values lie in flash and are copied; here, the firmware says nothing without them."""
    require(toolchain)
    project = fake.write_project(boards.load(board), tmp_path / "project")
    main = project / "main.c"
    text = main.read_text().replace("int main(void) {", DATA_MAIN)
    assert "0x600DF00D" in text
    main.write_text(text)
    result = build(project, toolchains.preset_name(board, toolchain=toolchain))
    assert result.sizes.data == 16
    assert result.bin is not None
    assert result.bin.read_bytes().endswith(struct.pack("<4I", 0x600DF00D, 2, 3, 4))
    runs(board, result)


@pytest.mark.parametrize("toolchain", ["clang", "zig"])
def test_two_folders_give_the_same_bytes(
    toolchain: str, firmware: Firmware, tmp_path: Path
) -> None:
    here, there = firmware(toolchain), make(tmp_path / "another" / "deeper", toolchain)
    for name in ("elf", "hex", "bin"):
        one, other = (getattr(built, name) for built in (here, there))
        assert one != other
        assert one.read_bytes() == other.read_bytes(), name
    assert str(tmp_path).encode() not in there.elf.read_bytes()


@pytest.mark.parametrize("toolchain", ["gcc", "clang", "zig"])
def test_every_byte_is_accounted_for(toolchain: str, firmware: Firmware) -> None:
    result = firmware(toolchain)
    assert result.map is not None
    rows = map_digest.digest(result.map, result.sizes.sections)
    for section in result.sizes.sections:
        assert sum(r.bytes for r in rows if r.section == section.name) == section.bytes
    by_object = {(r.section, r.object): r.bytes for r in rows}
    assert by_object[".arena", "libmcuforge_fake.a(fake_model.c)"] >= fake.MODEL.arena_bytes
    assert by_object[".text", "harness.c"] > 300


@pytest.mark.parametrize("toolchain", ["gcc", "clang", "zig"])
def test_hex_and_bin_hold_the_elf(toolchain: str, firmware: Firmware) -> None:
    """Whoever wrote them: objcopy, or mcuforge where there is none."""
    result = firmware(toolchain)
    assert result.hex is not None
    assert result.bin is not None
    from_elf = image.load(result.elf)
    assert image.load(result.hex).segments == from_elf.segments
    assert result.bin.read_bytes() == from_elf.to_binary()
    assert from_elf.size <= result.sizes.flash + 64


def test_a_board_that_wants_uf2_gets_it(firmware: Firmware) -> None:
    result = firmware("gcc", board="pico")
    assert result.uf2 is not None
    blocks = uf2.decode(result.uf2.read_bytes())
    assert {block.family for block in blocks} == {uf2_families.RP2040}
    assert blocks[0].address == image.load(result.elf).start
    assert firmware("gcc").uf2 is None


def test_zig_needs_only_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("zig")
    empty = tmp_path / "bin"
    empty.mkdir()
    shell = shutil.which("sh")
    assert shell
    (empty / "sh").symlink_to(shell)
    monkeypatch.setenv("PATH", str(empty))
    result = make(tmp_path / "project", "zig")
    assert result.bin is not None
    assert result.bin.stat().st_size > 1500


def test_lld_says_what_does_not_fit(tmp_path: Path) -> None:
    toolchain = next((t for t in ("zig", "clang") if HERE[t]), None)
    if toolchain is None:
        pytest.skip("neither zig nor clang is installed")
    project = fake.write_project(boards.load(M4), tmp_path / "project")
    script = project / "board" / M4 / "linker.ld"
    text = script.read_text()
    assert "LENGTH = 4194304" in text
    script.write_text(text.replace("LENGTH = 4194304", "LENGTH = 1024", 1))
    with pytest.raises(FitError, match="exceeds FLASH by"):
        build(project, toolchains.preset_name(M4, toolchain=toolchain))


@pytest.mark.parametrize("toolchain", ["clang", "zig"])
def test_a_missing_toolchain_is_reported(
    toolchain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = fake.write_project(boards.load(M4), tmp_path / "project")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("mcuforge.build.zig_program", lambda: None)
    with pytest.raises(ToolError, match=f"{toolchain} was not found on PATH. Install it"):
        build(project, toolchains.preset_name(M4, toolchain=toolchain))


@pytest.fixture
def library(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[bytes]]:
    """Compiles a program with the freestanding functions, for this computer, and runs it."""
    sources = Path(__file__).parents[2] / "firmware" / "runtime" / "freestanding"

    def run(program: str) -> subprocess.CompletedProcess[bytes]:
        (tmp_path / "test.c").write_text(program)
        options = ["-std=c11", "-O2", "-ffreestanding", "-fno-builtin", "-fsanitize=undefined"]
        names = ("memcmp", "memcpy", "memmove", "memset")
        # Under other names: the program's own C library has these, too.
        renamed = [f"-D{name}=mf_{name}" for name in names]
        command = ["gcc", *options, *renamed, str(sources / "string.c"), str(tmp_path / "test.c")]
        subprocess.run([*command, "-o", str(tmp_path / "test")], check=True)
        return subprocess.run([str(tmp_path / "test")], check=False)

    return run


def test_the_freestanding_functions(
    library: Callable[[str], subprocess.CompletedProcess[bytes]],
) -> None:
    """Every length and alignment, and every overlap of moves, against bytes moved one by one."""
    done = library(r"""
        #include <stddef.h>
        #include <stdint.h>
        void *memcpy(void *, const void *, size_t);
        void *memmove(void *, const void *, size_t);
        void *memset(void *, int, size_t);
        int memcmp(const void *, const void *, size_t);
        static _Alignas(8) uint8_t area[64], before[64];
        static void fill(void) {
            for (int i = 0; i < 64; i++) area[i] = before[i] = (uint8_t)(i * 7 + 1);
        }
        int main(void) {
            for (int to = 0; to < 24; to++) for (int from = 0; from < 24; from++)
                for (int n = 0; n < 24; n++) {
                    fill();
                    if (memmove(area + to, area + from, (size_t)n) != area + to) return 1;
                    for (int i = 0; i < 64; i++) {
                        int in = i >= to && i < to + n;
                        if (area[i] != before[in ? i - to + from : i]) return 2;
                    }
                    if (from + n > 24) continue;
                    fill();
                    memcpy(area + 32 + to / 3, area + from, (size_t)n);
                    for (int i = 0; i < n; i++)
                        if (area[32 + to / 3 + i] != before[from + i]) return 3;
                    fill();
                    memset(area + to, 0x1A5, (size_t)n);
                    for (int i = 0; i < 64; i++) {
                        int in = i >= to && i < to + n;
                        if (area[i] != (in ? 0xA5 : before[i])) return 4;
                    }
                }
            if (memcmp("abc", "abc", 3) != 0 || memcmp("a\xff", "ab", 2) <= 0) return 5;
            return memcmp("ab", "a\xff", 2) < 0 && memcmp("x", "y", 0) == 0 ? 0 : 6;
        }
    """)
    assert done.returncode == 0
