"""Where firmware, templates and example models are, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def license_file() -> Path:
    """The LICENSE that every emitted project gets a copy of; it lies beside the folders below."""
    return data_dir("firmware").parent / "LICENSE"


def data_dir(name: str) -> Path:
    """The folder `firmware`, `templates` or `models`, of which a wheel holds a few.

    In a wheel they lie inside the package (`_data/`), in a checkout at the top of the repository.
    Raises `FileNotFoundError` where neither exists: the installation is broken.
    """
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parents[1] / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"{name}/ is missing from this installation of mcuforge")
