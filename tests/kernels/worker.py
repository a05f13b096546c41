"""Runs single-op models through reader, planner and sanitised kernels. A child process.

It is started with AddressSanitizer preloaded, and every buffer that a kernel sees is its own
malloc of the exact size, so that one byte read or written outside aborts with a report. Kernels
that can leave a gap after every pixel of the output do so in a further run. Reads pickled lists of
(model, inputs) on stdin until it ends, and answers each with pickled outputs on stdout: for each
case, for each library that is named, a list.
"""

from __future__ import annotations

import ctypes
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent))

import gaps
from c_struct import filled
from choices import Choices

from mcuforge.emit import kernel_signatures
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import Graph, Op
from mcuforge.frontend.passes.resolve_variables import resolve_variables
from mcuforge.frontend.passes.widen_int4_weights import widen_int4_weights
from mcuforge.frontend.verify import verify
from mcuforge.planning import ops
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.row_plan import RowOp
from mcuforge.planning.rows import row_op
from mcuforge.planning.target import Target

FILL = 0xA5  # of memory that was not written
_LIBC = ctypes.CDLL(None)
_LIBC.malloc.restype = ctypes.c_void_p
_LIBC.malloc.argtypes = [ctypes.c_size_t]
_LIBC.free.argtypes = [ctypes.c_void_p]


class Heap:
    """Exact-size allocations, freed together."""

    def __init__(self) -> None:
        self._blocks: list[int] = []

    def bytes(self, count: int, fill: int = FILL) -> int:
        address = _LIBC.malloc(count)
        self._blocks.append(address)
        ctypes.memset(address, fill, count)
        return int(address)

    def array(self, values: npt.NDArray[Any]) -> int:
        content = np.ascontiguousarray(values).tobytes()
        address = self.bytes(len(content))
        ctypes.memmove(address, content, len(content))
        return address

    def structure(self, values: ctypes.Structure) -> int:
        address = self.bytes(ctypes.sizeof(values))
        ctypes.memmove(address, ctypes.byref(values), ctypes.sizeof(values))
        return address

    def free(self) -> None:
        for address in self._blocks:
            _LIBC.free(address)


def run(
    libraries: dict[str, ctypes.CDLL], model: bytes, steps: list[list[npt.NDArray[Any]]]
) -> list[list[Any]]:
    """Outputs of the model's only op, step by step, as each library computes it."""
    read = tflite_reader.read_bytes(model, "case")
    graph = widen_int4_weights(resolve_variables(verify(read)))
    op = graph.ops[0]
    operator = OPERATORS[op.kind]
    ops.check(operator, graph, op)
    if operator.view(graph, op):
        return [_views(graph, op, operator.viewed_input, steps[0])] * len(libraries)
    calls = operator.lower(graph, op)
    choices = Choices(graph, op, calls)
    by_rows = row_op.of(graph, op, lambda call: call)
    results, gap = [], gaps.of_case(model)
    for name, library in libraries.items():
        print(f"in {name}", file=sys.stderr, flush=True)
        results.append(_run_op(library, graph, op, calls, steps))
        _assert_gaps_are_left(library, graph, op, calls, steps[0], results[-1][0], gap)
        for others in choices.on(Target(name.split("-")[0])):
            _assert_same(results[-1], _run_op(library, graph, op, others, steps), others[0].kernel)
            _assert_gaps_are_left(library, graph, op, others, steps[0], results[-1][0], gap)
        if by_rows is not None and by_rows.accumulates:
            made = by_rows.in_steps()
            kernel = made.calls[0][0].kernel
            _assert_same(results[-1], _accumulated(library, graph, made, steps), kernel)
    return results


def _accumulated(
    library: ctypes.CDLL, graph: Graph, op: RowOp, steps: list[list[npt.NDArray[Any]]]
) -> list[Any]:
    """What an op makes that sees the rows of its input one by one."""
    results, heap, output = [], Heap(), graph.tensor(op.output)
    for (picture,) in steps:
        scratch = {op.scratch_bytes: heap.bytes(op.scratch_bytes)} if op.scratch_bytes else {}
        place = heap.bytes(output.bytes)
        for row, kind in enumerate(op.kinds):
            addresses = {op.reads[0][0]: heap.array(picture[:, row]), op.output: place}
            for call in op.calls[kind]:
                _call(library, heap, call, addresses, scratch)
        content = ctypes.string_at(place, output.bytes)
        results.append(np.frombuffer(content, output.dtype.value).reshape(output.shape))
    heap.free()
    return results


def _assert_same(expected: list[Any], outputs: list[Any], kernel: str) -> None:
    if any(a.tobytes() != b.tobytes() for a, b in zip(expected, outputs, strict=True)):
        raise AssertionError(f"{kernel} differs from the kernel that it replaces")


def _assert_gaps_are_left(
    library: ctypes.CDLL,
    graph: Graph,
    op: Op,
    calls: tuple[KernelCall, ...],
    inputs: list[npt.NDArray[Any]],
    expected: npt.NDArray[Any],
    gap: int,
) -> None:
    """Runs the op with `gap` elements after every pixel, where its kernels can."""
    made = gaps.leaving(graph, op, calls, gap)
    if made is None:
        return
    heap, wanted = Heap(), gaps.spread(expected, gap, FILL)
    addresses = _kept(heap, graph) | dict(zip(graph.inputs, map(heap.array, inputs), strict=True))
    place = addresses[op.outputs[0]] = heap.bytes(len(wanted))
    _run_step(library, heap, graph, op, made, addresses, overlay=None)
    found = ctypes.string_at(place, len(wanted))
    heap.free()
    if found != wanted:
        raise AssertionError(f"{made[0].kernel} differs where it leaves gaps of {gap}")


