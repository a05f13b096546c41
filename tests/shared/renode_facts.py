"""What Renode has, as far as our files use it: names, addresses, and nothing else.

Typed from Renode's own sources, releases 1.15.0 and 1.16.1; where they differ, what both have.
"""

from __future__ import annotations

# Type -> the parameters of its constructor, which are what a platform file may set. True: it knows
# its own size, and is registered by its address; False: it needs a range.
PERIPHERALS = {
    "IRQControllers.NVIC": ({"systickFrequency", "priorityMask", "haltSystickOnDeepSleep"}, True),
    "CPU.CortexM": (
        {"cpuType", "nvic", "endianness", "fpuInterruptNumber", "numberOfMPURegions"},
        True,
    ),
    "Memory.MappedMemory": ({"size", "segmentSize"}, True),
    "UART.CMSDK_APB_UART": ({"frequency"}, True),
    "UART.PL011": ({"fifoSize", "frequency"}, True),
    "UART.STM32_UART": ({"frequency"}, False),
    "UART.STM32F7_USART": ({"frequency", "lowPowerMode"}, True),
    "UART.NRF52840_UART": ({"easyDMA"}, True),
    "Timers.NRF52840_Timer": ({"numberOfEvents"}, True),
}
# Parameters without a default.
REQUIRED = {
    "CPU.CortexM": {"cpuType", "nvic"},
    "Memory.MappedMemory": {"size"},
    "UART.STM32F7_USART": {"frequency"},
    "Timers.NRF52840_Timer": {"numberOfEvents"},
}
SIZES = {
    "IRQControllers.NVIC": 0x1000,
    "UART.CMSDK_APB_UART": 0x1000,
    "UART.PL011": 0x1000,
    "UART.STM32F7_USART": 0x400,
    "UART.NRF52840_UART": 0x1000,
    "Timers.NRF52840_Timer": 0x1000,
}
NVIC_BASE = 0xE000_E000
MAX_SYSTICK_HZ = 2**31 - 1

# cpuType -> the oldest release.
CPU_TYPES = {
    "cortex-m0": (1, 15, 0),
    "cortex-m0+": (1, 15, 0),
    "cortex-m1": (1, 15, 0),
    "cortex-m3": (1, 15, 0),
    "cortex-m4": (1, 15, 0),
    "cortex-m4f": (1, 15, 0),
    "cortex-m7": (1, 15, 0),
    "cortex-m23": (1, 15, 0),
    "cortex-m33": (1, 15, 0),
    "cortex-m85": (1, 15, 0),
    "cortex-m55": (1, 16, 1),
}

# Monitor commands, and members of what the monitor knows by name: arguments that each takes.
COMMANDS = {"using", "include", "start", "quit", "string", "logFile", "runMacro", "macro"}
MEMBERS = {
    ("mach", "create"): ("text",),
    ("machine", "LoadPlatformDescription"): ("path",),
    ("cpu", "PerformanceInMips"): ("integer",),
    ("cpu", "VectorTableOffset"): ("integer",),
    ("cpu", "ExecutedInstructions"): (),
    ("sysbus", "LoadELF"): ("path",),
    ("sysbus.uart0", "WriteChar"): ("integer",),
    ("emulation", "SetGlobalQuantum"): ("seconds",),
    ("emulation", "SetGlobalAdvanceImmediately"): ("flag",),
    ("emulation", "CreateServerSocketTerminal"): ("integer", "text", "flag"),
    ("emulation", "RunFor"): ("seconds",),
    ("connector", "Connect"): ("device", "device"),
}

# Keywords of Renode's Robot Framework library and of its renode-keywords.robot.
KEYWORDS = {
    "Setup": (),
    "Teardown": (),
    "Reset Emulation": (),
    "Test Teardown": (),
    "Start Emulation": (),
    "Execute Command": ("command", "machine="),
    "Create Terminal Tester": (
        *("uart", "timeout=", "machine=", "endLineOption=", "defaultPauseEmulation="),
    ),
    "Wait For Prompt On Uart": (
        *("prompt", "testerId=", "timeout=", "treatAsRegex=", "pauseEmulation="),
    ),
}

# Renode's own platforms of chips that are on our boards: type and address of our UART, where flash
# and RAM begin. cpus/stm32f4, stm32f746 (for the F767), stm32l552, nrf52840.
PLATFORMS = {
    "stm32f4-discovery": ("cortex-m4", "UART.STM32_UART", 0x4000_4400, 0x0800_0000, 0x2000_0000),
    "nucleo-f767zi": ("cortex-m7", "UART.STM32F7_USART", 0x4000_4800, 0x0800_0000, 0x2000_0000),
    "nucleo-l552ze-q": ("cortex-m33", "UART.STM32F7_USART", 0x4000_8000, 0x0800_0000, 0x2000_0000),
    "nrf52840dk": ("cortex-m4", "UART.NRF52840_UART", 0x4000_2000, 0x0, 0x2000_0000),
}
