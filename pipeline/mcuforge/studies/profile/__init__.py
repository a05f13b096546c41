"""`.tflite`, `Board` -> where an inference spends its time: each op and function, in cycles.

What QEMU ran, block by block, by the timings of a core; or what a board's stopwatch says. Knows
nothing of what the kernels compute.
"""
