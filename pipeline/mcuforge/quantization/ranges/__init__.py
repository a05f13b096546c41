"""Samples -> the range of each activation, and what a range cuts off."""
