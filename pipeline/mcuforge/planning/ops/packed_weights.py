"""int4 weights that stay packed in flash, and are unpacked by the kernel each time it runs.

Half the flash, for as much scratch as the op's weights take unpacked, and for some instructions a
weight. The kernel is the one of int8 in any case: the bytes that it computes are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.ops.depthwise_conv2d import DepthwiseConv2dS8Params
from mcuforge.planning.ops.fully_connected import FullyConnectedS8Params
from mcuforge.planning.plan import I32, ArrayU8, CStruct, KernelCall, KernelParams

SCRATCH_ALIGNMENT = 16  # of what follows the weights: `nn_unpack` of nn_unpack.h rounds up to it
_WEIGHTS = 1  # their position among the inputs of the ops that may have some


@dataclass(frozen=True, eq=False)
class PackedWeights(CStruct):
    """Mirror of nn_packed_weights."""

    c_type: ClassVar[str] = "nn_packed_weights"
    packed: ArrayU8
    bytes: I32


@dataclass(frozen=True, eq=False)
class Conv2dS4Params(KernelParams):
    """Mirror of nn_conv2d_s4_params."""

    c_type: ClassVar[str] = "nn_conv2d_s4_params"
    unpacked: Conv2dS8Params
    weights: PackedWeights


@dataclass(frozen=True, eq=False)
class DepthwiseConv2dS4Params(KernelParams):
    """Mirror of nn_depthwise_conv2d_s4_params."""

    c_type: ClassVar[str] = "nn_depthwise_conv2d_s4_params"
    unpacked: DepthwiseConv2dS8Params
    weights: PackedWeights


@dataclass(frozen=True, eq=False)
class FullyConnectedS4Params(KernelParams):
    """Mirror of nn_fully_connected_s4_params."""

    c_type: ClassVar[str] = "nn_fully_connected_s4_params"
    unpacked: FullyConnectedS8Params
    weights: PackedWeights


def kept(graph: Graph, op: Op, calls: Iterable[KernelCall]) -> tuple[KernelCall, ...]:
    """The calls of an op with its weights left packed, where the file packs them."""
    packed = len(op.inputs) > _WEIGHTS and graph.input(op, _WEIGHTS).packed
    return tuple(map(_kept, calls)) if packed else tuple(calls)


def _kept(call: KernelCall) -> KernelCall:
    params = call.params
    if isinstance(params, Conv2dS8Params):
        return _with(call, params.weights, Conv2dS4Params, replace(params, weights=None))
    if isinstance(params, DepthwiseConv2dS8Params):
        return _with(call, params.weights, DepthwiseConv2dS4Params, replace(params, weights=None))
    if isinstance(params, FullyConnectedS8Params):
        return _with(call, params.weights, FullyConnectedS4Params, replace(params, weights=None))
    raise TypeError(f"{call.kernel} has no variant for packed weights")


def _with(
    call: KernelCall,
    weights: npt.NDArray[np.int8] | None,
    made: Callable[[Any, PackedWeights], KernelParams],
    unpacked: KernelParams,
) -> KernelCall:
    """The call with `weights` packed; what it needs of scratch comes after them, unpacked."""
    if weights is None:
        raise ValueError(f"{call.kernel} has no weights")
    values = packed(weights)
    scratch = -(-2 * values.size // SCRATCH_ALIGNMENT) * SCRATCH_ALIGNMENT
    return replace(
        call,
        kernel=call.kernel.replace("_s8", "_s4"),
        params=made(unpacked, PackedWeights(values, values.size)),
        reason=f"{call.reason}; the weights stay int4 in flash, and are unpacked each time",
        scratch_bytes=scratch + call.scratch_bytes,
        uses=(call.kernel,),
    )


def packed(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """Values of -8 ... 7, in their order, two a byte, the first one low."""
    nibbles = weights.reshape(-1).view(np.uint8) & 15
    nibbles = np.pad(nibbles, (0, nibbles.size % 2))
    return np.asarray(nibbles[0::2] | nibbles[1::2] << 4, np.uint8)
