"""`Device`s, `.tflite` and samples -> `Verdict`: do they compute the same bytes, and how well?

Knows nothing of engines but their outputs; it neither builds nor starts them.
"""
