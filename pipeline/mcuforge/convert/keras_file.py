"""What can be said about a `.keras` file without Keras."""

from __future__ import annotations

import zipfile
from pathlib import Path

from mcuforge.errors import ModelError

_MEMBERS = ("config.json", "metadata.json", "model.weights.h5")


def check_keras_file(path: Path) -> None:
    """Raise `ModelError` unless `path` is an undamaged `.keras` archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            missing = [name for name in _MEMBERS if name not in archive.namelist()]
            damaged = archive.testzip()
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file. Train the model or name another file.") from None
    except IsADirectoryError:
        raise ModelError(f"{path}: a folder, not a .keras file.") from None
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
