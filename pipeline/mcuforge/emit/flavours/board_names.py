"""What other build systems call a board. Unknown ones get what runs anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from mcuforge.boards import Board

# Those that Zephyr starts in QEMU, or as a program, by `-t run`; the others have to be flashed.
_ZEPHYR_RUNS = {"bbc_microbit", "mps2/an385", "native_sim", "qemu_cortex_m3"}
# Named where a build system does not know the board, to be replaced by one's own.
_OTHER_ZEPHYR = "qemu_cortex_m3"
_OTHER_ARDUINO = "STMicroelectronics:stm32:Disco:pnum=DISCO_F407VG"
# A board of those that the port of TensorFlow Lite Micro in their registries names as tested.
_ARDUINO_TFLM = "arduino:mbed_nano:nano33ble"
_PLATFORMIO_TFLM = ("nordicnrf52", "nano33ble")
_CMSIS = {
    "cortex-m0": "ARMCM0",
    "cortex-m0plus": "ARMCM0P",
    "cortex-m3": "ARMCM3",
    "cortex-m4": "ARMCM4",
    "cortex-m7": "ARMCM7",
    "cortex-m33": "ARMCM33",
    "cortex-m55": "ARMCM55",
}


@dataclass(frozen=True)
class BoardNames:
    """A board in the words of each build system. Empty where it has no word for it.

    `zephyr_runs`: Zephyr itself starts it. `zephyr_is_other`, `arduino_is_other`: no name of the
    board is known there, and this one is another's.
    """

    title: str
    zephyr: str
    zephyr_runs: bool
    zephyr_is_other: bool
    arduino: str
    arduino_is_other: bool
    platformio_platform: str
    platformio_board: str
    cmsis_device: str
    compiler: str
    archiver: str
    flags: str


def _flags(board: Board) -> str:
    if board.core is None:
        return ""
    return " ".join([*board.core.flags, *(f"-D{name}" for name in board.core.kernel_definitions)])


def compiles_for(board: Board, flavour: str) -> bool:
    """Whether a project of that flavour is for the board's core: its build system knows the board,
    or compiles with the options of the core. ESP-IDF is for cores of others."""
    known = {
        "esp-idf": "",
        "zephyr": board.names.zephyr,
        "arduino": board.names.arduino,
        "platformio": board.names.platformio,
    }
    return bool(known.get(flavour, board.name))


def board_names(board: Board, *, tflm: bool = False) -> BoardNames:
    """The names of a board; defaults that suit its core where a build system does not know it.

    With `tflm`, Arduino and PlatformIO get a board that their TensorFlow Lite Micro runs on.
    """
    names = board.names
    arduino = "" if tflm else names.arduino
    platform, _, platform_board = names.platformio.partition("/")
    if tflm:
        platform, platform_board = _PLATFORMIO_TFLM
    core = board.core.name if board.core else "cortex-m4"
    zephyr = names.zephyr or ("native_sim" if board.is_host else _OTHER_ZEPHYR)
    return BoardNames(
        title=board.title,
        zephyr=zephyr,
        zephyr_runs=zephyr in _ZEPHYR_RUNS,
        zephyr_is_other=not (names.zephyr or board.is_host),
        arduino=arduino or (_ARDUINO_TFLM if tflm else _OTHER_ARDUINO),
        arduino_is_other=not arduino,
        platformio_platform=platform,
        platformio_board=platform_board,
        cmsis_device=_CMSIS.get(core, "ARMCM4"),
        compiler="gcc" if board.is_host else "arm-none-eabi-gcc",
        archiver="ar" if board.is_host else "arm-none-eabi-ar",
        flags=_flags(board),
    )
