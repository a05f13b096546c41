"""Messages of named arrays: as they were sent, or refused."""

from __future__ import annotations

import numpy as np
import pytest

from mcuforge.processes import framing


def test_a_message_is_unpacked_as_it_was_packed() -> None:
    arrays = {"a": np.arange(6, dtype=np.int64).reshape(2, 3), "b": np.array(-0.0)}
    header, unpacked = framing.unpack(framing.pack({"engine": "tflm"}, arrays))
    assert header == {"engine": "tflm"}
    assert {k: (v.dtype, v.shape, v.tobytes()) for k, v in unpacked.items()} == {
        k: (v.dtype, v.shape, v.tobytes()) for k, v in arrays.items()
    }


def test_arrays_of_objects_are_refused() -> None:
    with pytest.raises(TypeError, match="Python objects"):
        framing.pack({}, {"a": np.array([object()])})


@pytest.mark.parametrize("cut", [0, 1, 50, 200])
def test_half_a_message_is_refused(cut: int) -> None:
    with pytest.raises(framing.FramingError):
        framing.unpack(framing.pack({}, {"a": np.zeros(100)})[:cut])
