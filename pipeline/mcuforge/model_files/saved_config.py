"""A Keras model's file taken apart: its configuration, and the same file with another one."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuforge.errors import ModelError
from mcuforge.files import untrusted
from mcuforge.model_files.kind import Kind, recognise

_CONFIG = "config.json"  # in a `.keras` archive
_WEIGHTS = ".h5"  # how their files end
_ATTRIBUTE = "model_config"  # in an HDF5 file


@dataclass(frozen=True)
class SavedConfig:
    """The configuration in a `.keras` or HDF5 file; `keras_2` where Keras 2 or 1 wrote it."""

    file: Path
    kind: Kind
    config: Any
    keras_2: bool


def read(file: Path) -> SavedConfig:
    """Read a `.keras` archive's or an HDF5 file's configuration. Raises `ModelError`."""
    kind = recognise(file)
    try:
        if kind is Kind.KERAS:
            with zipfile.ZipFile(file) as archive:
                config = _parsed(untrusted.member(archive, _CONFIG))
            return SavedConfig(file, kind, config, keras_2=False)
        import h5py  # comes with Keras

        with h5py.File(file) as content:
            stored = content.attrs.get(_ATTRIBUTE)
            config = None if stored is None else _parsed(_text(stored))
            version = _text(content.attrs.get("keras_version", ""))
    except Exception as error:  # zipfile, json and h5py raise whatever the damage leads to
        raise ModelError(
            f"{file}: not a Keras model that can be loaded ({type(error).__name__}: {error}). "
            "Save it again with model.save('model.keras')."
        ) from error
    if config is None:
        raise ModelError(
            f"{file}: an HDF5 file without a model: weights alone, or other data. Load them into "
            "the model with model.load_weights and write it with model.save('model.keras')."
        )
    return SavedConfig(file, kind, config, keras_2=not version.startswith("3"))


def check_weights(saved: SavedConfig) -> None:
    """Raise `ModelError` where the weights would be far larger in memory than in the file."""
    if saved.kind is not Kind.KERAS:
        untrusted.check_hdf5(saved.file, saved.file)
        return
    untrusted.check_archive(saved.file)
    with zipfile.ZipFile(saved.file) as archive:
        for name in archive.namelist():
            if name.endswith(_WEIGHTS):
                untrusted.check_hdf5(io.BytesIO(archive.read(name)), saved.file)


def _parsed(text: str | bytes) -> Any:
    """Raises `ValueError` where it is no JSON, or nested so deep that nobody could walk through."""
    config = json.loads(text)
    untrusted.check_nesting(config)
    return config


def with_config(saved: SavedConfig, config: Any, folder: Path) -> Path:
    """A file in `folder` that Keras loads: the saved one with another configuration."""
    if saved.kind is Kind.KERAS:
        target = folder / "loaded.keras"  # Keras goes by the suffix
        with zipfile.ZipFile(saved.file) as source, zipfile.ZipFile(target, "w") as copy:
            for name in source.namelist():
                content = json.dumps(config) if name == _CONFIG else source.read(name)
                copy.writestr(name, content)
        return target
    target = folder / "loaded.h5"
    import h5py

    shutil.copyfile(saved.file, target)
    with h5py.File(target, "r+") as content:
        content.attrs[_ATTRIBUTE] = json.dumps(config)
    return target


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
