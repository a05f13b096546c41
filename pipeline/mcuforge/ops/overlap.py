"""How far an op's output may lie below its dying input so that no byte is lost.

A kernel is a sequence of steps; each reads some input and writes some output, both in ascending
order. `distance` takes, for every step, the lowest input byte that it reads and the output byte
after the last one that it writes. With output offset <= input offset + distance, everything that a
step overwrites was read by it or by a step before.

The idea of letting an output run into the tail of its input is known as diagonal memory
optimisation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]


def distance(reads: Int64Array, writes: Int64Array, source_bytes: int, *, reads_first: bool) -> int:
    """The largest sound distance in bytes; negative: the output starts before the input.

    `reads` and `writes` are one-dimensional, a value a step. `reads_first`: a step has read all
    its input when it starts to write. Then the last step may overwrite anything.
    """
    future = np.minimum.accumulate(reads[::-1])[::-1]
    if reads_first:
        future, writes = future[1:], writes[:-1]
    return int(np.min(future - writes, initial=source_bytes))


def windows(
    output: tuple[int, int, int],
    image: tuple[int, int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> Int64Array:
    """The lowest input byte that the window of each output position reads: int64 `output`.

    `output` is [batches, height, width], `image` the input's [height, width, bytes of a pixel],
    `padding` what lies above and left of it.
    """
    batches, height, width = output
    rows, columns, pixel = image
    top = np.clip(np.arange(height) * stride[0] - padding[0], 0, rows)
    left = np.clip(np.arange(width) * stride[1] - padding[1], 0, columns)
    first = np.arange(batches) * rows * columns * pixel
    return np.asarray(
        first[:, None, None] + (top[:, None] * columns + left)[None] * pixel, np.int64
    )


def ends(output: tuple[int, int, int], pixel: int) -> Int64Array:
    """The byte after each output position: int64 [batches, height, width]."""
    batches, height, width = output
    count = batches * height * width
    return (np.arange(1, count + 1, dtype=np.int64) * pixel).reshape(output)


def elementwise(elements: int, source_bytes: int, target_bytes: int) -> int:
    """Distance of a kernel that reads an element and then writes it. Bytes are of one element."""
    steps = np.arange(elements, dtype=np.int64)
    return distance(
        steps * source_bytes,
        (steps + 1) * target_bytes,
        elements * source_bytes,
        reads_first=True,
    )
