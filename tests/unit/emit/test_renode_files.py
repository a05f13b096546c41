"""Renode's files: every type, property, address, command and keyword is one that Renode has."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
import renode_facts as facts
from fake_project import MODEL, PROJECT

from mcuforge import boards
from mcuforge.boards import Board
from mcuforge.boards.renode_machine import CPU_TYPES
from mcuforge.device import protocol
from mcuforge.emit.cmake_project import render_project
from mcuforge.errors import UsageError

ALL = [board for board in boards.available() if board.renode]
EVERY = pytest.mark.parametrize("board", ALL, ids=[b.name for b in ALL])
_ENTRY = re.compile(r"(\w+): ([\w.]+) @ sysbus(?: (<.*>|0x[0-9A-F]+))?")
_TAG = re.compile(r'Tag <0x([0-9A-F]{8}) 0x4> "(\w+)" 0x([0-9A-F]{8})')


def text(board: Board, name: str) -> str:
    return render_project(board, PROJECT)[f"renode/{name}"].decode()


@dataclass
class Entry:
    """An entry of a platform file."""

    type: str
    where: str | None
    properties: dict[str, str] = field(default_factory=dict)
    connections: list[str] = field(default_factory=list)

    @property
    def range(self) -> range | None:
        """The addresses it takes; None for what has none."""
        if self.where is None:
            return None
        numbers = [int(n, 16) for n in re.findall(r"0x[0-9A-Fa-f]+", self.where)]
        if self.type == "Memory.MappedMemory":
            return range(numbers[0], numbers[0] + int(self.properties["size"], 16))
        size = numbers[1] if len(numbers) == 2 else facts.SIZES[self.type]
        return range(numbers[0], numbers[0] + size)


def platform(board: Board) -> tuple[dict[str, Entry], dict[int, int]]:
    """Entries and tagged registers of a platform file, which holds nothing else."""
    entries: dict[str, Entry] = {}
    tags: dict[int, int] = {}
    entry = Entry("", None)
    for line in text(board, "firmware.repl").splitlines():
        if not line or line.startswith("//") or line in ("sysbus:", "    init:"):
            continue
        if match := _ENTRY.fullmatch(line):
            assert match[1] not in entries
            entry = entries[match[1]] = Entry(match[2], match[3])
        elif match := re.fullmatch(r"    (\w+): (.+)", line):
            entry.properties[match[1]] = match[2]
        elif match := re.fullmatch(r"    (IRQ -> cpu@0)", line):
            entry.connections.append(match[1])
        else:
            match = _TAG.fullmatch(line.removeprefix(" " * 8))
            assert match, line
            tags[int(match[1], 16)] = int(match[3], 16)
    return entries, tags


def test_every_board_but_the_host_is_there() -> None:
    assert {b.name for b in ALL} == {b.name for b in boards.available() if not b.is_host}


@EVERY
def test_types_and_properties_are_renodes(board: Board) -> None:
    entries, _ = platform(board)
    for entry in entries.values():
        properties, knows_its_size = facts.PERIPHERALS[entry.type]
        assert set(entry.properties) <= properties
        assert facts.REQUIRED.get(entry.type, set()) <= set(entry.properties)
        if entry.where is not None:
            assert entry.where.startswith("<") != knows_its_size
    cpu, nvic = entries["cpu"], entries["nvic"]
    assert (cpu.type, cpu.where) == ("CPU.CortexM", None)
    assert cpu.properties["nvic"] == "nvic"
    assert cpu.properties["cpuType"].strip('"') in facts.CPU_TYPES
    # Where it is missing, Renode gives every Cortex-M an MPU of 8 regions, also an M0.
    assert board.renode is not None
    assert int(cpu.properties["numberOfMPURegions"]) == board.renode.mpu_regions
    assert nvic.range and nvic.range.start == facts.NVIC_BASE
    assert nvic.connections == ["IRQ -> cpu@0"]
    assert 0 < int(nvic.properties["systickFrequency"]) <= facts.MAX_SYSTICK_HZ
    assert entries["uart0"].type.startswith("UART.")


@EVERY
def test_nothing_overlaps_and_memory_is_that_of_the_board(board: Board) -> None:
    entries, tags = platform(board)
    ranges = sorted((e.range for e in entries.values() if e.range), key=lambda r: r.start)
    for low, high in pairwise(ranges):
        assert low.stop <= high.start
    for address in tags:
        assert not any(address in r for r in ranges), hex(address)
    memories = {(m.base, m.bytes) for m in board.memories}
    ours = [e.range for e in entries.values() if e.type == "Memory.MappedMemory"]
    assert {(r.start, len(r)) for r in ours if r} == memories
    for r in ours:
        assert r and r.start % 0x1000 == len(r) % 0x1000 == 0  # whole pages of the translator
    uart = entries["uart0"].range
    assert uart and uart.start == board.uart.base


@pytest.mark.parametrize("name", facts.PLATFORMS)
def test_chips_that_renode_has_are_described_alike(name: str) -> None:
    board = boards.load(name)
    entries, _ = platform(board)
    uart, cpu = entries["uart0"], entries["cpu"].properties["cpuType"].strip('"')
    kinds = {m.kind: m.base for m in reversed(board.memories)}
    assert uart.range
    found = (cpu, uart.type, uart.range.start, kinds["flash"], kinds["ram"])
    assert found == facts.PLATFORMS[name]


def test_versions_of_cpu_types_are_renodes() -> None:
    for name, since in CPU_TYPES.items():
        assert (*since, 0)[:3] == facts.CPU_TYPES[name]


# --- scripts -----------------------------------------------------------------------------------


def words(line: str) -> list[str]:
    return re.findall(r'"[^"]*"|\S+', line)


def check_kind(kind: str, word: str) -> None:
    """A word of a script is of the kind that the command takes; a variable may be of any."""
    patterns = {
        "text": r'"[^"]+"|\$\w+',
        "path": r"\$ORIGIN/[\w./-]+|\$\w+|@\S+",
        "integer": r"0x[0-9A-Fa-f]+|\d+|\$\w+",
        "seconds": r'"\d+\.\d{6}"',
        "flag": "true|false",
        "device": r"[\w.]+",
    }
    assert re.fullmatch(patterns[kind], word), (kind, word)


def check_command(line: str) -> None:
    found = words(line)
    if tuple(found[:2]) in facts.MEMBERS:
        kinds = facts.MEMBERS[found[0], found[1]]
        assert len(found) - 2 == len(kinds), line
        for kind, word in zip(kinds, found[2:], strict=True):
            check_kind(kind, word)
    else:
        assert found[0] in facts.COMMANDS, line


def commands(script: str) -> Iterator[str]:
    for line in map(str.strip, script.splitlines()):
        if line and not line.startswith(("#", ":")) and line != '"""':
            yield line


