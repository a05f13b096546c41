"""The front end of a model on the host: raw samples -> what its input holds.

`Features` of a recipe, raw samples -> codes, as the recipe's Python makes them in a child process.
Knows nothing of devices and of C, but that both must give the same bytes.
"""
