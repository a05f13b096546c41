"""Firmware for every board: what the core finds at reset, where things lie, and the boot images.

Boards that QEMU does not simulate are only built and looked at here. That says nothing about how
they run.
"""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fake_project as fake
import pytest
from elftools.elf.elffile import ELFFile

from mcuforge import boards, planning
from mcuforge.boards import Board, uf2_families
from mcuforge.build import BuildError, BuildResult, FitError, build, uf2
from mcuforge.emit import project
from mcuforge.files import paths
from mcuforge.recipe import load
from mcuforge.simulate.qemu import Qemu

pytestmark = pytest.mark.sim
Firmware = Callable[[str], BuildResult]
EVERY = [b.name for b in boards.available() if not b.is_host]
NOT_SIMULATED = [name for name in EVERY if boards.load(name).qemu_machine is None]
RUNTIME = paths.data_dir("firmware") / "runtime"
MODEL = Path(__file__).parents[2] / "models" / "autoencoder"


class Image:
    """An ELF: what lies at an address, and where a symbol is."""

    def __init__(self, elf: Path) -> None:
        with elf.open("rb") as file:
            parsed = ELFFile(file)
            self.entry = int(parsed["e_entry"])
            self.segments = [
                (int(s["p_paddr"]), bytes(s.data()))
                for s in parsed.iter_segments("PT_LOAD")
                if s["p_filesz"]
            ]
            self.sections = {
                s.name: (int(s["sh_addr"]), int(s["sh_size"])) for s in parsed.iter_sections()
            }
            table = parsed.get_section_by_name(".symtab")
            self.symbols = {s.name: int(s["st_value"]) for s in table.iter_symbols()}

    def words(self, address: int, count: int) -> tuple[int, ...]:
        for start, data in self.segments:
            if start <= address and address + 4 * count <= start + len(data):
                return struct.unpack_from(f"<{count}I", data, address - start)
        raise AssertionError(f"nothing is loaded at 0x{address:08x}")


def inside(board: Board, region: str, address: int, size: int = 0) -> bool:
    memory = board.memory(region)
    return memory.base <= address and address + size <= memory.base + memory.bytes


@pytest.mark.parametrize("name", EVERY)
def test_the_core_finds_its_vectors(name: str, firmware: Firmware) -> None:
    board = boards.load(name)
    assert board.placement is not None
    image = Image(firmware(name).elf)
    stack, reset, *handlers = image.words(board.vector_table, 16)
    assert stack == image.symbols["mf_stack_end"]
    assert inside(board, board.placement.stack, stack - 4)
    assert reset == image.symbols["Reset_Handler"] == image.entry
    assert reset % 2 == 1  # Thumb
    assert inside(board, board.placement.code, reset)
    assert handlers[:-1] == [image.symbols["mf_fault_entry"]] * 13
    assert handlers[-1] == image.symbols["SysTick_Handler"]
    assert board.vector_table % 128 == 0


@pytest.mark.parametrize("name", EVERY)
def test_everything_lies_where_the_board_file_says(name: str, firmware: Firmware) -> None:
    board = boards.load(name)
    p = board.placement
    assert p is not None
    sections = Image(firmware(name).elf).sections
    wanted = {
        ".text": p.code, ".model": p.constants, ".rodata": p.constants,
        ".data": p.data, ".bss": p.data, ".arena": p.arena, ".stack": p.stack,
    }  # fmt: skip
    for section, region in wanted.items():
        assert inside(board, region, *sections[section]), section
    assert sections[".arena"][1] == fake.MODEL.arena_bytes
    assert sections[".stack"][1] == p.stack_bytes + board.stack_guard_bytes
    assert sections[".stack"][0] == board.memory(p.stack).base  # so that an overflow leaves the RAM


@pytest.mark.parametrize("name", ["nucleo-f767zi", "pico"])
def test_regions_of_their_own_are_used(name: str, firmware: Firmware) -> None:
    placement = boards.load(name).placement
    assert placement is not None
    assert placement.stack != placement.arena
    image = Image(firmware(name).elf)
    assert image.symbols["mf_arena_start"] >> 16 != image.symbols["mf_stack_start"] >> 16


