"""ARG_MAX and ARG_MIN against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]


def cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        rank = draw.integer(1, 6)
        shape = tuple(draw.integer(1, 3 if rank > 4 else 11) for _ in range(rank))
        axis = draw.integer(-rank, rank - 1)
        output = tuple(d for i, d in enumerate(shape) if i != axis % rank)
        options = schema.ArgMaxOptionsT() if kind == "ARG_MAX" else schema.ArgMinOptionsT()
        options.outputType = schema.TensorType.INT32
        number = Spec(draw.choice([(), (1,)]), "int32", None, data=np.array(axis, np.int32))
        source = Spec(shape, scale=draw.scale(), zero_point=draw.zero_point())
        model = build(kind, [source, number], [Spec(output, "int32", None)], options)
        data = draw.int8(shape)
        if draw.chance(0.5):  # ties: the first counts
            data = (data // 64).astype(np.int8)
        yield Case(model, [data], f"{shape} {axis}")


@pytest.mark.parametrize("kind", ["ARG_MAX", "ARG_MIN"])
def test_arg_extrema_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(cases(kind, 0, 80))
