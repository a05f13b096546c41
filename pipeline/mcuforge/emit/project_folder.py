"""A project's folder, shared with its user: only unchanged files of ours are ever replaced.

The manifest tells our files from the user's, by content. A new folder appears whole. In one that is
there, the new files are first written to a folder inside it, then the manifest records old and new
content of whatever changes, then each file is renamed to its place, and last the manifest records
the new content alone. Wherever that is cut off, each file is an old or a new one of ours, or the
user's, and the next writing knows which, and completes it.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path, PurePosixPath

from mcuforge.emit import manifest
from mcuforge.emit.manifest import Manifest, digest
from mcuforge.errors import ForgeError
from mcuforge.files import atomic

_STAGING = ".mcuforge-new"
_FILES, _BEGUN, _ENDED = "files", "begun.json", "ended.json"  # in it
_SHOWN = 20
_FOREIGN = "not written by mcuforge"
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class _State(Enum):
    MISSING = auto()
    CURRENT = auto()  # already what is to be written
    OURS = auto()  # as an earlier mcuforge wrote it
    EDITED = auto()
    BLOCKED = auto()


@dataclass
class _Changes:
    """Relative paths: what to write and to remove; what was edited, and what is in the way."""

    write: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    edited: dict[str, str] = field(default_factory=dict)
    in_the_way: dict[str, str] = field(default_factory=dict)


def write(
    folder: Path, content: Mapping[str, bytes], described: Mapping[str, str], *, force: bool = False
) -> None:
    """Write the files of a project (relative path -> content) and its manifest to `folder`.

    Files that mcuforge did not write stay. Where one of ours was edited nothing is changed; with
    `force` it is replaced. Raises `ForgeError` then, where something lies in the way, and where the
    folder is not a project and not empty (with `force` it may be anybody's).
    """
    folder = atomic.through_links(folder)
    new = Manifest(described, {path: digest(data) for path, data in content.items()})
    if not _is_there(folder):
        with atomic.new_folder(folder) as partial:
            _stage(partial, {**content, manifest.NAME: new.text()})
        return
    with atomic.explained(folder):
        old = _manifest(folder, force)
        changes = _compare(folder, content, old, force)
        if changes.edited or changes.in_the_way:
            raise ForgeError(_refusal(folder, changes, old))
        if changes.write or changes.remove or old != new:
            _apply(folder, content, changes, old, new)


def check(folder: Path, *, force: bool = False) -> None:
    """Raise the `ForgeError` of `write` where it is clear already: before work that takes long.

    Whether a file of a name that is not recorded lies in the way is only known with the content.
    """
    folder = atomic.through_links(folder)
    if not _is_there(folder):
        return
    with atomic.explained(folder):
        old = _manifest(folder, force)
        changes = _compare(folder, {}, old, force)
        if changes.edited:
            raise ForgeError(_refusal(folder, changes, old))


def _is_there(folder: Path) -> bool:
    if folder.exists() and not folder.is_dir():
        raise ForgeError(f"{folder}: is a file; a folder is to be written there.")
    return folder.exists()


def _manifest(folder: Path, force: bool) -> Manifest:
    """What is recorded in `folder`: nothing, where it is empty or, with `force`, anybody's."""
    reason = f"there is no {manifest.NAME} in it"
    try:
        found = manifest.read(folder)
        if found is not None:
            return found
    except ValueError as error:
        reason = f"its {manifest.NAME} is something else: {error}"
    if force or not any(path.name != _STAGING for path in folder.iterdir()):
        return Manifest({}, {})
    raise ForgeError(
        f"{folder}: holds something that mcuforge did not write ({reason}). "
        "Choose another folder, or empty this one; --force writes beside what is there."
    )


def _compare(folder: Path, content: Mapping[str, bytes], old: Manifest, force: bool) -> _Changes:
    changes = _Changes()
    known = old.paths() if old.files is not None else set(content)
    if not old.described and os.path.lexists(folder / manifest.NAME):
        changes.in_the_way[manifest.NAME] = _FOREIGN
    if (folder / _STAGING).is_symlink() or (folder / _STAGING).is_file():
        changes.in_the_way[_STAGING] = _FOREIGN
    for path in sorted({*content, *known}):
        wanted = digest(content[path]) if path in content else None
        state, why = _state(folder, path, old.hashes(path), wanted)
        if state is _State.EDITED and path not in known:
            state, why = _State.BLOCKED, _FOREIGN
        if wanted is None:
            if state is _State.OURS:
                changes.remove.append(path)
            elif state is _State.EDITED and not force:
                changes.edited[path] = why
        elif state is _State.BLOCKED:
            changes.in_the_way[path] = why
        elif state is _State.EDITED and not force:
            changes.edited[path] = why
        elif state is not _State.CURRENT:
            changes.write.append(path)
    for path in (*changes.write, *changes.remove):
        if not _may_change(folder / path):
            changes.in_the_way[path] = "no permission to change its folder"
    return changes


def _may_change(path: Path) -> bool:
    parent = next(p for p in path.parents if p.exists())
    return os.access(parent, os.W_OK | os.X_OK)


def _state(folder: Path, path: str, ours: set[str], wanted: str | None) -> tuple[_State, str]:
    """What lies at `path`, and why it is not to be replaced. Never looks through a link."""
    for parent in reversed(PurePosixPath(path).parents[:-1]):
        if (folder / parent).is_symlink():
            return _State.BLOCKED, f"{parent} is a link"
        if os.path.lexists(folder / parent) and not (folder / parent).is_dir():
            return _State.BLOCKED, f"{parent} is not a folder"
    try:
        mode = (folder / path).lstat().st_mode
    except FileNotFoundError:
        return _State.MISSING, ""
    if stat.S_ISLNK(mode):
        return _State.EDITED, "a link"
    if not stat.S_ISREG(mode):
        return _State.BLOCKED, "a folder" if stat.S_ISDIR(mode) else "not a regular file"
    found = digest((folder / path).read_bytes())
    if found == wanted:
        return _State.CURRENT, ""
    if found not in ours:
        return _State.EDITED, "edited"
    return (_State.OURS, "") if mode & _WRITABLE else (_State.EDITED, "read-only")


def _refusal(folder: Path, changes: _Changes, old: Manifest) -> str:
    lines = [f"{folder}: nothing was changed."]
    if changes.edited:
        lines += ["These files of mcuforge are not as it wrote them:", *_listed(changes.edited)]
        if old.files is None:
            lines.append(
                "(An older mcuforge wrote this project and recorded no hashes: any file that would "
                "become another counts as edited.)"
            )
        lines.append("Keep your changes elsewhere and use --force, or choose another folder.")
    if changes.in_the_way:
        lines += ["These are in the way of files of that name:", *_listed(changes.in_the_way)]
        lines.append("Move them away, or choose another folder; --force does not replace them.")
    return "\n".join(lines)


def _listed(paths: Mapping[str, str]) -> list[str]:
    lines = [f"  {path} ({why})" for path, why in list(paths.items())[:_SHOWN]]
    return lines + [f"  and {len(paths) - _SHOWN} more"] * (len(paths) > _SHOWN)


def _apply(
    folder: Path, content: Mapping[str, bytes], changes: _Changes, old: Manifest, new: Manifest
) -> None:
    staging = folder / _STAGING
    if os.path.lexists(staging):  # of a writing that was killed
        shutil.rmtree(staging)
    try:
        changing = {p: tuple(sorted(old.hashes(p))) for p in (*changes.write, *changes.remove)}
        staged = {f"{_FILES}/{path}": content[path] for path in changes.write}
        begun = replace(new, unfinished=changing)
        _stage(staging, {**staged, _BEGUN: begun.text(), _ENDED: new.text()})
        for path in changes.write:
            with suppress(FileNotFoundError):
                before = (folder / path).lstat().st_mode
                if stat.S_ISREG(before):
                    (staging / _FILES / path).chmod(stat.S_IMODE(before))
        (staging / _BEGUN).replace(folder / manifest.NAME)
        try:
            _move(folder, staging, changes)
        except (KeyboardInterrupt, SystemExit):
            _move(folder, staging, changes)  # what has begun is ended first
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _stage(folder: Path, content: Mapping[str, bytes]) -> None:
    for path, data in content.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _move(folder: Path, staging: Path, changes: _Changes) -> None:
    """Put everything in its place. Where it was cut off, a second call does the rest."""
    try:
        for path in changes.remove:
            (folder / path).unlink(missing_ok=True)
            for parent in list((folder / path).parents)[: path.count("/")]:
                with suppress(OSError):  # holds other files
                    parent.rmdir()
        for path in changes.write:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # is there already
                (staging / _FILES / path).replace(folder / path)
        with suppress(FileNotFoundError):
            (staging / _ENDED).replace(folder / manifest.NAME)
    except OSError as error:
        raise ForgeError(
            f"{folder}: {error.strerror} ({error.filename}). Some of its files are new, others "
            "old: mend that, and emit it again, which completes it."
        ) from error
