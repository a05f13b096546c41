"""A `.tflite` as an object to change: upsamplings and rescalings rewritten, names restored.

Knows the file format and what ops mean, and nothing of Keras or of kernels.
"""
