"""Samples in the types that inputs have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from graphs import graph

from mcuforge.errors import ModelError
from mcuforge.frontend.graph import DType, Graph, Quantization
from mcuforge.planning.ops.common import STORED_DTYPES
from mcuforge.samples import quantised


def model(dtype: DType, quantization: Quantization | None = None) -> Graph:
    """A model whose input of two elements is its output."""
    made = graph([(1, 2)], [], [0], [0])
    return replace(
        made, tensors=(replace(made.tensors[0], dtype=dtype, quantization=quantization),)
    )


def taken(values: Any, of: Graph) -> Any:
    ((array,),) = quantised.quantize_batch(np.asarray(values), of, "here")
    return array


def test_real_numbers_are_quantised_to_the_type_of_the_input() -> None:
    real = np.float32([[-1e9, 0.75]])
    for dtype, low in ((DType.INT8, -128), (DType.UINT8, 0), (DType.INT16, -32768)):
        array = taken(real, model(dtype, Quantization((0.5,), (3,))))
        assert array.dtype == dtype.value and array.tolist() == [[low, 5]]


def test_numbers_are_taken_as_they_are() -> None:
    assert taken(np.array([[0, 70_000]]), model(DType.INT32)).dtype == np.int32
    assert taken(np.array([[0, 1]], np.uint8), model(DType.BOOL)).tolist() == [[False, True]]
    assert taken(np.array([[-5, 2]], np.int8), model(DType.FLOAT32)).tolist() == [[-5.0, 2.0]]
    for values, dtype in (([[0, 2]], DType.BOOL), ([[0, 2**31]], DType.INT32)):
        with pytest.raises(ModelError, match="does not fit into the input of type"):
            taken(values, model(dtype))
    with pytest.raises(ModelError, match="float32 samples for a int32 input"):
        taken(np.float32([[1, 2]]), model(DType.INT32))


def test_random_samples_have_every_type() -> None:
    for dtype in STORED_DTYPES:
        ((array,),) = quantised.random_samples(model(dtype), 1)
        assert array.dtype == dtype.value and array.shape == (1, 2)
