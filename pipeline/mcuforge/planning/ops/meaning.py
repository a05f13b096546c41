"""What TFLM's kernels take for granted of a file's quantisation.

Some kernels never look at part of it: they copy bytes, clamp without rescaling, or add a bias as
it is. Where the file says something else, TFLM computes other values than the file means, exactly
and on every device. These constraints refuse such models. The tolerance is one step of the output:
what two ways of rounding the same real value may differ by.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import DType, Graph, Op, Quantization, Tensor
from mcuforge.planning.ops import Constraint

MAX_STEPS = 1.0
MAX_FUNCTION_STEPS = 3.0  # what fixed-point approximations of a function may be off by
_FLOAT32_ROUNDING = 2.0**-22
_INTEGERS = (DType.INT8, DType.UINT8, DType.INT16)

RealArray = npt.NDArray[np.float64]


def rescaled(
    values: npt.NDArray[np.int64],
    source: Quantization,
    target: Quantization,
    low: float = -np.inf,
    high: float = np.inf,
) -> RealArray:
    """Stored values as the file means them, clamped to real bounds, in steps of `target`."""
    real = np.clip(source.scale * (values - source.zero_point), low, high)
    return np.asarray(real / target.scale + target.zero_point, np.float64)


def steps_apart(computed: npt.NDArray[np.int64], meant: RealArray, dtype: DType) -> float:
    """The largest difference, in steps, of what is computed from what is meant.

    What is meant saturates where `dtype` ends.
    """
    limits = np.iinfo(dtype.value)
    return float(np.abs(np.rint(np.clip(meant, limits.min, limits.max)) - computed).max())


def all_values(dtype: DType) -> npt.NDArray[np.int64]:
    """Every value of int8, uint8 or int16."""
    limits = np.iinfo(dtype.value)
    return np.arange(limits.min, limits.max + 1, dtype=np.int64)


def constraint_copies(graph: Graph, op: Op) -> str | None:
    """TFLM rescales nothing in this op, so that input and output must be quantised alike, to one
    step of the output; a QUANTIZE before it is computed as meant, and `mcuforge convert` writes it.
    """
    return copied(graph.input(op, 0), graph.output(op))


def copied(source: Tensor, target: Tensor) -> str | None:
    """What is wrong where values of `source` are taken for those of `target`, as they are."""
    pair = _per_tensor(source), _per_tensor(target)
    if source.dtype not in _INTEGERS or pair[0] is None or pair[1] is None or pair[0] == pair[1]:
        return None
    values = all_values(source.dtype)
    apart = steps_apart(values, rescaled(values, pair[0], pair[1]), source.dtype)
    return None if apart <= MAX_STEPS else off(pair[0], pair[1], apart)


def off(source: Quantization, target: Quantization, steps: float) -> str:
    """What is wrong, in words."""
    return (
        f"scale {source.scale:g} and zero point {source.zero_point} become {target.scale:g} and "
        f"{target.zero_point}, so that TFLM's results would be up to {steps:.0f} steps from what "
        "the file means"
    )


def _per_tensor(tensor: Tensor) -> Quantization | None:
    q = tensor.quantization
    return None if q is None or q.per_channel else q


def constraint_bias_scale(source: int, weights: int, bias: int) -> Constraint:
    """A constraint on the bias; the arguments are the positions of the op's inputs."""

    def constraint_bias_is_in_products(graph: Graph, op: Op) -> str | None:
        """TFLM adds the bias as it is: its scale is the input's times the weights', so far that no
        output is off by more than one step."""
        values, apart = _bias_steps(graph, op, source, weights, bias)
        worst = int(np.argmax(apart)) if apart.size else 0
        if not apart.size or apart[worst] <= MAX_STEPS:
            return None
        return (
            f"the bias {values[worst]:.0f} of channel {worst} has another scale, so that TFLM's "
            f"results would be {apart[worst]:.4g} steps from what the file means"
        )

    return constraint_bias_is_in_products


def _bias_steps(
    graph: Graph, op: Op, source: int, weights: int, bias: int
) -> tuple[RealArray, RealArray]:
    """Biases, and by how many steps of the output each is taken wrongly; empty without a scale."""
    stored = graph.optional_input(op, bias)
    tensors = graph.input(op, source), graph.input(op, weights), graph.output(op)
    scales = [t.quantization for t in tensors]
    nothing = np.zeros(0)
    if stored is None or stored.data is None or stored.quantization is None or None in scales:
        return nothing, nothing
    given, filters, target = (np.asarray(q.scales, np.float64) for q in scales if q is not None)
    values = stored.data.astype(np.float64).reshape(-1)
    said = np.asarray(stored.quantization.scales, np.float64)
    product = given * filters
    # A file stores the product as float32.
    differs = np.abs(said - product) > _FLOAT32_ROUNDING * product
    with np.errstate(over="ignore"):
        apart = np.abs(values * np.where(differs, said - product, 0.0)) / target
    return values, apart
