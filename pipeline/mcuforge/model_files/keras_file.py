"""What can be done with a `.keras` file without Keras."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from mcuforge.errors import ModelError
from mcuforge.files import untrusted
from mcuforge.model_files.kind import Kind, recognise, require_convertible

_OLDEST_DATE = (1980, 1, 1, 0, 0, 0)  # that a zip archive can hold
_MEMBERS = ("config.json", "metadata.json", "model.weights.h5")


def check_keras_file(path: Path) -> None:
    """Raise unless `path` is what conversion takes, a `.keras` archive undamaged.

    `UsageError` where it is missing or something else, `ModelError` where it is damaged.
    """
    require_convertible(path)
    if recognise(path) is not Kind.KERAS:
        return
    untrusted.check_archive(path)
    try:
        with zipfile.ZipFile(path) as archive:
            missing = [name for name in _MEMBERS if name not in archive.namelist()]
            damaged = archive.testzip()
    except Exception as error:  # zipfile raises whatever the damage leads to
        raise ModelError(
            f"{path}: damaged, or not a .keras file ({error}). "
            "Save the model again with Keras 3: model.save('model.keras')."
        ) from error
    if missing or damaged:
        reason = f"without {missing[0]}" if missing else f"{damaged} is damaged"
        raise ModelError(
            f"{path}: not a complete .keras file ({reason}). "
            "Save the model again with Keras 3: model.save('model.keras')."
        )


def make_reproducible(path: Path) -> None:
    """Rewrite a `.keras` archive so that the same model gives the same bytes.

    Takes out the dates, and numbers the shared objects, which Keras names by memory address.
    """
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members["metadata.json"])
    metadata.pop("date_saved", None)
    members["metadata.json"] = json.dumps(metadata).encode()
    config = _numbered(json.loads(members["config.json"]), {})
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _OLDEST_DATE), content)


def _numbered(config: Any, numbers: dict[int, int]) -> Any:
    """The configuration with its shared object ids replaced by 1, 2, ... in order of appearance."""
    if isinstance(config, list):
        return [_numbered(item, numbers) for item in config]
    if not isinstance(config, dict):
        return config
    return {
        key: numbers.setdefault(value, len(numbers) + 1)
        if key == "shared_object_id" and isinstance(value, int)
        else _numbered(value, numbers)
        for key, value in config.items()
    }
