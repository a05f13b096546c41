"""FULLY_CONNECTED with Helium: a row, or, where there are several, a convolution."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from mcuforge.planning.ops.fully_connected import FullyConnectedS8Params
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant, conv2d_helium
from mcuforge.planning.variants.dense import as_convolution
from mcuforge.planning.variants.row_helium import of_one_row


def constraint_inputs(call: KernelCall) -> str | None:
    """A row has at least one element."""
    inputs = cast(FullyConnectedS8Params, call.params).inputs
    return None if inputs > 0 else "it has none"


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_fully_connected_helium_s8`; with several rows of `nn_conv2d_helium_s8`."""
    p = cast(FullyConnectedS8Params, call.params)
    assert p.weights is not None
    if p.rows > 1:
        dense = replace(call, kernel="conv2d_s8", params=as_convolution(p))
        return conv2d_helium.make(dense)
    return of_one_row(call, p.output_stage, p.weights, p.inputs)


VARIANT = Variant(
    kernel="fully_connected_helium_s8",
    replaces="fully_connected_s8",
    targets=(Target.HELIUM,),
    constraints=(constraint_inputs,),
    make=make,
)
