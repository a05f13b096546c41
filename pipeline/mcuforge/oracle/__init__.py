"""The interpreters that a model's outputs are compared with.

`.tflite`, inputs -> the bytes that TFLM and LiteRT compute. Knows nothing of our kernels.

`tflm` is the oracle: TensorFlow Lite Micro's own kernels on the host. `litert` is shown beside it.
Both run in a child process (`worker`), because they abort or segfault on models that they do not
like; `engine` is the interface that they share.
"""
