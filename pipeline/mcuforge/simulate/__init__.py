"""Runs firmware without a board."""
