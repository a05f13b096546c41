"""Files and folders: written whole or not at all, locked, read as typed TOML.

Knows nothing of models, boards or firmware.
"""
