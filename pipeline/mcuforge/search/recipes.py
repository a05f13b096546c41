"""The recipe of a trial, which says all that it tries, and the folder that it is picked into."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mcuforge.errors import UsageError
from mcuforge.files import atomic, toml_text, typed_toml
from mcuforge.recipe import FILE_NAME, Recipe
from mcuforge.recipe.search import QUANTIZATION, RUN, Option

ARTIFACTS = {
    ("model", "keras"): "artifacts/model.keras",
    ("model", "tflite"): "artifacts/model.tflite",
    ("model", "encoder"): "artifacts/encoder.keras",
    ("convert", "calibration"): "artifacts/calibration.npz",
    ("evaluation", "golden"): "artifacts/golden.npz",
}
_FILES = (("train", "script"), ("features", "python"))
_LEFT_OUT = ("search", "variants")
_SKIPPED = ("__pycache__", "build", FILE_NAME)


def options(params: Mapping[str, Option]) -> dict[str, Option]:
    """What is chosen of the training script's options."""
    return {name: value for name, value in params.items() if "." not in name}


def chosen(params: Mapping[str, Option], table: str) -> dict[str, Option]:
    """What is chosen of another table, by the names there."""
    parts = ((name.partition("."), value) for name, value in params.items())
    return {name: value for (prefix, dot, name), value in parts if dot and prefix == table}


def quantization(params: Mapping[str, Option]) -> dict[str, Option]:
    """What is chosen of `[quantization]`."""
    return chosen(params, QUANTIZATION)


def run_options(params: Mapping[str, Option]) -> dict[str, Option]:
    """What is chosen of the options of `mcuforge run`."""
    return chosen(params, RUN)


def write(
    recipe: Recipe,
    params: Mapping[str, Option],
    epochs: int | None,
    bounds: Mapping[str, int],
    folder: Path,
    *,
    trains: bool,
) -> Path:
    """Write the recipe of a trial into its folder: its files are told from there.

    Those that training makes are in `artifacts` there, where it `trains`; all others stay.
    """
    content = _content(recipe, params, epochs, bounds)
    for table, key in (*ARTIFACTS, *_FILES):
        if key in content.get(table, {}):
            made = ARTIFACTS.get((table, key)) if trains else None
            content[table][key] = made or _from(folder, recipe.folder, content[table][key])
    if "tflite" in content["model"] and "keras" in content["model"]:
        content["model"]["tflite"] = ARTIFACTS["model", "tflite"]
    if isinstance(content.get("labels"), str):
        content["labels"] = _from(folder, recipe.folder, content["labels"])
    if "features" in content:
        content["features"]["c"] = [
            _from(folder, recipe.folder, file) for file in content["features"]["c"]
        ]
    atomic.write_bytes(folder / FILE_NAME, toml_text.dumps(content).encode())
    return folder / FILE_NAME


def pick(
    recipe: Recipe,
    params: Mapping[str, Option],
    epochs: int | None,
    bounds: Mapping[str, int],
    artifacts: Mapping[tuple[str, str], Path],
    folder: Path,
    comment: str,
) -> None:
    """Write a recipe folder of its own: the recipe, all that lies beside it, and its artefacts.

    `artifacts` pairs keys of the recipe with the files that take the place of its own. Raises
    `UsageError` where something is at `folder`.
    """
    if folder.exists():
        raise UsageError(f"{folder}: is there already. Name another folder with --to.")
    content = _content(recipe, params, epochs, bounds)
    own = {
        (recipe.folder / content[t][k]).resolve() for t, k in ARTIFACTS if k in content.get(t, {})
    }
    with atomic.new_folder(folder) as made:
        for source in _beside(recipe.folder):
            if source.resolve() not in own:
                _copy(source, made / source.relative_to(recipe.folder))
        for (table, key), source in artifacts.items():
            content[table][key] = ARTIFACTS[table, key]
            if source.is_file():
                _copy(source, made / ARTIFACTS[table, key])
        (made / FILE_NAME).write_bytes(toml_text.dumps(content, comment).encode())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _beside(folder: Path) -> Iterator[Path]:
    """Files of a recipe's folder that may belong to it."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name in _SKIPPED or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from _beside(entry)
        elif entry.is_file():
            yield entry


def _content(
    recipe: Recipe, params: Mapping[str, Option], epochs: int | None, bounds: Mapping[str, int]
) -> dict[str, Any]:
    """The recipe's own content with what was chosen, and the bounds as gates."""
    content = typed_toml.parse(recipe.file)
    for table in _LEFT_OUT:
        content.pop(table, None)
    if "train" in content:
        given = {**content["train"].pop("options", {}), **options(params)}
        if epochs is not None:
            content["train"]["epochs"] = epochs
        content["train"] |= {"options": given} if given else {}
    memory = run_options(params).get("memory")
    if memory is not None:
        content["plan"] = {**content.get("plan", {}), "memory": memory}
    gates = {**content.get("gates", {}), **bounds}
    content |= {"gates": gates} if gates else {}
    settings = quantization(params)
    if settings:
        kept = {} if settings.get("calibration") == "converter" else content.get(QUANTIZATION, {})
        if "calibration" in settings:
            kept = {key: value for key, value in kept.items() if key != "percentile"}
        content[QUANTIZATION] = {**kept, **settings}
    return content


def _from(folder: Path, base: Path, path: str) -> str:
    return Path(os.path.relpath(base / path, folder)).as_posix()
