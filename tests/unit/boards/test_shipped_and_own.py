"""Board files: every shipped one is sound, and every mistake in one is named."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner
from json_documents import checked

from mcuforge import boards
from mcuforge.boards import chips, description
from mcuforge.boards.chips import Pin, Pll
from mcuforge.cli.boards import command
from mcuforge.errors import UsageError
from mcuforge.files import paths

BOARDS = paths.data_dir("firmware") / "boards"
M4 = (BOARDS / "mps2-an386.toml").read_text()


def edited(tmp_path: Path, text: str, *edits: tuple[str, str]) -> Path:
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "board.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", boards.names())
def test_every_shipped_board_loads(name: str) -> None:
    board = boards.load(name)
    assert board.name == name
    assert board.title
    if board.is_host:
        assert (board.flags, board.flash_bytes, board.ram_bytes) == ((), 0, 0)
    else:
        assert board.renode
        assert board.ram_bytes >= 16 * 1024
        assert board.flash_bytes >= 256 * 1024
        assert board.clock_hz == board.ticks.hz


def test_the_promised_boards_ship() -> None:
    promised = {"stm32f4-discovery", "microbit", "nrf52840dk", "nucleo-f767zi", "pico"}
    assert promised | {"nucleo-l552ze-q"} <= set(boards.names())
    promised = {"mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547", "host"}
    assert promised | {"mps3-an547-helium"} <= set(boards.names())
    assert promised <= set(boards.names())
    assert [b.name for b in boards.available()] == boards.names()


@pytest.mark.parametrize(
    ("name", "flags", "per_tick"),
    [
        ("mps2-an385", "-mcpu=cortex-m3 -mthumb -mfloat-abi=soft", Fraction(40)),
        (
            "mps2-an386",
            "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard",
            Fraction(40),
        ),
        ("mps2-an500", "-mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard", Fraction(40)),
        ("mps2-an505", "-mcpu=cortex-m33 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard", Fraction(50)),
        ("mps3-an547", "-mcpu=cortex-m55+nomve -mthumb -mfloat-abi=hard", Fraction(125, 4)),
        ("mps3-an547-helium", "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard", Fraction(125, 4)),
    ],
)
def test_flags_and_ticks_follow_from_the_board(name: str, flags: str, per_tick: Fraction) -> None:
    board = boards.load(name)
    assert " ".join(board.flags) == flags
    assert board.instructions_per_tick == per_tick
    assert board.instructions(1_000) == 1_000 * per_tick


@pytest.mark.parametrize(
    ("core", "fpu", "dsp", "mve", "flags"),
    [
        ("cortex-m4", "none", True, False, "-mcpu=cortex-m4 -mthumb -mfloat-abi=soft"),
        ("cortex-m33", "none", False, False, "-mcpu=cortex-m33+nodsp -mthumb -mfloat-abi=soft"),
        ("cortex-m55", "double", True, False, "-mcpu=cortex-m55+nomve -mthumb -mfloat-abi=hard"),
        ("cortex-m55", "none", True, True, "-mcpu=cortex-m55+nofp -mthumb -mfloat-abi=hard"),
        ("cortex-m55", "none", True, False, "-mcpu=cortex-m55+nomve+nofp -mthumb -mfloat-abi=soft"),
    ],
)
def test_flags_leave_out_what_the_core_lacks(
    core: str, fpu: str, dsp: bool, mve: bool, flags: str
) -> None:
    assert " ".join(boards.Core(core, fpu, dsp, mve, helium=mve).flags) == flags
    without = boards.Core(core, fpu, dsp, mve).flags
    assert without == boards.Core(core, fpu, dsp, False).flags


def test_a_split_board_adds_up_its_memories(tmp_path: Path) -> None:
    extra = '[[memory]]\nname = "QSPI"\nkind = "flash"\nbase = 0x9000_0000\nbytes = 4096\n'
    path = edited(
        tmp_path,
        M4,
        ("[placement]", extra + "\n[placement]"),
        ('constants = "FLASH"', 'constants = "QSPI"'),
    )
    board = boards.load(str(path))
    assert board.flash_bytes == 0x40_0000 + 4096
    assert board.ram_bytes == 0x40_0000


def test_only_cores_with_an_mpu_and_without_a_stack_limit_get_a_guard() -> None:
    guards = {b.name: b.stack_guard_bytes for b in boards.available()}
    assert guards["mps2-an385"] == guards["mps2-an386"] == guards["mps2-an500"] == 256
    assert guards["stm32f4-discovery"] == guards["nucleo-f767zi"] == guards["pico"] == 256
    assert guards["microbit"] == guards["nucleo-l552ze-q"] == 0
    assert guards["mps2-an505"] == guards["mps3-an547"] == guards["host"] == 0


def test_kernels_use_helium_unless_the_board_says_no(tmp_path: Path) -> None:
    text = (BOARDS / "mps3-an547.toml").read_text()
    no = "helium = false # Renode 1.16.1 lacks ASRL, VMLADAV and others\n"
    for edits, definitions in [([], ("NN_NO_HELIUM",)), ([(no, "")], ())]:
        core = boards.load(str(edited(tmp_path, text, *edits))).core
        assert core is not None and core.kernel_definitions == definitions
    without_mve = edited(tmp_path, text, (no, ""), ("mve = true", "mve = false"))
    core = boards.load(str(without_mve)).core
    assert core is not None and (core.helium, core.kernel_definitions) == (False, ())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[core]", "colour = 1\n[core]", "'colour' is unknown; known here: name, title, core"),
        ("dsp = true", "dsp = true\nfpga = 1", "'core.fpga' is unknown; known here: name, fpu"),
        ('fpu = "single"', "", "'core.fpu' is missing; it must be one of: none, single"),
        ('fpu = "single"', 'fpu = "double"', "'core.fpu' is 'double'; .* none, single"),
        ("cortex-m4", "cortex-m5", "'core.name' is 'cortex-m5'; .* cortex-m3, cortex-m4"),
        ("dsp = true", "dsp = false", "'core.dsp' must be true here"),
        ("mve = false", "mve = true", "'core.mve' must be false here"),
        ("mve = false", "mve = false\nhelium = true", "'core.helium' must be false here"),
        ("dsp = true", "dsp = 1", "'core.dsp' is 1; it must be true or false"),
        ("hz = 25_000_000", "hz = 0", "'clock.hz' is 0; it must lie in"),
        ("hz = 25_000_000", 'hz = "fast"', "'clock.hz' is 'fast'; it must be an integer"),
        ("base = 0x2000_0000", "base = 0x3F_FFFF", "'memory.1..base' 'RAM' overlaps 'FLASH'"),
        ('name = "RAM"', 'name = "FLASH"', "'FLASH' is taken by another region"),
        ('name = "RAM"', 'name = "R;M"', "'memory.1..name' is 'R;M'; it must match"),
        ("base = 0x2000_0000", "base = 0x1_0000_0000", "'memory.1..base' is 4294967296"),
        ('code = "FLASH"', 'code = "RAM"', "'placement.code' is 'RAM'; it must be one of: FLASH"),
        ('constants = "FLASH"', 'constants = "RAM"', "'placement.constants' is 'RAM'"),
        ('data = "RAM"', 'data = "FLASH"', "'placement.data' is 'FLASH'; it must be one of: RAM"),
        ("stack_bytes = 8192", "stack_bytes = 8190", "'placement.stack_bytes' must be a multiple"),
        ("stack_bytes = 8192", "stack_bytes = 8", "'placement.stack_bytes' is 8; it must lie"),
        (
            'kind = "cmsdk"',
            'kind = "16550"',
            "'uart.kind' is '16550'; .* cmsdk, stm32-usart, .*posix",
        ),
        ('name = "mps2-an386"', 'name = "../x"', "'name' is '../x'; it must match"),
        ('title = "Arm', 'title = ""\n#', "'title' is ''; it must not be empty"),
        ("[simulators.qemu]", "[simulators.gem5]", "'simulators.gem5' is unknown"),
        ("[core]", "[core", "not valid TOML"),
        ('title = "Arm', 'title = "\\u001b[2J', "'title' holds a line break"),
        ("baud = 115200", "baud = 2_000_000", "'uart.baud' is 2,000,000; .* 24 to 1,562,500"),
        ("baud = 115200", "baud = 10", "'uart.baud' is 10; with a clock of 25,000,000 Hz"),
        ("base = 0x2000_0000", "base = 0xFFFF_0000", "'memory.1..bytes' takes 'RAM' past the last"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = edited(tmp_path, M4, (old, new))
    with pytest.raises(UsageError, match=f"(?s){message}") as error:
        boards.load_file(path)
    assert str(path) in error.value.message
    assert error.value.exit_code == 2


def test_a_host_needs_posix_drivers(tmp_path: Path) -> None:
    text = 'name = "me"\ntitle = "me"\n[uart]\nkind = "posix"\n[ticks]\nkind = "systick"\nhz = 1\n'
    path = edited(tmp_path, text)
    with pytest.raises(UsageError, match=r"'ticks.kind' must be 'posix' on a board without"):
        boards.load_file(path)


def discovery(tmp_path: Path, old: str, new: str) -> Path:
    return edited(tmp_path, (BOARDS / "stm32f4-discovery.toml").read_text(), (old, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("p = 2", "p = 4", "'chip.pll.p' gives a core clock of 84,000,000 Hz, but 'clock.hz'"),
        ("p = 2", "p = 3", "'chip.pll.p' is 3; it must be one of: 2, 4, 6, 8"),
        ("m = 4", "m = 2", "'chip.pll.m' makes crystal_hz / m 4,000,000 Hz; it must lie in"),
        ("n = 168", "n = 400", "'chip.pll.n' makes crystal_hz / m . n 800,000,000 Hz; it must lie"),
        ("m = 4", "m = 1", "'chip.pll.m' is 1; it must lie in"),
        ("bypass = false", "", "'chip.bypass' is missing"),
        ('family = "stm32f4"', 'family = "stm32f1"', "'chip.family' is 'stm32f1'; .* stm32f4, "),
        ('tx = "PA2"', 'tx = "GP2"', "'uart.tx' is 'GP2'; it must match"),
        ('tx = "PA2"', 'tx = "PA16"', "'uart.tx' is 'PA16'; a port has 16 pins"),
        ('rx = "PA3"', 'rx = "PA2"', "'uart.rx' is PA2, and so is tx"),
        ('kind = "stm32-usart"', 'kind = "nrf"', "'uart.kind' must be stm32-usart on stm32f4"),
        ('kind = "stm32-usart"', 'kind = "cmsdk"', "'uart.kind' is 'cmsdk', which needs no .chip."),
        ("alternate = 7", "alternate = 16", "'uart.alternate' is 16; it must lie in .0, 15."),
        ('active = "high"', 'active = "on"', "'led.active' is 'on'; it must be one of: high, low"),
        ("serial = 1", "serial = 9", "'simulators.qemu.serial' is 9"),
        (
            "serial = 1",
            "port = 1",
            "'simulators.qemu.port' is unknown; known here: machine, serial",
        ),
        (
            'stack = "SRAM"',
            'arena = "FLASH"\nstack = "SRAM"',
            "'placement.arena' is 'FLASH'; .*SRAM",
        ),
    ],
)
def test_a_mistake_about_the_chip_is_named(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        boards.load_file(discovery(tmp_path, old, new))


def test_a_uart_with_pins_needs_a_chip(tmp_path: Path) -> None:
    text = (BOARDS / "microbit.toml").read_text()
    chip = text[text.index("[chip]") : text.index("[[memory]]")]
    with pytest.raises(UsageError, match="'chip' is missing; a UART of kind 'nrf' needs its pins"):
        boards.load_file(edited(tmp_path, text, (chip, "")))


def test_pins_and_clock_trees_are_read() -> None:
    chips = {b.name: b.chip for b in boards.available() if b.chip}
    assert chips["stm32f4-discovery"].led == Pin("PD12", 3, 12)
    assert chips["nrf52840dk"].tx == Pin("P0.06", 0, 6)
    assert chips["pico"].rx == Pin("GP1", 0, 1)
    pll = chips["pico"].pll
    assert pll is not None
    assert pll.factors == (6, 2)
    assert {p: Pll(1, 1, p).factors for p in (1, 7, 14, 36, 49)} == {
        1: (1, 1), 7: (7, 1), 14: (7, 2), 36: (6, 6), 49: (7, 7),
    }  # fmt: skip
    assert boards.load("nucleo-f767zi").vector_table == 0x0800_0000
    assert boards.load("pico").vector_table == 0x1000_0100


def test_small_boards_take_small_requests() -> None:
    sizes = {b.name: b.request_bytes for b in boards.available()}
    assert sizes.pop("microbit") == 1024
    assert set(sizes.values()) == {4096}


def test_a_board_of_ones_own_is_kept_and_found_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCUFORGE_BOARDS", str(tmp_path / "kept"))
    path = discovery(tmp_path, 'name = "stm32f4-discovery"', 'name = "mine"')
    runner = CliRunner()
    added = runner.invoke(command, ["--add", str(path)])
    assert added.exit_code == 0, added.output
    assert "use it with --board mine" in added.stderr
    path.unlink()  # a copy is kept
    assert "mine" in boards.names()
    assert boards.load("mine").clock_hz == 168_000_000
    listed = checked(runner.invoke(command, ["--json"]).stdout)["boards"]
    assert "mine" in [board["name"] for board in listed]
    assert runner.invoke(command, ["--remove", "mine"]).exit_code == 0
    assert "mine" not in boards.names()
    again = runner.invoke(command, ["--remove", "mine"])
    assert again.exit_code == 2
    assert "no board of your own called 'mine'; you have: none" in again.output


def test_only_a_kept_board_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUFORGE_BOARDS", str(tmp_path / "kept"))
    path = discovery(tmp_path, 'name = "stm32f4-discovery"', 'name = "mine"')
    boards.add(path)
    outside = CliRunner().invoke(command, ["--remove", f"../{path.stem}"])
    assert outside.exit_code == 2
    assert "you have: mine" in outside.output
    assert path.exists()


def test_a_shipped_board_and_a_broken_file_cannot_be_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCUFORGE_BOARDS", str(tmp_path / "kept"))
    with pytest.raises(UsageError, match="'stm32f4-discovery' is a shipped board"):
        boards.add(discovery(tmp_path, "p = 2", "p = 2"))
    with pytest.raises(UsageError, match="core clock"):
        boards.add(discovery(tmp_path, "p = 2", "p = 4"))
    assert not (tmp_path / "kept").exists()


def test_unknown_boards_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no board 'stm99'. Boards: host, microbit, mps2-an385"):
        boards.load("stm99")
    with pytest.raises(UsageError, match="no such board file"):
        boards.load(str(tmp_path / "none.toml"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not valid TOML"):
        boards.load_file(tmp_path / "binary.toml")


def test_the_documentation_shows_the_shipped_file_and_every_key() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "boards.md").read_text()
    assert (BOARDS / "stm32f4-discovery.toml").read_text() in text
    for name in boards.names():
        assert f"`{name}`" in text or name.startswith("mps2-"), name
    for words in (
        *chips.FAMILIES,
        *boards.CORE_TYPES,
        *description.UART_KINDS,
        *description.TICK_KINDS,
    ):
        assert words in text or words in ("cmsdk", "posix"), words