def test_a_stack_or_an_arena_too_large_does_not_link(tmp_path: Path) -> None:
    board = boards.load("nucleo-f767zi")
    assert board.placement is not None
    stack = replace(board, placement=replace(board.placement, stack_bytes=0x2_0000))
    memories = tuple(replace(m, bytes=4096) if m.name == "SRAM" else m for m in board.memories)
    arena = replace(board, memories=memories)
    for changed, region in ((stack, "DTCM"), (arena, "SRAM")):
        with pytest.raises(FitError, match="does not fit the board") as caught:
            build(fake.write_project(changed, tmp_path / region), board.name)
        assert set(caught.value.over) == {region}


def test_a_vector_table_elsewhere_does_not_link(tmp_path: Path) -> None:
    folder = fake.write_project(boards.load("pico"), tmp_path)
    boot = folder / "runtime" / "boot2_rp2040.c"
    boot.write_text(boot.read_text().replace("#define WORDS 64u", "#define WORDS 80u"))
    with pytest.raises(BuildError, match=r"error: the (vector table is not|second stage)"):
        build(folder, "pico")


@pytest.mark.parametrize("name", NOT_SIMULATED)
def test_a_real_model_builds_and_fits(name: str, tmp_path: Path) -> None:
    recipe = load(MODEL)
    plan = planning.make_plan(recipe.tflite, recipe.name)
    project.emit(plan, boards.load(name), tmp_path / "project")
    sizes = build(tmp_path / "project", name).sizes
    assert sizes.constants > 20_000
    assert plan.arena.bytes < sizes.ram < 48_000


@pytest.mark.parametrize("name", ["microbit", "pico"])
def test_armv6m_code_has_no_later_instructions(name: str, firmware: Firmware) -> None:
    """No divisions, leading zeros, long products or table jumps: libgcc has them instead."""
    listing = subprocess.run(
        ["arm-none-eabi-objdump", "-d", str(firmware(name).elf)],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    used = set(re.findall(r"^ *[0-9a-f]+:\t[0-9a-f ]+\t([a-z]+)", listing, re.MULTILINE))
    assert {"ldr", "bl", "push"} <= used
    assert not used & {"sdiv", "udiv", "clz", "smull", "umull", "tbb", "tbh", "cbz", "ite", "movw"}


def test_the_boot_stage_is_what_its_source_assembles_to(tmp_path: Path, firmware: Firmware) -> None:
    compiled, binary = tmp_path / "boot2.o", tmp_path / "boot2.bin"
    source = RUNTIME / "boot2_rp2040.S"
    subprocess.run(["arm-none-eabi-gcc", "-c", "-o", compiled, source], check=True)
    copy = ["arm-none-eabi-objcopy", "-O", "binary", "-j", ".boot2", compiled, binary]
    subprocess.run(copy, check=True)
    expected = uf2.boot_stage(binary.read_bytes())
    loaded = Image(firmware("pico").elf).words(0x1000_0000, 64)
    assert loaded == struct.unpack("<64I", expected)


def test_the_pico_gets_a_uf2_image_of_its_elf(firmware: Firmware) -> None:
    elf = firmware("pico").elf
    path = uf2.write(elf, uf2_families.RP2040)
    blocks = uf2.decode(path.read_bytes())
    assert blocks[0].address == 0x1000_0000
    memory = {b.address + i: byte for b in blocks for i, byte in enumerate(b.data)}
    for start, data in Image(elf).segments:
        assert bytes(memory[start + i] for i in range(len(data))) == data


def test_firmware_from_a_uf2_image_runs(firmware: Firmware, tmp_path: Path) -> None:
    """No QEMU machine loads UF2: another board's image goes through it, and runs."""
    board = boards.load("mps2-an386")
    blocks = uf2.decode(uf2.from_elf(firmware(board.name).elf, uf2_families.RP2040))
    memory = bytearray(max(b.address for b in blocks) + 256)
    for block in blocks:
        memory[block.address : block.address + len(block.data)] = block.data
    binary = tmp_path / "firmware.bin"
    binary.write_bytes(memory)
    inputs = fake.inputs(8)
    with Qemu(board, binary) as qemu:
        result = qemu.device.run(inputs)
    assert result.outputs[0].tobytes() == fake.expected_ops(inputs[0])[2].tobytes()
