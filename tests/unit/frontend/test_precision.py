"""What is said of a model of which nothing is int8."""

from __future__ import annotations

from dataclasses import replace

import pytest
from graphs import relu_chain

from mcuforge.frontend import precision
from mcuforge.frontend.graph import DType

F, U, I8, I16, I32 = DType.FLOAT32, DType.UINT8, DType.INT8, DType.INT16, DType.INT32


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ((F, F, F), "not quantised"),
        ((F, F, I32), "not quantised"),
        ((F, F, DType.BOOL), "not quantised"),
        ((DType.FLOAT16, F, F), "not quantised"),
        ((U, U, U), "not to int8"),
        ((U, U, F), "not to int8"),  # a detector whose boxes are sorted in float
        ((U, F, F), "not quantised"),  # an image that is cast to float
        ((F, I8, F), None),
        ((I16, F, F), None),
        ((I32, I32, I32), None),
    ],
)
def test_what_most_ops_compute_in_is_named(inputs: tuple[DType, ...], words: str | None) -> None:
    chain = relu_chain(3)
    types = dict(enumerate(inputs))
    tensors = [replace(t, dtype=types.get(t.index, t.dtype)) for t in chain.tensors]
    said = precision.obstacle(replace(chain, tensors=tuple(tensors)))
    assert said is None if words is None else said is not None and words in said


@pytest.mark.parametrize(
    ("inputs", "width"),
    [((I8, I8, I8), "int8"), ((I16, I16, I8), "16x8"), ((F, I16, I32), "16x8"), ((F, F), "int8")],
)
def test_the_width_of_an_accepted_model(inputs: tuple[DType, ...], width: str) -> None:
    chain = relu_chain(len(inputs))
    types = dict(enumerate(inputs))
    tensors = [replace(t, dtype=types.get(t.index, t.dtype)) for t in chain.tensors]
    assert precision.width(replace(chain, tensors=tuple(tensors))) == width
