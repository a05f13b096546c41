"""A Keras model or SavedModel, and samples -> full-integer int8 `.tflite`.

Knows nothing of boards, kernels or C.

    result = convert(recipe)                                   # or
    result = convert(Path("model.keras"), Path("calibration.npz"))
    Path("model.tflite").write_bytes(result.tflite)

TensorFlow runs in a child process, never in this one: importing this package is cheap, the
converter's log noise stays out of the terminal, and its crashes become messages.
"""

from mcuforge.convert.conversion import ConversionResult, convert
from mcuforge.convert.float_reference import all_float_outputs, float_outputs
from mcuforge.model_files.keras_inputs import input_names

__all__ = ["ConversionResult", "all_float_outputs", "convert", "float_outputs", "input_names"]
