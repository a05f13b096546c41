"""softmax_s8 of two classes: both probabilities depend on one difference, and are looked up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt

from mcuforge.planning.numerics import (
    INT8_MAX,
    INT8_MIN,
    one_over_one_plus_x,
    rounding_doubling_high_mul,
)
from mcuforge.planning.ops.softmax import SoftmaxS8Params
from mcuforge.planning.plan import I32, ArrayI8, KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant

MOST = 255  # of a difference of two bytes
SUM_INTEGER_BITS = 12  # NN_SUM_INTEGER_BITS of nn_exponentials.h
OUTPUT_BITS = 8


@dataclass(frozen=True, eq=False)
class SoftmaxPairS8Params(KernelParams):
    """Mirror of nn_softmax_pair_s8_params."""

    c_type: ClassVar[str] = "nn_softmax_pair_s8_params"
    rows: I32
    table: ArrayI8


def constraint_two(call: KernelCall) -> str | None:
    """The last axis has two values."""
    depth = cast(SoftmaxS8Params, call.params).depth
    return None if depth == 2 else f"it has {depth}"


def probabilities(exponentials: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
    """The output of a value that is -255 ... 255 more than the other one: int8 [511].

    As nn_softmax_s8 computes it from exponentials of the differences from the larger one.
    """
    larger = np.full(MOST + 1, int(exponentials[0]), np.int64)
    smaller = np.zeros(MOST + 1, np.int64)
    smaller[: len(exponentials)] = exponentials
    rounding = 1 << (SUM_INTEGER_BITS - 1)
    total = (larger + rounding >> SUM_INTEGER_BITS) + (smaller + rounding >> SUM_INTEGER_BITS)
    headroom = np.array([32 - int(value).bit_length() for value in total])
    reciprocal = one_over_one_plus_x((total << headroom) - (1 << 31))
    exponent = SUM_INTEGER_BITS - headroom + 31 - OUTPUT_BITS
    half = (np.int64(1) << exponent) >> 1
    both = [
        ((rounding_doubling_high_mul(reciprocal, e) + half) >> exponent) + INT8_MIN
        for e in (smaller, larger)
    ]
    values = np.concatenate([both[0][:0:-1], both[1]])
    return np.asarray(np.minimum(values, INT8_MAX), np.int8)


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_softmax_pair_s8`."""
    params = cast(SoftmaxS8Params, call.params)
    made = SoftmaxPairS8Params(rows=params.rows, table=probabilities(params.exponentials))
    reason = "both probabilities depend on the difference alone, and come from a table"
    return replace(call, kernel="softmax_pair_s8", params=made, reason=reason)


VARIANT = Variant(
    kernel="softmax_pair_s8",
    replaces="softmax_s8",
    targets=tuple(Target),
    constraints=(constraint_two,),
    make=make,
)
