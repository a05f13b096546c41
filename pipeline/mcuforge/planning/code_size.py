"""About how much code takes: for choosing between plans before anything is built.

Measured with GCC at -O2, the most of a Cortex-M0, M4 and M55, and rounded up;
`tests/unit/planning/test_code_size.py` compiles the kernels again.
"""

from __future__ import annotations

from mcuforge.planning.plan import Plan

RUNTIME_BYTES = 5120  # start-up code, the protocol, the engine, and what they take of libc
RUNTIME_RAM_BYTES = 1024  # variables of the engine and the protocol, without the request's buffer
CALL_BYTES = 128  # the parameter struct of a call, and the call
OTHER_KERNEL_BYTES = 1024  # of kernels that are not listed
KERNEL_BYTES = {
    "batch_matmul_s8": 1536,
    "conv2d_dsp_odd_s8": 4992,
    "conv2d_dsp_row_s8": 5568,
    "conv2d_dsp_s8": 4160,
    "conv2d_helium_odd_s8": 3456,
    "conv2d_helium_s8": 2688,
    "conv2d_s16": 2816,
    "conv2d_s4": 128,
    "conv2d_s8": 3584,
    "conv2d_tile_s8": 4096,
    "depthwise_conv2d_dsp_gaps_s8": 4352,
    "depthwise_conv2d_dsp_s8": 4224,
    "depthwise_conv2d_helium_s8": 3328,
    "depthwise_conv2d_pairs_dsp_s8": 1536,
    "depthwise_conv2d_s16": 2432,
    "depthwise_conv2d_s4": 128,
    "depthwise_conv2d_s8": 1280,
    "fully_connected_dsp_s8": 2240,
    "fully_connected_given_s16": 1536,
    "fully_connected_s16": 1920,
    "fully_connected_s4": 128,
    "log_softmax_s8": 1536,
    "lstm_s16": 3328,
    "lstm_s8": 2560,
}


def code_bytes(plan: Plan) -> int:
    """Bytes of flash that everything but constants takes, about."""
    calls = [call for op in plan.ops for call in op.calls]
    kernels = {name for call in calls for name in (call.kernel, *call.uses)}
    sizes = (KERNEL_BYTES.get(name, OTHER_KERNEL_BYTES) for name in kernels)
    return RUNTIME_BYTES + CALL_BYTES * len(calls) + sum(sizes)
