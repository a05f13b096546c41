"""Runs emitted C on an 8-bit AVR, whose int has 16 bits, in simavr."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge import boards
from mcuforge.emit import project
from mcuforge.planning.plan import Plan

MCU = "atmega2560"
RAM_BYTES = 8192
# Of those, what the stack of the deepest kernel and the test's own variables take, roughly.
SYSTEM_BYTES = 1200
KERNELS = Path(__file__).parents[2] / "firmware" / "kernels"
GCC = (
    *("avr-gcc", f"-mmcu={MCU}", "-std=c11", "-O2", "-ffunction-sections", "-fdata-sections"),
    *("-Wall", "-Wextra", "-Werror", "-Wconversion"),
)
_TIMEOUT = 120
_MAIN = """
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>
#include <string.h>
#include "m_model.h"

#define SAMPLES {samples}u
static const uint8_t samples[] PROGMEM = {{{data}}};

static void put(char c) {{
    while (!(UCSR0A & (1 << UDRE0))) {{
    }}
    UDR0 = (uint8_t)c;
}}

int main(void) {{
    const uint8_t *next = samples;
    UCSR0B = 1 << TXEN0;
    m_model.init();
    put('>');
    for (uint16_t sample = 0; sample < SAMPLES; ++sample) {{
        for (uint32_t i = 0; i < m_model.input_count; ++i) {{
            memcpy_P(m_model.inputs[i].data, next, (size_t)m_model.inputs[i].bytes);
            next += m_model.inputs[i].bytes;
        }}
        m_model.invoke(NULL, NULL);
        for (uint32_t i = 0; i < m_model.output_count; ++i) {{
            const uint8_t *const output = m_model.outputs[i].data;
            for (uint32_t k = 0; k < m_model.outputs[i].bytes; ++k) {{
                put("0123456789abcdef"[output[k] >> 4]);
                put("0123456789abcdef"[output[k] & 15]);
                if (k % 32 == 31) {{
                    put('\\n');
                }}
            }}
            put('\\n');
        }}
    }}
    put('!');
    put('\\n');
    cli();
    sleep_enable();
    sleep_cpu(); /* which ends simavr */
}}
"""


def missing() -> str | None:
    """What this machine lacks, in Debian's names; None where nothing is missing."""
    if shutil.which("avr-gcc") is None or not Path("/usr/lib/avr/include").is_dir():
        return "no AVR compiler (Debian: gcc-avr, avr-libc)"
    return None if shutil.which("simavr") else "no simavr (Debian: simavr)"


def build_kernels(folder: Path) -> Path:
    """All kernels as a static library, under the names that they have in a project called m."""
    for file in KERNELS.glob("*.[ch]"):
        shutil.copy(file, folder)
    kernels = sorted(folder.glob("*.c"))
    names = [f"#define nn_{kernel.stem} m_nn_{kernel.stem}\n" for kernel in kernels]
    (folder / "nn_names.h").write_text("".join(names))
    for kernel in kernels:
        _run(*GCC, "-c", "-o", kernel.with_suffix(".o"), kernel)
    _run("avr-ar", "rcs", folder / "libkernels.a", *sorted(folder.glob("*.o")))
    return folder / "libkernels.a"


def fits(plan: Plan) -> bool:
    """True where the RAM of an AVR holds the model: constants lie there, too."""
    tables = [value for op in plan.ops for call in op.calls for _, _, value in call.params.arrays()]
    constants = sum(len(np.ascontiguousarray(table).tobytes()) for table in tables)
    return plan.arena.bytes + constants + SYSTEM_BYTES <= RAM_BYTES


def run(
    plan: Plan, samples: Sequence[Sequence[npt.NDArray[Any]]], kernels: Path, folder: Path
) -> list[list[bytes]]:
    """The outputs of the emitted model for each sample, as bytes."""
    content = project.files(plan, boards.load("host"), "m", flavour="arduino")
    sources = []
    for path, text in content.items():
        if path.startswith("src/"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text)
            if path.endswith(".c") and not (KERNELS / Path(path).name).exists():
                sources.append(folder / path)
    data = b"".join(np.ascontiguousarray(v).tobytes() for sample in samples for v in sample)
    main = folder / "main.c"
    main.write_text(_MAIN.format(samples=len(samples), data=",".join(map(str, data))))
    elf = folder / "firmware.elf"
    includes = ("-I", folder / "src", "-I", folder / "src" / "m")
    _run(*GCC, *includes, "-Wl,--gc-sections", "-o", elf, main, *sources, kernels)
    result = subprocess.run(
        ["simavr", "-m", MCU, "-f", "16000000", elf],
        capture_output=True, text=True, errors="replace", timeout=_TIMEOUT, check=False,
    )  # fmt: skip
    text = re.sub(r"\x1b\[\d*m|[\s.]", "", result.stdout + result.stderr)
    received = re.search(r">([0-9a-f]*)!", text)
    assert received is not None, result.stdout + result.stderr
    return _split(bytes.fromhex(received[1]), plan, len(samples))


def _split(data: bytes, plan: Plan, count: int) -> list[list[bytes]]:
    sizes = [plan.graph.tensor(i).bytes for i in plan.graph.outputs]
    assert len(data) == count * sum(sizes)
    ends = np.cumsum(sizes * count).tolist()
    parts = [data[end - size : end] for end, size in zip(ends, sizes * count, strict=True)]
    return [parts[i : i + len(sizes)] for i in range(0, len(parts), len(sizes))]


def _run(*command: object) -> None:
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
