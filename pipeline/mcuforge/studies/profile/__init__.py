"""Where an inference spends its time: for each op and function, instructions and cycles.

`.tflite`, `Board` -> what QEMU ran, block by block, and what a core's timings make of it.
"""
