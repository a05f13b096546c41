"""Flashing by copying a UF2 file to the drive that a boot loader offers.

The drive takes the file, writes it, and vanishes as the firmware starts. It cannot be read back:
its files are made up by the boot loader, which checks each block itself.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from mcuforge.errors import UsageError
from mcuforge.flash.job import Job, OnProgress
from mcuforge.flash.problems import FlashError, Kind

_INFO = "INFO_UF2.TXT"
_GONE_SECONDS = 15.0
_POLL_SECONDS = 0.1
_CHUNK = 64 * 1024


def describe(job: Job) -> list[str]:
    """What would be done. Raises `UsageError` where that is impossible."""
    _check(job)
    label = job.board.hardware.targets["uf2"]
    return [
        f"# find the drive whose {_INFO} says 'Board-ID: {label}', then",
        f"cp {shlex.quote(str(_file(job)))} <drive>/",
    ]


def flash(job: Job, on_progress: OnProgress, mounts: Iterable[Path] | None = None) -> None:
    """Copy, and wait until the boot loader has taken it. `mounts` are the drives to look at.

    Raises `FlashError` where there is no such drive, or several, or it does not take the file.
    """
    _check(job)
    source = _file(job)
    drive = _find(job, list(mounted() if mounts is None else mounts))
    try:
        _copy(source, drive / source.name, on_progress)
    except PermissionError:
        raise FlashError(
            Kind.PERMISSION, f"This user may not write to {drive}. Mount it for this user."
        ) from None
    except OSError as error:
        raise FlashError(
            Kind.LOST, f"{drive}: the drive was lost while it was written ({error.strerror})."
        ) from None
    _await_restart(drive)


def mounted() -> list[Path]:
    """Where drives are mounted on this system."""
    if sys.platform == "win32":
        return [Path(f"{letter}:/") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ"]
    if sys.platform == "darwin":
        return list(Path("/Volumes").glob("*"))
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    # The kernel writes a space in a path as \040.
    return [Path(line.split()[1].replace("\\040", " ")) for line in lines]


def _check(job: Job) -> None:
    if job.erase:
        raise UsageError("A UF2 boot loader cannot erase a chip: leave out --erase.")


def _file(job: Job) -> Path:
    if job.uf2 is None:
        raise UsageError(f"There is no UF2 file of this firmware for {job.board.title}.")
    return job.uf2


def _find(job: Job, mounts: list[Path]) -> Path:
    label = job.board.hardware.targets["uf2"]
    found = [m for m in mounts if _board_id(m) == label and (not job.probe or job.probe in str(m))]
    if not found:
        where = f" at {job.probe}" if job.probe else ""
        raise FlashError(
            Kind.NO_PROBE,
            f"There is no drive of the boot loader '{label}'{where}. Hold the board's "
            "BOOTSEL or reset button while plugging it in, and mount the drive that appears.",
        )
    if len(found) > 1:
        raise FlashError(
            Kind.SEVERAL_PROBES,
            f"Several boards wait for a UF2 file: {', '.join(map(str, found))}. "
            "Choose one with --probe PATH.",
        )
    return found[0]


def _board_id(mount: Path) -> str | None:
    try:
        text = (mount / _INFO).read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return fields.get("Board-ID", "").strip() or None


def _copy(source: Path, target: Path, on_progress: OnProgress) -> None:
    total = source.stat().st_size
    done = 0
    with source.open("rb") as data, target.open("wb") as drive:
        while block := data.read(_CHUNK):
            drive.write(block)
            done += len(block)
            on_progress(done * 100 // total - (done == total), 100)
        drive.flush()
        os.fsync(drive.fileno())
    on_progress(100, 100)


def _await_restart(drive: Path) -> None:
    deadline = time.monotonic() + _GONE_SECONDS
    while (drive / _INFO).exists():
        if time.monotonic() >= deadline:
            raise FlashError(
                Kind.OTHER,
                f"{drive} is still there after {_GONE_SECONDS:g} s: the boot loader did not take "
                "the file. Is it for this chip?",
            )
        time.sleep(_POLL_SECONDS)
