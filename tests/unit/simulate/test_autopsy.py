"""A simulator's registers in words."""

from __future__ import annotations

from pathlib import Path

from mcuforge.simulate.autopsy import (
    Symbols,
    crash_text,
    lockup_text,
    program_counters,
    running_text,
)

SYMBOLS = Symbols((0x100, 0x200, 0x300), (0x40, 0x80, 0), ("main", "nn_conv2d_s8", "mf_uart_read"))


def looks(*counters: int, status: int = 0x6100_0000) -> str:
    """What QEMU prints about registers, with these program counters."""
    return "".join(f"R14=00000867 R15={c:08x}\nXPSR={status:08x} -ZC- T\n" for c in counters)


def test_addresses_are_found_in_functions() -> None:
    found = {a: SYMBOLS.function(a) for a in (0, 0x100, 0x13E, 0x140, 0x27F, 0x280, 0x300)}
    assert found == {
        0: None, 0x100: "main", 0x13E: "main", 0x140: None, 0x27F: "nn_conv2d_s8", 0x280: None,
        0x300: "mf_uart_read",
    }  # fmt: skip
    assert "where there is no code" in SYMBOLS.describe(0x2000_0000)


def test_a_file_that_is_no_elf_has_no_symbols(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"not an ELF")
    assert Symbols.of(path) == Symbols.of(tmp_path / "none") == Symbols()


def test_program_counters_are_read() -> None:
    printed = "R12=00000000 R13=20002080 R14=080003bf R15=0800093e\nR15=00000100\n"
    assert program_counters(printed) == [0x0800093E, 0x100]


def test_running_waiting_and_unknown_are_told_apart() -> None:
    assert "it runs, in nn_conv2d_s8, main. " in running_text(looks(0x210, 0x220, 0x100), SYMBOLS)
    assert "waits for a request, in mf_uart_read" in running_text(looks(0x300), SYMBOLS)
    assert "main, 0x20000000. " in running_text(looks(0x100, 0x2000_0000), SYMBOLS)
    assert "cannot be told" in running_text("", SYMBOLS)


def test_tflm_that_has_stopped_itself_is_no_slow_simulator() -> None:
    symbols = Symbols((0x100, 0x200), (0x40, 0x10), ("main", "_Z9AbortImplv"))
    assert "stopped itself (AbortImpl)" in running_text(looks(0x204, 0x204), symbols)
    assert crash_text(looks(0x204, 0x100), symbols) is None


def test_a_slow_simulator_is_not_taken_for_a_bad_link() -> None:
    waiting = looks(0x300)
    assert "the board's UART another one?" in running_text(waiting, SYMBOLS, core_share=0.97)
    for text in (
        running_text(waiting, SYMBOLS, answered=True, core_share=0.97),
        running_text(waiting, SYMBOLS, answered=True),  # where the system does not tell
        running_text(waiting, SYMBOLS, core_share=0.12),
    ):
        assert "the simulator is slow" in text and "Run the command again when this" in text
        assert "UART another" not in text
    busy = "This computer is busy: QEMU gets 12% of the processor time that it needs."
    assert busy in running_text(waiting, SYMBOLS, core_share=0.12)
    assert busy in running_text(looks(0x210), SYMBOLS, core_share=0.12)
    assert "busy" not in running_text(looks(0x210), SYMBOLS, core_share=0.97)


def test_a_crash_that_could_not_be_reported_is_called_one() -> None:
    handler = running_text(looks(0x100, status=0x6100_0003), SYMBOLS)
    assert handler.startswith("The firmware crashed: the core is in its HardFault handler, in main")
    interrupt = running_text(looks(0x100, status=0x6100_0013), SYMBOLS)
    assert "neither crashed nor locked up" in interrupt
    lost = running_text(looks(0x5000_0000, 0x5000_0010), SYMBOLS)
    assert "crashed: the core runs where there is no code, at 0x50000000, 0x50000010." in lost


def test_only_a_lockup_is_called_one() -> None:
    printed = "qemu: fatal: Lockup: can't escalate 3\nR15=00000210\n"
    text = lockup_text(printed, SYMBOLS)
    assert text is not None
    assert "locked up at 0x00000210 in nn_conv2d_s8" in text
    assert lockup_text("qemu: could not load kernel", SYMBOLS) is None
