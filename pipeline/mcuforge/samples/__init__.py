"""Samples in any form -> arrays as a model takes them, float for calibration, quantised for a run.

Knows a model's inputs, and nothing of what it computes.
"""
