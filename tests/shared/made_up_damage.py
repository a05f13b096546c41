"""The damage of a tensor and of a model, made up."""

from __future__ import annotations

from mcuforge.studies.quantization.analysis import Bars, Damage, TensorDamage, WeightRanges

FINE = TensorDamage(
    tensor="model/conv2d_3/Relu",
    layer="conv2d_3",
    op="CONV_2D",
    scale=2 / 255,
    zero_point=-128,
    low=0.0,
    high=2.0,
    seen_low=0.0,
    seen_high=1.9,
    clipped=0.0,
    sqnr_db=38.0,
    own_sqnr_db=45.0,
    cosine=0.9999,
    max_error=0.02,
    alone=1e-4,
    histogram=Bars(0.0, 2.0, (3, 2, 1)),
)
WEIGHTS = WeightRanges("model/conv2d_3/Relu", "conv2d_3", (-1.0, -0.5), (0.9, 0.5), (0.008,), 40.0)


def damage_of(*tensors: TensorDamage, weights: WeightRanges = WEIGHTS) -> Damage:
    return Damage(tensors, (weights,), 1e-4, 100, 32)
