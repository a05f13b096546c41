"""Ops whose options the file leaves out, against the oracle: all of them are 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from draw import Draw
from single_op import Case, Spec, build


def cases() -> Iterator[Case]:
    draw = Draw(3)
    for kind in ("ADD", "SUB", "MUL"):
        ends = [draw.scale(), draw.scale(), draw.scale()]
        specs = [Spec((2, 5), scale=scale, zero_point=draw.zero_point()) for scale in ends]
        yield Case(build(kind, specs[:2], specs[2:]), [draw.int8((2, 5)), draw.int8((2, 5))])
    weights = Spec((4, 5), scale=0.01, data=draw.int8((4, 5), low=-127))
    yield Case(
        build("FULLY_CONNECTED", [Spec((2, 5), scale=0.5), weights], [Spec((2, 4), scale=0.5)]),
        [draw.int8((2, 5))],
    )
    same = Spec((2, 3), scale=0.5)
    yield Case(
        build("CONCATENATION", [same, same], [Spec((4, 3), scale=0.5)]),
        [draw.int8((2, 3)), draw.int8((2, 3))],
    )
    axis = Spec((1,), "int32", None, data=np.array([1], np.int32))
    yield Case(build("MEAN", [same, axis], [Spec((2,), scale=0.25)]), [draw.int8((2, 3))])


def test_options_that_are_left_out(assert_exact: Callable[[Iterable[Case]], None]) -> None:
    assert_exact(cases())
