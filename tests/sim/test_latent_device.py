"""Points of a latent space that the device computes: the decoder's outputs are the oracle's."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import fake_project as fake
import numpy as np
import pytest

from mcuforge import boards, planning
from mcuforge.build import build
from mcuforge.device.client import Device
from mcuforge.device.protocol import Request
from mcuforge.emit import project
from mcuforge.errors import DeviceError
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning.plan import Plan
from mcuforge.simulate.qemu import Qemu
from mcuforge.studies import latent

pytestmark = pytest.mark.sim
TFLITE = Path(__file__).parents[2] / "models/vae/artifacts/model.tflite"
SIZE = 8
MALFORMED, RANGE = "is malformed", "no such tensor"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planning.make_plan(TFLITE, "vae")


@pytest.fixture(scope="module", params=["host", "microbit", "mps2-an386"])
def device(
    request: pytest.FixtureRequest, plan: Plan, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Device]:
    """The decoder under sanitizers on this computer, on a Cortex-M0 and on a Cortex-M4."""
    board = boards.load(request.param)
    folder = tmp_path_factory.mktemp(board.name) / "project"
    project.emit(plan, board, folder)
    if board.is_host:
        with Device.spawn([str(build(folder, "host-asan").elf)]) as device:
            device.hello(plan.graph.model_hash)
            yield device
        return
    with Qemu(board, build(folder, board.name).elf) as qemu:
        qemu.device.hello(plan.graph.model_hash)
        yield qemu.device


def test_generated_samples_are_the_oracles(device: Device, plan: Plan) -> None:
    target = latent.LatentInput(plan.graph.tensor(plan.graph.inputs[0]))
    ends = [latent.prior(20, number, SIZE).value() for number in (0, 1)]
    points = [latent.prior(20, number, SIZE) for number in range(10)]
    points += [latent.on_the_way(ends[0], ends[1], step, 7) for step in range(8)]
    sigma = latent.to_q16(np.linspace(0, 300, SIZE))  # far beyond the int8 range
    points += [latent.Point(ends[0], ends[1], sigma, 21845, 2**32 - 1, 2**32 - 4)]
    encoded = [[target.encoded(point.value())] for point in points]
    expected = TFLM.run(TFLITE.read_bytes(), encoded)
    for point, outputs in zip(points, expected, strict=True):
        result = device.run_latent(point.request(target))
        assert np.array_equal(result.outputs[0], outputs[0])
    assert len({o[0].tobytes() for o in expected}) > len(points) - 3  # they are not all alike


def test_bad_requests_change_nothing(device: Device, plan: Plan) -> None:
    target = latent.LatentInput(plan.graph.tensor(plan.graph.inputs[0]))
    good = latent.prior(1, 0, SIZE).request(target).body()
    for body, status in (
        (good[:-1], MALFORMED),
        (good[:16], MALFORMED),
        (good[:-12], RANGE),  # one element less
        (struct.pack("<I", 1) + good[4:], RANGE),  # no such input
        (good[:16] + struct.pack("<I", 65537) + good[20:], RANGE),  # beyond the end
        (good[:4] + b"\xff" * 4 + good[8:], RANGE),  # a scale too small
    ):
        with pytest.raises(DeviceError, match=status):
            device._exchange(Request.LATENT, body)


def test_inputs_that_are_not_int8_take_no_points(host_firmware: Path) -> None:
    with Device.spawn([str(host_firmware)]) as device:
        device.hello(fake.HASH)
        body = struct.pack("<IIIII", 1, 65536, 0, 0, 0) + bytes(12)
        with pytest.raises(DeviceError, match=RANGE):
            device._exchange(Request.LATENT, body)
