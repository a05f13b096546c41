"""How far an op's output may lie below its dying input so that no byte is lost.

A kernel is a sequence of steps; each reads some input and writes some output, both in ascending
order. With output offset <= input offset + distance, everything that a step overwrites was read by
it or by a step before. That is so where, for every step, what has been written when it reads ends
below the lowest byte that it reads.

The steps are those of nested loops, and of each step the lowest byte that it reads, less the first
that it writes, is a sum of one term a loop: `Gaps`. So the lowest is found loop by loop, whatever
the size of the tensors.

The idea of letting an output run into the tail of its input is known as diagonal memory
optimisation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# What the iterations of a loop add to read - write: the first, then all that may be the lowest.
Gaps = Sequence[int]


def distance(loops: Sequence[Gaps], source_bytes: int, step_bytes: int | None) -> int:
    """The largest sound distance in bytes; negative: the output starts before the input.

    `loops`, outermost first, are the kernel's. A step writes `step_bytes` while it still reads;
    None: it has read all its input when it starts to write. Then the last step may overwrite
    anything, and the first meets nothing that was written.
    """
    if step_bytes is not None:
        return min(source_bytes, sum(map(min, loops)) - step_bytes)
    return min([source_bytes, *_after_the_first(loops)])


def _after_the_first(loops: Sequence[Gaps]) -> list[int]:
    """Candidates for the lowest sum of any step but the first."""
    return [
        sum(loop[0] for loop in loops[:number]) + min(gaps[1:]) + sum(map(min, loops[number + 1 :]))
        for number, gaps in enumerate(loops)
        if len(gaps) > 1
    ]


def linear(extent: int, read: int, write: int) -> Gaps:
    """A loop whose iterations read `read` bytes further on, and write `write` bytes further on."""
    return [i * (read - write) for i in _within((0, 1, extent - 1), extent)]


def table(reads: npt.NDArray[np.int64], write: int) -> Gaps:
    """A loop whose iterations read at `reads` and write `write` bytes further on."""
    gaps = reads - np.arange(len(reads), dtype=np.int64) * write
    return [int(gaps[0]), *([int(gaps[1:].min())] if len(gaps) > 1 else [])]


def window(extent: int, stride: int, padding: int, limit: int, read: int, write: int) -> Gaps:
    """A loop that moves a window by `stride` elements of `read` bytes, clipped to 0 ... `limit`.

    The window begins `padding` elements outside; each iteration writes `write` bytes further on.
    Between the iterations where clipping ends and begins, the gaps are linear.
    """
    ends = [-(-edge // stride) for edge in (padding, padding + limit)]
    at = (0, 1, *(i for end in ends for i in (end - 1, end)), extent - 1)
    return [
        min(max(i * stride - padding, 0), limit) * read - i * write for i in _within(at, extent)
    ]


def windows(
    output: tuple[int, int, int],
    image: tuple[int, int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    pixel: int,
    columns: int = 1,
) -> tuple[Gaps, Gaps, Gaps]:
    """The loops over batches, rows and columns of a sliding window, `columns` of these a step.

    `output` is [batches, height, width], `image` the input's [height, width, bytes of a pixel],
    `padding` what lies above and left of it, `pixel` the bytes of one of the output.
    """
    batches, height, width = output
    rows, row, size = image
    return (
        linear(batches, rows * row * size, height * width * pixel),
        window(height, stride[0], padding[0], rows, row * size, width * pixel),
        window(-(-width // columns), stride[1] * columns, padding[1], row, size, pixel * columns),
    )


def _within(iterations: Sequence[int], extent: int) -> list[int]:
    """Those that the loop has, in order, each once."""
    return sorted({i for i in iterations if 0 <= i < extent})


def elementwise(elements: int, source_bytes: int, target_bytes: int) -> int:
    """Distance of a kernel that reads an element and then writes it. Bytes are of one element."""
    loop = linear(elements, source_bytes, target_bytes)
    return distance([loop], elements * source_bytes, None)
