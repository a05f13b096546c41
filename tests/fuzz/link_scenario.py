"""All that a host asks of a device, each answer either right or refused with one `DeviceError`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import fake_project as fake
import numpy as np
import numpy.typing as npt

from mcuforge.device.client import Device, Link
from mcuforge.device.protocol import LatentRequest, Request
from mcuforge.errors import DeviceError
from mcuforge.studies import latent

QUICK = Link(attempts=30, reply_seconds=0.05, run_seconds=1.5)

Call = Callable[[], bool]


@dataclass
class Outcome:
    """What came of the calls. Anything raised but `DeviceError` is a failure of the test."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def play(device: Device, columns: int, seed: int) -> Outcome:
    """Every call, against a device of 4 rows of so many columns."""
    return _played(_calls(device, columns, seed))


def _played(calls: Iterable[tuple[str, Call]]) -> Outcome:
    outcome = Outcome()
    for name, call in calls:
        try:
            is_right = call()
        except DeviceError as error:
            outcome.refused.append(f"{name}: {error.message}")
            continue
        outcome.right += is_right
        if not is_right:
            outcome.wrong.append(name)
    return outcome


def _calls(device: Device, columns: int, seed: int) -> Iterator[tuple[str, Call]]:
    rng = np.random.default_rng(seed)
    data = rng.integers(-128, 128, (4, columns), np.int8)
    other = rng.integers(-128, 128, (4, columns), np.int8)
    yield "hello", lambda: device.hello(fake.HASH).result_count == 3
    yield "run", lambda: _is_run(device, data)
    yield "stats", lambda: device.stats().arena_used == 8 * columns + 16
    yield "trace", lambda: _is_trace(device, other)
    yield "run", lambda: _is_run(device, other)
    yield "fetch", lambda: _is_fetched(device, data)
    if 12 * 4 * columns < 256:
        yield "latent", lambda: _is_latent(device, columns, seed)
    yield "run", lambda: _is_run(device, data)


def play_features(device: Device, columns: int, seed: int) -> Outcome:
    """Features that the device makes, and runs with them."""
    return _played(_calls_of_features(device, columns, seed))


def _calls_of_features(device: Device, columns: int, seed: int) -> Iterator[tuple[str, Call]]:
    data = np.random.default_rng(seed).integers(-128, 128, (4, columns), np.int8)
    yield "hello", lambda: device.hello(fake.HASH).result_count == 3
    yield "features", lambda: _are_features(device, columns, seed)
    yield "run of features", lambda: _is_run_of_features(device, columns, seed)
    yield "run", lambda: _is_run(device, data)


def _inputs(data: fake.Array) -> list[Any]:
    return [data, np.zeros(1, np.int32)]


def _is_run(device: Device, data: fake.Array) -> bool:
    output = device.run(_inputs(data)).outputs[0]
    return np.array_equal(output.ravel(), fake.expected_ops(data)[2])


def _is_trace(device: Device, data: fake.Array) -> bool:
    digests = [digest.crc32 for digest in device.trace(_inputs(data))]
    return digests == [crc32(e.tobytes()) for e in fake.expected_ops(data)]


def _is_fetched(device: Device, data: fake.Array) -> bool:
    return device.fetch_op_output(1, _inputs(data)) == fake.expected_ops(data)[1].tobytes()


def _raw(columns: int, seed: int) -> tuple[npt.NDArray[np.uint16], fake.Array]:
    """A raw sample, and what fake_front_end.c makes of it."""
    raw = np.random.default_rng(seed).integers(0, 2**15, 4 * columns).astype(np.uint16)
    return raw, (raw ^ raw >> 8).astype(np.uint8).view(np.int8).reshape(4, columns)


def _make(device: Device, raw: npt.NDArray[np.uint16]) -> fake.Array:
    """`features` for a model with a second input."""
    return device._make(raw, device.info.inputs[0]).input


def _are_features(device: Device, columns: int, seed: int) -> bool:
    raw, expected = _raw(columns, seed)
    return np.array_equal(_make(device, raw), expected)


def _is_run_of_features(device: Device, columns: int, seed: int) -> bool:
    raw, expected = _raw(columns, seed + 1)
    _make(device, raw)
    device._exchange(Request.WRITE, struct.pack("<IIi", 1, 0, 0))
    output = device._run().outputs[0]
    return np.array_equal(output.ravel(), fake.expected_ops(expected)[2])


def _is_latent(device: Device, columns: int, seed: int) -> bool:
    """`run_latent` for a model with a second input."""
    size = 4 * columns
    zeros = (0,) * size
    request = LatentRequest(0, 2 * latent.ONE, seed, 3, 0, zeros, zeros, (20 * latent.ONE,) * size)
    expected = np.zeros(size, np.int64)
    point = latent.sample(expected, expected + 20 * latent.ONE, latent.normal(seed, 3, size))
    data = latent.quantize(point, 2 * latent.ONE, 0)
    assert len(device.info.inputs) == 2
    device._exchange(Request.LATENT, request.body())
    device._exchange(Request.WRITE, struct.pack("<IIi", 1, 0, 0))
    output = device._run().outputs[0]
    return np.array_equal(output.ravel(), fake.expected_ops(data.reshape(4, -1))[2])
