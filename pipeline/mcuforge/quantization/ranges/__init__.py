"""A float `.tflite`, samples -> the range of each activation, and what a range cuts off.

Knows nothing of how a range is written into a file.
"""
