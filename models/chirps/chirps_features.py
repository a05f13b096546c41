# SPDX-License-Identifier: Apache-2.0
"""A log-mel spectrum in integers: what the model is trained on.

The C beside it gives the same bytes. Each step is the one in chirps_features.c, for all frames at
once. All integers are int64 here; the largest that the C holds in 32 bits is below 2**30.
"""

from __future__ import annotations

from typing import Any

import chirps_tables as tables
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_HALF = tables.ONE // 2


def chirps_features(raw: npt.NDArray[np.int16]) -> npt.NDArray[np.int8]:
    """int16 [1024] -> int8 [15, 16, 1]: four steps an octave of each band's power, less 128."""
    starts = tables.HOP * np.arange(tables.FRAMES)
    frames = raw.astype(np.int64)[starts[:, np.newaxis] + np.arange(tables.FRAME)]
    real, imaginary = _spectrum((frames * tables.window()) >> 8)  # Q7
    power = (real * real + imaginary * imaginary) >> 14  # Q0
    bands = (power @ tables.weights().astype(np.int64).T) >> 8  # Q4
    codes = _log2(bands) - 128
    return np.clip(codes, -128, 127).astype(np.int8)[..., np.newaxis]


def _spectrum(frames: Array) -> tuple[Array, Array]:
    """The first 64 bins of a 128-point FFT, radix 2, decimation in time, of [frames, 128]."""
    bits = tables.FRAME.bit_length() - 1
    order = [int(f"{i:0{bits}b}"[::-1], 2) for i in range(tables.FRAME)]
    real, imaginary = frames[:, order], np.zeros_like(frames)
    half = 1
    while half < tables.FRAME:
        steps = np.arange(half) * (tables.FRAME // 2 // half)
        cosines, sines = tables.cosines()[steps], tables.sines()[steps]
        evens = (np.arange(0, tables.FRAME, 2 * half)[:, np.newaxis] + np.arange(half)).ravel()
        odds = evens + half
        c, s = (np.tile(table, tables.FRAME // 2 // half) for table in (cosines, sines))
        turned_real = (real[:, odds] * c + imaginary[:, odds] * s + _HALF) >> 15
        turned_imaginary = (imaginary[:, odds] * c - real[:, odds] * s + _HALF) >> 15
        real[:, odds], real[:, evens] = real[:, evens] - turned_real, real[:, evens] + turned_real
        imaginary[:, odds], imaginary[:, evens] = (
            imaginary[:, evens] - turned_imaginary,
            imaginary[:, evens] + turned_imaginary,
        )
        half *= 2
    return real[:, : tables.FRAME // 2], imaginary[:, : tables.FRAME // 2]


def _log2(values: Array) -> Array:
    """floor(4 log2(x + 1)), with x + 1 cut to 16 bits below its highest one."""
    numbers = values + 1
    exponents = np.zeros_like(numbers)
    for bit in (32, 16, 8, 4, 2, 1):
        exponents += np.where(numbers >> (exponents + bit) > 0, bit, 0)
    mantissas = np.where(
        exponents > 15,
        numbers >> np.maximum(exponents - 15, 0),
        numbers << np.maximum(15 - exponents, 0),
    )
    return 4 * exponents + sum((mantissas >= q).astype(np.int64) for q in tables.quarters())
