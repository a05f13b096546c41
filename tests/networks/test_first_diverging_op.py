"""The first op that differs is named where ops run in another order, or rows are read through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import branches
import generator
import numpy as np
import pytest
import running
from network import Network
from running import Trial

from mcuforge import boards, planning
from mcuforge.build import build
from mcuforge.device.client import Device
from mcuforge.emit import project
from mcuforge.planning.plan import Plan
from mcuforge.proof import divergence
from mcuforge.samples import quantised

SEEDS = range(60)


@dataclass(frozen=True, eq=False)
class Fault:
    """A model, what the oracle makes of it, and firmware whose op at a position is another."""

    right: Trial
    expected: list[running.Array]  # result by result
    firmware: Plan
    position: int

    def said(self, folder: Path, *, arranges_wrongly: bool = False) -> str:
        """What is said when they are compared, where the kernel `arrange` may be wrong too."""
        project.emit(self.firmware, boards.load("host"), folder)
        if arranges_wrongly:
            kernel = folder / "kernels" / "arrange.c"
            source = kernel.read_text()
            assert source.endswith("    }\n}\n")
            kernel.write_text(source.removesuffix("}\n") + "    *(int8_t *)output ^= 1;\n}\n")
        expected = divergence.trace_outputs("TFLM", self.expected)
        with Device.spawn([str(build(folder, "host").elf)]) as device:
            actual = divergence.trace_device("the host", device, self.right.steps[0])
            found = divergence.first(self.right.plan, expected, actual)
        assert found is not None and "the host and TFLM part at" in found
        return found


def moved(plan: Plan) -> set[int]:
    """Positions of ops that have another one in the file."""
    return {at for at, op in enumerate(plan.graph.ops) if op.index != at}


def read_through(plan: Plan) -> set[int]:
    """Positions of ops whose output has no memory."""
    hidden = {op.output for s in plan.segments for op in s.ops if op.is_read_through}
    return {at for at, op in enumerate(plan.graph.ops) if hidden.intersection(op.outputs)}


def arranged(plan: Plan) -> set[int]:
    """Positions of ops whose rows the kernel `arrange` puts into memory: theirs differ where it is
    wrong, as well as those that are read through."""
    made = {
        op.output
        for s in plan.segments
        for op in s.ops
        if any(c.kernel == "arrange" and c.output == op.output for call in op.calls for c in call)
    }
    return {at for at, op in enumerate(plan.graph.ops) if made.intersection(op.outputs)}


def readers(plan: Plan) -> set[int]:
    """Positions of ops that read through others."""
    ops = plan.graph.ops
    hidden = {tensor for at in read_through(plan) for tensor in ops[at].outputs}
    return {at for at, op in enumerate(ops) if hidden.intersection(op.inputs)} - read_through(plan)


def planned(network: Network, folder: Path, budget: int | None) -> Trial:
    path = folder / "model.tflite"
    path.write_bytes(network.tflite())
    plan = planning.make_plan(path, budget=budget)
    return Trial("model", network.tflite(), plan, [quantised.random_samples(plan.graph, 1)[0]])


def computed(trial: Trial) -> list[running.Array]:
    (answer,) = running.oracle([trial])
    assert not isinstance(answer, str), answer
    return list(answer[0][0])


def damaged(network: Network, number: int) -> Network | None:
    """The network with other weights in one op; None where it has none of its own."""
    for index in network.nodes[number].inputs:
        spec = network.tensors[index]
        if spec.data is not None and spec.dtype == "int8" and len(network.readers(index)) == 1:
            found = copy(network)
            found.tensors = list(network.tensors)
            found.tensors[index] = replace(spec, data=-np.maximum(spec.data, -127))
            return found
    return None


def with_gaps(plan: Plan) -> set[int]:
    """Positions of ops that write their output among the bytes of others."""
    return {at for at, op in enumerate(plan.graph.ops) if plan.gaps.keys() & set(op.outputs)}


def faults(
    places: Callable[[Plan], set[int]],
    budget: int | None,
    folder: Path,
    drawn: Callable[[int], Network] = generator.arranged,
) -> Iterator[Fault]:
    """Of networks with ops at such places, one of which has wrong weights: it shows there first."""
    for seed in SEEDS:
        network = drawn(seed)
        right = planned(network, folder, budget)
        for position in sorted(places(right.plan), reverse=True):
            other = damaged(network, right.plan.graph.ops[position].index)
            if other is None:
                continue
            wrong = replace(planned(other, folder, budget), steps=right.steps)
            expected = computed(right)
            pairs = zip(right.plan.graph.results(), expected, computed(wrong), strict=True)
            if position in [at for (at, _), a, b in pairs if not np.array_equal(a, b)][:1]:
                yield Fault(right, expected, wrong.plan, position)


def test_of_ops_in_another_order(tmp_path: Path) -> None:
    """By its place in the plan, as reports number ops, and by that in the file."""
    fault = next(faults(moved, None, tmp_path))
    at, op = fault.position, fault.right.plan.graph.ops[fault.position]
    said = fault.said(tmp_path / "project")
    assert f"part at op {at}, {op.kind} (op {op.index} of the file, layer " in said


def test_that_writes_among_the_bytes_of_others(tmp_path: Path) -> None:
    """It is told of in runs, which make the output that the oracle has."""
    fault = next(faults(with_gaps, None, tmp_path, branches.branches))
    at, op = fault.position, fault.right.plan.graph.ops[fault.position]
    assert f"part at op {at}, {op.kind} (" in fault.said(tmp_path / "wrong")
    right = replace(fault, firmware=fault.right.plan)
    project.emit(right.firmware, boards.load("host"), tmp_path / "right")
    with Device.spawn([str(build(tmp_path / "right", "host").elf)]) as device:
        device.hello(right.firmware.graph.model_hash)
        digests = device.trace(fault.right.steps[0])
        for (_, tensor), digest in zip(fault.firmware.graph.results(), digests, strict=True):
            assert digest.bytes == fault.firmware.graph.tensor(tensor).bytes
        for number, want in enumerate(fault.expected):
            got = device.fetch_op_output(number, fault.right.steps[0])
            assert got == want.tobytes() and digests[number].crc32 == crc32(got)


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Fault:
    """In an op that reads through others, which are not the first ones of the plan, but the first
    ones that are arranged."""
    found = faults(readers, 0, tmp_path_factory.mktemp("reading"))
    plans = ((fault, fault.right.plan) for fault in found)
    return next(
        fault
        for fault, plan in plans
        if min(read_through(plan)) > 0
        and min(read_through(plan) | arranged(plan)) in read_through(plan)
    )


def test_that_reads_rows_through_others(reading: Fault, tmp_path: Path) -> None:
    """It is named, and neither what it reads through nor what follows."""
    at, op = reading.position, reading.right.plan.graph.ops[reading.position]
    assert f"part at op {at}, {op.kind} (" in reading.said(tmp_path)


def test_whose_rows_are_read_through(reading: Fault, tmp_path: Path) -> None:
    """Rows that are put together wrongly are told of those that have no memory, the first one."""
    fault = replace(reading, firmware=reading.right.plan)
    at = min(read_through(fault.firmware))
    said = fault.said(tmp_path, arranges_wrongly=True)
    assert f"part at op {at}, {fault.firmware.graph.ops[at].kind} (" in said
    assert "kernel arrange" in said