@EVERY
@pytest.mark.parametrize("name", ["firmware.resc", "serve.resc"])
def test_scripts_use_only_what_the_monitor_knows(board: Board, name: str) -> None:
    script = text(board, name)
    assert script.count('"""') in (0, 2)
    known = {"ORIGIN"}
    for line in commands(script):
        assigned = re.fullmatch(r'\$(\w+)\?=("[^"]+"|\d+|\$ORIGIN/[\w./-]+)', line)
        if assigned:
            known.add(assigned[1])
            continue
        check_command(line)
        known |= set(re.findall(r"macro (\w+)", line))
        assert set(re.findall(r"\$(\w+)", line)) <= known, line
    assert "://" not in script and "@" not in "\n".join(commands(script))


@EVERY
def test_one_instruction_is_one_tick_and_the_vectors_are_found(board: Board) -> None:
    script = text(board, "firmware.resc")
    assert f"cpu PerformanceInMips {board.clock_hz // 10**6}\n" in script
    assert f"cpu VectorTableOffset 0x{board.vector_table:08X}\n" in script
    assert f"/build/{board.name}/firmware.elf\n" in script
    # The ELF first: loading resets nothing, but the table must lie in memory when it is set.
    assert script.index("LoadELF") < script.index("VectorTableOffset")


