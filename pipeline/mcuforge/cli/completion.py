"""What the Tab key offers beside commands and options: boards, strategies, models, projects.

Names of files are looked at, and no more of them than takes a moment; nothing is read. Where
nothing is found the shell completes file names itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from click.shell_completion import CompletionItem

from mcuforge import boards, recipe
from mcuforge.boards import CORE_TYPES
from mcuforge.emit import manifest
from mcuforge.files import paths
from mcuforge.recipe import strategies

_MOST_LOOKED_AT = 3000
_MOST_OFFERED = 100
_DEPTH = 3  # folders below the one that is being typed
_MODELS = (".tflite", ".keras", ".h5", ".hdf5")
_SAVED_MODEL = "saved_model.pb"


def board_names(incomplete: str) -> list[CompletionItem]:
    """Boards that `mcuforge boards` lists, and board files."""
    return _offered(incomplete, boards.names(), _files(incomplete, _is_toml))


def core_names(incomplete: str) -> list[CompletionItem]:
    """Cores that a board may have."""
    return _offered(incomplete, CORE_TYPES)


def strategy_names(incomplete: str) -> list[CompletionItem]:
    """Strategies for ranges; a file of samples is completed by the shell."""
    return _offered(incomplete, (*strategies.NAMES, "auto", "converter"))


def example_names(incomplete: str) -> list[CompletionItem]:
    """Examples that come with mcuforge."""
    recipes = sorted(paths.data_dir("models").glob(f"*/{recipe.FILE_NAME}"))
    return _offered(incomplete, (file.parent.name for file in recipes))


def models(incomplete: str) -> list[CompletionItem]:
    """Model files, and folders with a recipe or a SavedModel."""
    return _offered(incomplete, _files(incomplete, _is_model))


def projects(incomplete: str) -> list[CompletionItem]:
    """Folders of firmware projects."""
    return _offered(incomplete, _files(incomplete, _is_project))


def firmware(incomplete: str) -> list[CompletionItem]:
    """Folders of firmware projects, and ELF files."""
    return _offered(incomplete, _files(incomplete, lambda p: _is_project(p) or p.suffix == ".elf"))


def _offered(incomplete: str, *sources: Iterable[str]) -> list[CompletionItem]:
    """What begins as `incomplete` does; a word for the shell may not hold blanks."""
    found: dict[str, None] = {}
    for word in (word for source in sources for word in source):
        if word.startswith(incomplete) and word.isprintable() and not set(word) & set(" \t"):
            found[word] = None
        if len(found) == _MOST_OFFERED:
            break
    return [CompletionItem(word) for word in found] or [CompletionItem(incomplete, type="file")]


def _is_toml(path: Path) -> bool:
    return path.suffix == ".toml" and path.name != recipe.FILE_NAME


def _is_model(path: Path) -> bool:
    if path.suffix in _MODELS:
        return True
    return any((path / name).is_file() for name in (recipe.FILE_NAME, _SAVED_MODEL))


def _is_project(path: Path) -> bool:
    return (path / manifest.NAME).is_file()


def _files(incomplete: str, wanted: Callable[[Path], bool]) -> Iterator[str]:
    """Paths that begin so and are wanted, nearest first; nothing within what is wanted."""
    folder, start = os.path.split(incomplete)
    level, left = [folder], _MOST_LOOKED_AT
    for _ in range(_DEPTH):
        deeper = []
        for each in level:
            for entry in _entries(each, start):
                left -= 1
                if left < 0:
                    return
                path = f"{each}{os.sep}{entry.name}" if each.strip(os.sep) else each + entry.name
                if wanted(Path(path)):
                    yield path
                elif entry.is_dir(follow_symlinks=False):
                    deeper.append(path)
        level, start = deeper, ""


def _entries(folder: str, start: str) -> list[os.DirEntry[str]]:
    """Those of a folder that begin so, sorted; hidden ones only where a dot was typed."""
    try:
        with os.scandir(folder or ".") as found:
            entries = [e for e in found if e.name.startswith(start)]
    except OSError:
        return []
    shown = (e for e in entries if start.startswith(".") or not e.name.startswith("."))
    return sorted(shown, key=lambda e: e.name)
