"""What makes a recipe's models, as a digest."""

from __future__ import annotations

import hashlib

from mcuforge.recipe import Recipe


def fingerprint(loaded: Recipe) -> str:
    """A digest of the recipe and of all Python that lies beside it, which makes its models."""
    digest = hashlib.sha256()
    for path in sorted({loaded.file, *loaded.folder.glob("*.py")}):
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]