def test_registers_reach_the_platform_and_are_checked(tmp_path: Path) -> None:
    shipped = Path(boards.__file__).parents[3] / "firmware" / "boards" / "mps2-an386.toml"
    register = '[[simulators.renode.register]]\nname = "READY"\naddress = {}\nvalue = 0x80\n'
    path = tmp_path / "own.toml"
    path.write_text(shipped.read_text() + register.format("0x4800_0000"))
    assert platform(boards.load_file(path))[1] == {0x4800_0000: 0x80}
    path.write_text(shipped.read_text() + register.format("0x4800_0001"))
    with pytest.raises(UsageError, match=r"renode\.register\[0\]\.address' must be a multiple"):
        boards.load_file(path)
    path.write_text(shipped.read_text().replace('cpu_type = "cortex-m4"', 'cpu_type = "m4"'))
    with pytest.raises(UsageError, match=r"renode\.cpu_type' is 'm4'; it must be one of"):
        boards.load_file(path)


# --- Robot Framework ------------------------------------------------------------------------------


def stub_keywords(folder: Path) -> Path:
    """Renode's keywords with their arguments, and nothing behind them."""
    lines = ["*** Keywords ***"]
    for name, arguments in facts.KEYWORDS.items():
        lines.append(name)
        if arguments:
            stubs = [f"${{{a.rstrip('=')}}}{'=${None}' if '=' in a else ''}" for a in arguments]
            lines.append("    [Arguments]    " + "    ".join(stubs))
        lines.append("    No Operation")
    path = folder / "stubs.resource"
    path.write_text("\n".join(lines) + "\n")
    return path


def dry_run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "firmware.robot"
    path.write_text(script)
    command = [sys.executable, "-m", "robot", "--dryrun", "--output", "NONE", "--console", "dotted"]
    variables = ["--variable", f"RENODEKEYWORDS:{stub_keywords(folder)}"]
    return subprocess.run(
        [*command, *variables, str(path)], capture_output=True, text=True, check=False, cwd=folder
    )


def test_the_robot_test_passes_a_dry_run(tmp_path: Path) -> None:
    script = text(boards.load("mps2-an386"), "firmware.robot")
    done = dry_run(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for wrong in ("Start Emulaton", "Start Emulation    now"):
        assert dry_run(script.replace("Start Emulation", wrong), tmp_path).returncode != 0


@EVERY
def test_the_robot_test_uses_only_what_renode_knows(board: Board) -> None:
    script = text(board, "firmware.robot")
    for line in script.splitlines():
        cells = re.split(r" {2,}", line.strip())
        if cells[0].endswith("}="):
            cells = cells[1:]
        if cells and cells[0] in facts.KEYWORDS:
            allowed = [a for a in facts.KEYWORDS[cells[0]] if a.endswith("=")]
            # A dry run takes a misspelt name for a value.
            named = [c.partition("=")[0] + "=" for c in cells[2:] if "=" in c]
            assert set(named) <= set(allowed), line
        if cells[0] == "Execute Command" and not cells[1].startswith("$elf="):
            values = {"${UART}": "sysbus.uart0", "${byte}": "0x00", "${commands}": "/x.resc"}
            command = cells[1]
            for variable, value in values.items():
                command = command.replace(variable, value)
            check_command(command)


@EVERY
def test_the_robot_test_says_hello_and_waits_for_the_names(board: Board) -> None:
    script = text(board, "firmware.robot")
    lines = re.search(r"@\{HELLO\}((?:.*\n\.\.\.)*.*\n)", script)
    assert lines
    sent = bytes(int(b, 16) for b in re.findall(r"0x[0-9A-F]{2}", lines[1]))
    [message] = protocol.Decoder().feed(sent)
    assert message.kind == protocol.Request.HELLO
    assert (message.state, message.body) == (protocol.VERSION, b"")
    assert message.session != 0
    waited = re.findall(r"Firmware Should Say {2,}(.+)", script)
    assert waited == [board.name, MODEL.name]
