"""A model, samples -> what quantisation costs each tensor and strategy, and what to do about it.

Asks `convert` and the oracle; knows nothing of kernels or boards.
"""
