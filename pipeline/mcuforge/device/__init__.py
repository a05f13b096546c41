"""Speaks the harness protocol with firmware: in a simulator, on a board, or on this computer.

Bytes of a link -> replies, all of them checked; knows nothing of models but their sizes.
"""
