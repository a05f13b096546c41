"""What makes a recipe's models, as a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcuforge.files import typed_toml
from mcuforge.recipe import Recipe

# Keys of a recipe that change no trial. Budgets are settings of a search of their own.
_NO_MATTER = ("summary", "gates", "variants")


def fingerprint(loaded: Recipe, *, trained: bool) -> str:
    """A digest of all that decides what becomes of a recipe's models; comments do not.

    That is what the recipe says, and the Python that lies beside it. Where models are `trained`
    anew the model and the samples that lie there do not matter, as training makes others.
    """
    content = typed_toml.parse(loaded.file)
    said = {key: content[key] for key in sorted(content) if key not in _NO_MATTER}
    # the order of choices stays: trials are drawn in it
    digest = hashlib.sha256(json.dumps(said, default=str).encode())
    for path in sorted({*_code(loaded, content), *(() if trained else _artifacts(loaded))}):
        held = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.name}\0{len(held)}\0".encode())
        digest.update(held)
    return digest.hexdigest()[:16]


def _code(loaded: Recipe, content: dict[str, Any]) -> Iterator[Path]:
    yield from loaded.folder.glob("*.py")
    if loaded.features is not None:
        yield from (loaded.features.python, *loaded.features.c)
    if isinstance(content.get("labels"), str):
        yield loaded.folder / content["labels"]


def _artifacts(loaded: Recipe) -> Iterator[Path]:
    yield loaded.golden
    if loaded.keras is None:
        yield loaded.tflite
    else:
        yield loaded.keras
    if loaded.calibration is not None:
        yield loaded.calibration
