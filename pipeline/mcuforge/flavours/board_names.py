"""What other build systems call a board. Unknown ones get what runs anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from mcuforge.boards import Board

_ZEPHYR = {
    "mps2-an385": "mps2/an385",
    "mps2-an386": "mps2/an386",
    "mps2-an500": "mps2/an500",
    "mps3-an547": "mps3/corstone300/an547",
    "mps3-an547-helium": "mps3/corstone300/an547",
    "microbit": "bbc_microbit",
    "nrf52840dk": "nrf52840dk/nrf52840",
    "nucleo-f767zi": "nucleo_f767zi",
    "nucleo-l552ze-q": "nucleo_l552ze_q",
    "pico": "rpi_pico",
    "stm32f4-discovery": "stm32f4_disco",
}
# Those that Zephyr starts in QEMU, or as a program, by `-t run`; the others have to be flashed.
_ZEPHYR_RUNS = {"bbc_microbit", "mps2/an385", "native_sim", "qemu_cortex_m3"}
_ARDUINO = {
    "microbit": "sandeepmistry:nRF5:BBCmicrobit",
    "nrf52840dk": "adafruit:nrf52:pca10056",
    "nucleo-f767zi": "STMicroelectronics:stm32:Nucleo_144:pnum=NUCLEO_F767ZI",
    "nucleo-l552ze-q": "STMicroelectronics:stm32:Nucleo_144:pnum=NUCLEO_L552ZE_Q",
    "pico": "rp2040:rp2040:rpipico",
    "stm32f4-discovery": "STMicroelectronics:stm32:Disco:pnum=DISCO_F407VG",
}
_PLATFORMIO = {
    "microbit": ("nordicnrf51", "bbcmicrobit"),
    "nrf52840dk": ("nordicnrf52", "nrf52840_dk_adafruit"),
    "nucleo-f767zi": ("ststm32", "nucleo_f767zi"),
    "nucleo-l552ze-q": ("ststm32", "nucleo_l552ze_q"),
    "pico": ("raspberrypi", "pico"),
    "stm32f4-discovery": ("ststm32", "disco_f407vg"),
}
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

    `zephyr_runs`: Zephyr itself starts it. `arduino_is_other`: Arduino has no such board, and the
    name is another's.
    """

    title: str
    zephyr: str
    zephyr_runs: bool
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


def board_names(board: Board, *, tflm: bool = False) -> BoardNames:
    """The names of a board; defaults that suit its core where a build system does not know it.

    With `tflm`, Arduino and PlatformIO get a board that their TensorFlow Lite Micro runs on.
    """
    arduino = None if tflm else _ARDUINO.get(board.name)
    platform, platform_board = _PLATFORMIO.get(board.name, ("", ""))
    if tflm:
        platform, platform_board = _PLATFORMIO_TFLM
    core = board.core.name if board.core else "cortex-m4"
    zephyr = _ZEPHYR.get(board.name, "native_sim" if board.is_host else "qemu_cortex_m3")
    return BoardNames(
        title=board.title,
        zephyr=zephyr,
        zephyr_runs=zephyr in _ZEPHYR_RUNS,
        arduino=arduino or (_ARDUINO_TFLM if tflm else _ARDUINO["stm32f4-discovery"]),
        arduino_is_other=arduino is None,
        platformio_platform=platform,
        platformio_board=platform_board,
        cmsis_device=_CMSIS.get(core, "ARMCM4"),
        compiler="gcc" if board.is_host else "arm-none-eabi-gcc",
        archiver="ar" if board.is_host else "arm-none-eabi-ar",
        flags=_flags(board),
    )
