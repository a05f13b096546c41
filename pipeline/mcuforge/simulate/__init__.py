"""ELF, `Board` -> a `Device`: firmware run in QEMU or Renode, and what a crash left behind.

Knows nothing of models.
"""
