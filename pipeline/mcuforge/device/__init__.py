"""Speaks the harness protocol with firmware: in a simulator, on a board, or on this computer."""
