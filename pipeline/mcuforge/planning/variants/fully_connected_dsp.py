"""fully_connected_s8 on cores with DSP instructions: four filters at a time.

Several rows are a convolution of so many pixels, which meets two of them with four filters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt

from mcuforge.planning.ops import overlap
from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.ops.fully_connected import FullyConnectedS8Params
from mcuforge.planning.plan import I32, ArrayI32, ArrayU32, KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant, conv2d_dsp
from mcuforge.planning.variants.channels import Channels, Records
from mcuforge.planning.variants.dense import as_convolution
from mcuforge.planning.variants.dual_weights import (
    dual_records,
    in_pairs,
    pack_dual,
    pack_records,
    steps_of_runs,
)

MOST_EXPANDED = 128  # inputs: what expanding them first saves is worth little scratch only,
EXPANDS_NOT, EXPANDS, EXPANDS_IN_OUTPUT = range(3)  # as in nn.h
LEAST_TO_EXPAND_FOR = 8  # outputs: and it saves something with each four of them


@dataclass(frozen=True, eq=False)
class FullyConnectedDspS8Params(KernelParams):
    """Mirror of nn_fully_connected_dsp_s8_params."""

    c_type: ClassVar[str] = "nn_fully_connected_dsp_s8_params"
    inputs: I32
    outputs: I32
    blocks: I32
    expands: I32
    ties_away: I32
    activation_min: I32
    activation_max: I32
    weights: ArrayU32
    records: ArrayI32


def _params(call: KernelCall) -> FullyConnectedS8Params:
    return cast(FullyConnectedS8Params, call.params)


def _records(params: FullyConnectedS8Params) -> tuple[npt.NDArray[np.int8], Records, str | None]:
    filters = cast(npt.NDArray[np.int8], params.weights)[:, : params.inputs]
    return dual_records(filters, Channels.of(filters, params.output_stage), params.outputs)


def constraint_records(call: KernelCall) -> str | None:
    """With every input, the sums of every other filter stay within 24 bits, and one product, one
    sum and a shift to the right of 1 to 22 make the output of each; 256 times a weight plus that
    of the filter before fits int16."""
    return _records(_params(call))[2]


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_fully_connected_dsp_s8`, or with several rows of `nn_conv2d_dsp_s8`."""
    params = _params(call)
    if params.rows > 1:
        return conv2d_dsp.make(replace(call, params=as_convolution(params)))
    few = params.inputs <= MOST_EXPANDED and params.outputs >= LEAST_TO_EXPAND_FOR
    return _of_one_row(call, EXPANDS if few or not _reads_words(params) else EXPANDS_NOT)


def make_lean(call: KernelCall) -> KernelCall | None:
    """The call that needs no scratch: it expands its only row where the last outputs will be, or
    its bytes as it reads them."""
    params = _params(call)
    if params.rows > 1 or not _reads_words(params):
        return None
    has_room = params.outputs >= 2 * params.inputs + LEAST_TO_EXPAND_FOR
    return _of_one_row(call, EXPANDS_IN_OUTPUT if has_room else EXPANDS_NOT)


def _reads_words(params: FullyConnectedS8Params) -> bool:
    """Whether the inputs are whole words, of which no byte lies outside."""
    return params.inputs % 4 == 0


def _of_one_row(call: KernelCall, expands: int) -> KernelCall:
    params = _params(call)
    stage, (filters, records, _) = params.output_stage, _records(params)
    steps = in_pairs(steps_of_runs(1, params.inputs))
    made = FullyConnectedDspS8Params(
        inputs=params.inputs,
        outputs=params.outputs,
        blocks=len(steps) // 2,
        expands=expands,
        ties_away=int(records.away),
        activation_min=stage.activation_min,
        activation_max=stage.activation_max,
        weights=pack_dual(filters, steps, params.outputs),
        records=pack_records(records, params.outputs),
    )
    row = [overlap.linear(1, params.inputs, params.outputs)]
    written = None if expands == EXPANDS else params.outputs  # while the row is still read
    return replace(
        call,
        kernel="fully_connected_dsp_s8",
        params=made,
        reason="the row meets four filters at once, two of whose weights share an int16",
        scratch_bytes=8 * made.blocks if expands == EXPANDS else 0,
        overlaps={0: overlap.distance(row, params.inputs, written)} if call.overlaps else {},
    )


def make_convolution(call: KernelCall) -> KernelCall:
    """The call of `nn_conv2d_dsp_s8`, or for one pixel that sees one run of the input's bytes of
    `nn_fully_connected_dsp_s8`."""
    dense = _as_dense(call)
    return conv2d_dsp.make(call) if dense is None else make(dense)


def make_lean_convolution(call: KernelCall) -> KernelCall | None:
    """As `make_lean`, of a convolution of one pixel."""
    dense = _as_dense(call)
    return None if dense is None else make_lean(dense)


def _as_dense(call: KernelCall) -> KernelCall | None:
    """The call of a convolution as that of a FULLY_CONNECTED, where it is one."""
    params = cast(Conv2dS8Params, call.params)
    if not _is_one_row(params):
        return None
    window = params.window
    dense = FullyConnectedS8Params(
        output_stage=params.output_stage,
        rows=1,
        inputs=window.filter_height * window.filter_width * params.group_channels,
        outputs=params.output_channels,
        filter_stride=params.filter_stride,
        weights=params.weights,
    )
    return replace(call, params=dense)


def _is_one_row(params: Conv2dS8Params) -> bool:
    """Whether there is one output pixel, whose taps are the input's first ones."""
    sizes, window = params.sizes, params.window
    side_by_side = window.filter_width == 1 or window.dilation_width == 1
    whole_rows = window.filter_width == sizes.input_width and window.dilation_height == 1
    return (
        sizes.output == (1, 1, 1)
        and params.output_start == 0
        and params.group_channels == sizes.input_channels
        and (window.padding_top, window.padding_left) == (0, 0)
        and window.filter_height * window.filter_width > 0
        and window.filter_height <= sizes.input_height
        and window.filter_width <= sizes.input_width
        and side_by_side
        and (window.filter_height == 1 or whole_rows)
    )


CONVOLUTION = replace(conv2d_dsp.VARIANT, make=make_convolution, lean=make_lean_convolution)
VARIANT = Variant(
    kernel="fully_connected_dsp_s8",
    replaces="fully_connected_s8",
    targets=(Target.DSP,),
    constraints=(constraint_records,),
    make=make,
    lean=make_lean,
)