def _views(graph: Graph, op: Op, viewed: int, inputs: list[npt.NDArray[Any]]) -> list[Any]:
    """The op's outputs, which lie in its input one after the other."""
    content, results = inputs[graph.inputs.index(op.inputs[viewed])].tobytes(), []
    for tensor in map(graph.tensor, op.outputs):
        values = np.frombuffer(content[: tensor.bytes], tensor.dtype.value)
        results.append(values.reshape(tensor.shape))
        content = content[tensor.bytes :]
    return results


def _run_op(
    library: ctypes.CDLL,
    graph: Graph,
    op: Op,
    calls: tuple[KernelCall, ...],
    steps: list[list[npt.NDArray[Any]]],
) -> list[Any]:
    """Runs the op again with the output as far into each input as the call allows."""
    outputs = _run_calls(library, graph, op, calls, steps, overlay=None)
    for position in _overlays(graph, calls):
        again = _run_calls(library, graph, op, calls, steps, overlay=position)
        if any(a.tobytes() != b.tobytes() for a, b in zip(outputs, again, strict=True)):
            distance = calls[0].overlaps[position]
            raise AssertionError(f"{calls[0].kernel} differs where it overlaps by {distance}")
    return outputs


def _overlays(graph: Graph, calls: tuple[KernelCall, ...]) -> list[int]:
    """The inputs of the first call that its output may run into, and nothing else reads."""
    every = [tensor for call in calls for tensor in call.inputs]
    return [
        position
        for position in calls[0].overlaps
        if (tensor := calls[0].inputs[position]) in graph.inputs and every.count(tensor) == 1
    ]


def _overlay(
    heap: Heap, graph: Graph, call: KernelCall, position: int, addresses: dict[int, int]
) -> None:
    """Moves input and output into one allocation, the output as high as the call allows."""
    source, target = graph.tensor(call.inputs[position]), graph.tensor(call.output)
    alignment = max(source.bytes // source.elements, target.bytes // target.elements)
    distance = call.overlaps[position] // alignment * alignment
    before = max(-distance, 0)
    size = max(before + source.bytes, before + distance + target.bytes)
    base = heap.bytes(size)
    ctypes.memmove(base + before, addresses[source.index], source.bytes)
    addresses[source.index] = base + before
    addresses[target.index] = base + before + distance


def _run_calls(
    library: ctypes.CDLL,
    graph: Graph,
    op: Op,
    calls: tuple[KernelCall, ...],
    steps: list[list[npt.NDArray[Any]]],
    overlay: int | None,
) -> list[Any]:
    heap = Heap()
    kept = _kept(heap, graph)
    results = []
    for inputs in steps:
        addresses = kept | dict(zip(graph.inputs, map(heap.array, inputs), strict=True))
        results += _run_step(library, heap, graph, op, calls, addresses, overlay)
    heap.free()
    return results


def _kept(heap: Heap, graph: Graph) -> dict[int, int]:
    """Where variables and constants lie, by tensor."""
    kept = {v.tensor: heap.array(v.first) for v in graph.variables}
    for tensor in graph.tensors:
        if tensor.data is not None:
            kept[tensor.index] = heap.array(tensor.data)
    return kept


def _run_step(
    library: ctypes.CDLL,
    heap: Heap,
    graph: Graph,
    op: Op,
    calls: tuple[KernelCall, ...],
    addresses: dict[int, int],
    overlay: int | None,
) -> list[Any]:
    if overlay is not None:
        _overlay(heap, graph, calls[0], overlay, addresses)
    for index in op.outputs:
        addresses.setdefault(index, heap.bytes(graph.tensor(index).bytes))
    sizes = {call.scratch_bytes for call in calls if call.scratch_bytes}
    scratch = {size: heap.bytes(size) for size in sizes}  # calls of an op share theirs
    for call in calls:
        _call(library, heap, call, addresses, scratch)
    results = []
    for index in graph.outputs:
        tensor = graph.tensor(index)
        content = ctypes.string_at(addresses[index], tensor.bytes)
        results.append(np.frombuffer(content, tensor.dtype.value).reshape(tensor.shape))
    return results


def _call(
    library: ctypes.CDLL,
    heap: Heap,
    call: KernelCall,
    addresses: dict[int, int],
    scratch: dict[int, int],
) -> None:
    params = filled(call.params, heap.array)
    arguments = [ctypes.c_void_p(heap.structure(params))]
    arguments += [ctypes.c_void_p(addresses[i]) for i in (*call.inputs, call.output)]
    if call.scratch_bytes:
        arguments.append(ctypes.c_void_p(scratch[call.scratch_bytes]))
    function = getattr(library, f"nn_{call.kernel}")
    may_fail = kernel_signatures.of(call.kernel).may_fail
    function.restype = ctypes.c_bool if may_fail else None
    if function(*arguments) is False:
        raise AssertionError(f"{call.kernel} failed")


def main() -> None:
    libraries = {Path(path).stem: ctypes.CDLL(path) for path in sys.argv[1:]}
    while True:
        try:
            cases = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        results = []
        for number, (model, steps) in enumerate(cases):
            print(f"case {number}", file=sys.stderr, flush=True)
            results.append(run(libraries, model, steps))
        pickle.dump(results, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
