"""The arena that TFLM needs on the device, from what it takes on the host.

TFLM keeps activations and scratch buffers at the head of the arena and its own structs at the tail.

  1. The oracle loads the model on the host and prints what it allocated, by kind.
  2. The head is the same on the device: it holds no pointers. Before it is laid out, TFLM's memory
     planner works there; where the activations are small, that is what counts (`planning_bytes`).
  3. Of the tail, `TfLiteEvalTensor` (24 B) and `NodeAndRegistration` (64 B) consist of pointers and
     halve where pointers have 32 bits. What only the host has, the allocator that records, goes.
     The rest is counted in full: it shrinks as well, or stays.
  4. Optimised kernels take scratch that the oracle's reference kernels do not. The margin is the
     most that CMSIS-NN asks for in one op on this core, and kernel sums and structs for each op.

The margin is a bound from CMSIS-NN's buffer-size functions, not a measurement; `arena_used` on the
device says what is really taken, and `--tighten-arena` writes that back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from mcuforge.errors import ToolError
from mcuforge.frontend.graph import Graph, Op, TransposeConvAttributes
from mcuforge.oracle.tflm import allocation_log

ALIGNMENT = 16
# On a Cortex-M4 450 to 472 B less of the tail were taken, beyond what halves (August 2026).
_HOST_ONLY = 320
_MARGIN_EACH_OP = 16
_INFO_BYTES = {4: 24, 8: 32}  # AllocationInfo, for every tensor, by the size of a pointer
_PLANNED_BYTES = 40  # what GreedyMemoryPlanner keeps for a buffer that it places
_SCRATCH_BUFFERS = {"TRANSPOSE_CONV": 2}  # of one op, at most
_FIXED_PLANNING = 128
_HALVES = ("TfLiteEvalTensor data", "NodeAndRegistration struct")
_TOTAL = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")
_KIND = re.compile(r"'([^']+)' used (\d+) bytes")


@dataclass(frozen=True)
class HostArena:
    """Bytes that TFLM took on the host: `head` activations and scratch, `tail` its structs.

    `pointers` is the part of the tail that consists of pointers.
    """

    head: int
    tail: int
    pointers: int


@dataclass(frozen=True)
class TflmArena:
    """`bytes` to reserve on the device, and how they come about."""

    host: HostArena
    head: int
    tail: int
    margin: int

    @property
    def bytes(self) -> int:
        """Bytes to reserve, a multiple of the alignment."""
        return -(-(self.head + self.tail + self.margin) // ALIGNMENT) * ALIGNMENT


def measure(tflite: bytes) -> HostArena:
    """What TFLM takes on the host. Raises `ModelError`, or `ToolError` without the oracle."""
    return parse(allocation_log(tflite))


def parse(log: str) -> HostArena:
    """What TFLM printed about its allocations. Raises `ToolError` where it is something else."""
    sizes = {name: int(size) for name, size in _TOTAL.findall(log)}
    kinds = {name: int(size) for name, size in _KIND.findall(log)}
    if sizes.keys() != {"total", "head", "tail"} or not all(k in kinds for k in _HALVES):
        raise ToolError(
            "The installed tflite-micro prints its allocations in a form that this mcuforge does "
            "not know. Install the version that mcuforge's pyproject.toml names."
        )
    return HostArena(sizes["head"], sizes["tail"], sum(kinds[k] for k in _HALVES))


def convert(host: HostArena, graph: Graph, *, pointer_bytes: int, vector: bool = True) -> TflmArena:
    """The arena for a device with pointers of that size. `graph` holds every op of the file.

    `vector` says whether the core has MVE, where CMSIS-NN's kernels take other scratch.
    """
    saved = min(host.tail, host.pointers // 2 + _HOST_ONLY) if pointer_bytes == 4 else 0
    head = max(host.head, planning_bytes(graph, pointer_bytes))
    return TflmArena(host, head, host.tail - saved, _margin(graph, vector))


def planning_bytes(graph: Graph, pointer_bytes: int = 4) -> int:
    """A bound of what TFLM's memory planner needs at the head while the model is loaded."""
    scratch = sum(_SCRATCH_BUFFERS.get(op.kind, 1) for op in graph.ops)
    tensors = range(len(graph.tensors))
    placed = sum(graph.tensors[i].data is None for i in tensors) + scratch
    known = len(graph.tensors) + scratch
    return _INFO_BYTES[pointer_bytes] * known + _PLANNED_BYTES * placed + _FIXED_PLANNING


def _margin(graph: Graph, vector: bool) -> int:
    scratch = max((_scratch(graph, op, vector) for op in graph.ops), default=0)
    persistent = sum(_kernel_sums(graph, op, vector) + _MARGIN_EACH_OP for op in graph.ops)
    return scratch + persistent


def _scratch(graph: Graph, op: Op, vector: bool) -> int:
    """The most that CMSIS-NN's kernel of an op asks for beyond the reference kernel."""
    size = _SCRATCH.get(op.kind)
    return size(graph, op, vector) if size else 0


def _columns(taps: int, vector: bool) -> int:
    """Four columns of int8, rounded up to 16 (MVE), or two of int16, rounded up to 4."""
    return 4 * (-(-taps // 16) * 16 if vector else -(-taps // 4) * 4)


def _convolution(graph: Graph, op: Op, vector: bool) -> int:
    return _columns(prod(graph.input(op, 1).shape[1:]), vector)


def _depthwise(graph: Graph, op: Op, vector: bool) -> int:
    """A window of int16. MVE: four windows of 124 channels, or a convolution's columns."""
    _, height, width, channels = graph.input(op, 1).shape
    window = height * width
    if not vector:
        return 2 * window * channels
    return max(4 * window * 124, _columns(window, vector) + window * channels)


def _transposed(graph: Graph, op: Op, vector: bool) -> int:
    """int32 sums of the rows under a filter, or a convolution with the filters turned around.

    The reference kernel takes an int32 for every output, which is then not needed.
    """
    options = op.attributes
    if not isinstance(options, TransposeConvAttributes):
        return 0
    channels, height, width, depth = graph.input(op, 1).shape
    row = (graph.input(op, 2).shape[2] - 1) * options.stride_w + max(width, options.stride_h)
    rows = 4 * row * channels * max(height, options.stride_h)
    taps = height * width * depth
    reference = 4 * graph.output(op).elements
    return max(0, rows - reference, _columns(taps, vector) + taps * channels - reference)


def _average_pool(graph: Graph, op: Op, _vector: bool) -> int:
    """An int32 sum a channel."""
    return 4 * graph.output(op).shape[-1]


_SCRATCH: dict[str, Callable[[Graph, Op, bool], int]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "AVERAGE_POOL_2D": _average_pool,
}


def _kernel_sums(graph: Graph, op: Op, vector: bool) -> int:
    """FULLY_CONNECTED with MVE keeps an int32 for each output."""
    return 4 * graph.output(op).shape[-1] if vector and op.kind == "FULLY_CONNECTED" else 0
