"""Applies ranges to a float model: litert-quantizer makes the quantised `.tflite`."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ModelError, ToolError
from mcuforge.quantization.corrections.bias_room import weight_bounds
from mcuforge.quantization.float_islands import integrate
from mcuforge.quantization.ranges.observers import Range
from mcuforge.recipe.quantization import Bits, QuantizationSettings
from mcuforge.tflite import flatbuffer
from mcuforge.tflite.rewrite_rescaling import rewrite_rescaling
from mcuforge.wording import extras

_SMALLEST = 1e-6  # a narrower range is a constant zero
_ADVICE = "Convert with the TensorFlow Lite converter instead: --calibration converter."


def apply(model: bytes, ranges: Mapping[str, Range], settings: QuantizationSettings) -> bytes:
    """The quantised `.tflite` of a float one; `ranges` holds one for each activation, by name.

    Raises `ModelError` where the quantizer refuses the model, `ToolError` where it is missing.
    """
    values = {name: _as_statistics(usable(r)) for name, r in ranges.items()}
    quantized = _quantize(model, values, settings)
    bounds = weight_bounds(model, quantized)
    if not bounds:
        return quantized
    values |= {name: _as_bounds(bound) for name, bound in bounds.items()}
    return _quantize(model, values, settings)


def _quantize(model: bytes, values: dict[str, Any], settings: QuantizationSettings) -> bytes:
    quantizer = _load().Quantizer(bytearray(model))
    _configure(quantizer, settings)
    statistics = None if settings.bits is Bits.DYNAMIC else values
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = quantizer.quantize(statistics, enable_progress_report=False)
    except Exception as error:  # whatever a model leads to
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"litert-quantizer refuses the model ({reason}). {_ADVICE}") from error
    # written again with aligned buffers
    packed = flatbuffer.pack(flatbuffer.unpack(bytes(result.quantized_model)))
    return rewrite_rescaling(integrate(packed))


def usable(chosen: Range) -> Range:
    """The range with zero in it, which padding and ReLU need; [0, 1] for a constant zero.

    A tensor that is always c is then stored exactly, as 0 or as the end of [0, c] or [c, 0].
    """
    low, high = min(float(chosen.low), 0.0), max(float(chosen.high), 0.0)
    return Range(low, high) if high - low > _SMALLEST else Range(0.0, 1.0)


def _as_statistics(chosen: Range) -> dict[str, Any]:
    return {"min": np.array([chosen.low], np.float32), "max": np.array([chosen.high], np.float32)}


def _as_bounds(bound: npt.NDArray[np.float64]) -> dict[str, Any]:
    return {"min": -bound.astype(np.float32), "max": bound.astype(np.float32)}


def _load() -> Any:
    try:
        from litert_quantizer import quantizer
    except ImportError as error:
        raise ToolError(
            f"litert-quantizer cannot be loaded ({error}), which applies every range but the "
            f"converter's own. Install with: {extras.pip_install('train')}"
        ) from error
    return quantizer


def _configure(quantizer: Any, settings: QuantizationSettings) -> None:
    from litert_quantizer import qtyping

    granularity = qtyping.QuantGranularity
    weights = qtyping.TensorQuantizationConfig(
        num_bits=8,
        symmetric=True,  # the kernels know nothing else
        granularity=granularity.CHANNELWISE if settings.per_channel else granularity.TENSORWISE,
    )
    activations = qtyping.TensorQuantizationConfig(
        num_bits=8 if settings.bits is Bits.INT8 else 16,
        symmetric=settings.symmetric or settings.bits is Bits.INT16,
    )
    dynamic = settings.bits is Bits.DYNAMIC
    quantizer.update_quantization_recipe(
        regex=".*",
        operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
        op_config=qtyping.OpQuantizationConfig(
            activation_tensor_config=None if dynamic else activations,
            weight_tensor_config=weights,
            compute_precision=qtyping.ComputePrecision.INTEGER,
            explicit_dequantize=False,
        ),
    )
