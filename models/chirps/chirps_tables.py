# SPDX-License-Identifier: Apache-2.0
"""The constants of the features, for Python and for C.

    python chirps_tables.py > chirps_tables.h

What is rounded here is the same number in both: chirps_features.py imports it, and the C includes
the header.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

RATE = 4000  # Hz
FRAME = 128
HOP = 64
SAMPLES = 1024
FRAMES = (SAMPLES - FRAME) // HOP + 1
BANDS = 16
LOWEST, HIGHEST = 60.0, 2000.0  # Hz: where the first band begins and the last one ends
ONE = 1 << 15  # of window and twiddles
WEIGHT_BITS = 12

Array = npt.NDArray[Any]


def window() -> Array:
    """Hann, Q15, int32 [128]."""
    return _q15(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME))


def cosines() -> Array:
    """cos(2 pi k / 128), Q15, int32 [64]."""
    return _q15(np.cos(2 * np.pi * np.arange(FRAME // 2) / FRAME))


def sines() -> Array:
    """sin(2 pi k / 128), Q15, int32 [64]."""
    return _q15(np.sin(2 * np.pi * np.arange(FRAME // 2) / FRAME))


def weights() -> Array:
    """Triangles on the mel scale, Q12, int32 [16, 64]: what each bin adds to a band.

    mel(f) = 2595 log10(1 + f / 700) (O'Shaughnessy, 1987).
    """
    mel = 2595 * np.log10(1 + np.array([LOWEST, HIGHEST]) / 700)
    corners = 700 * (10 ** (np.linspace(*mel, BANDS + 2) / 2595) - 1)
    bins = np.arange(FRAME // 2) * RATE / FRAME
    low, middle, high = (corners[i : i + BANDS, np.newaxis] for i in range(3))
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return _rounded((1 << WEIGHT_BITS) * np.clip(np.minimum(rising, falling), 0, 1))


def quarters() -> Array:
    """2 ** (1/4), 2 ** (2/4) and 2 ** (3/4), Q15, int32 [3]."""
    return _rounded(ONE * 2 ** (np.arange(1, 4) / 4))


def header() -> str:
    """chirps_tables.h. Of the weights only those above 0 are there: they lie side by side."""
    filters = weights()
    first = (filters > 0).argmax(axis=1)
    count = (filters > 0).sum(axis=1)
    kept = np.concatenate([row[f : f + n] for row, f, n in zip(filters, first, count, strict=True)])
    sizes = {"SAMPLES": SAMPLES, "FRAME": FRAME, "HOP": HOP, "FRAMES": FRAMES, "BANDS": BANDS}
    arrays = {
        "uint16_t window": window(),
        "int16_t cosines": cosines(),
        "int16_t sines": sines(),
        "uint8_t first_bin": first,
        "uint8_t bin_count": count,
        "uint16_t weights": kept,
        "uint16_t quarters": quarters(),
    }
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0",
        " *",
        " * Made by chirps_tables.py, which says what the numbers are.",
        " */",
        "#ifndef CHIRPS_TABLES_H",
        "#define CHIRPS_TABLES_H",
        "",
        "#include <stdint.h>",
        "",
        *(f"#define CHIRPS_{name} {value}" for name, value in sizes.items()),
        "",
        *(line for name, values in arrays.items() for line in _array(name, values)),
        "#endif",
        "",
    ]
    return "\n".join(lines)


def _array(name: str, values: Array) -> list[str]:
    numbers = [f"{value}," for value in values]
    rows = [numbers[i : i + 12] for i in range(0, len(numbers), 12)]
    return [
        f"static const {name}[{len(values)}] = {{",
        *(f"    {' '.join(row)}" for row in rows),
        "};",
        "",
    ]


def _q15(values: Array) -> Array:
    return np.minimum(_rounded(ONE * values), ONE - 1)


def _rounded(values: Array) -> Array:
    return np.asarray(np.floor(values + 0.5), np.int32)


if __name__ == "__main__":
    sys.stdout.write(header())
