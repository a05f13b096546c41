"""A float `.tflite` and samples -> an int8 one, with ranges of our own choice.

Knows nothing of Keras, nor of firmware.
"""
