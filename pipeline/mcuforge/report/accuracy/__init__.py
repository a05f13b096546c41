"""How good a model is on its golden samples, in figures that a page shows and JSON keeps.

Arrays of truth, of the float model's outputs and of the device's -> dataclasses of plain, rounded
numbers, bounded in size whatever the samples. NumPy only; knows nothing of engines or pages.
"""
