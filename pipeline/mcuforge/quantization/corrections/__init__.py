"""What makes up for rounding: biases corrected, weights equalised across layers.

A float `.tflite`, samples -> the same with other weights and biases. Knows nothing of how ranges
are chosen.
"""
