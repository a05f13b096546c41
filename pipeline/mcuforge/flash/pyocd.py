"""Flashing with pyOCD, through its Python API: needs the extra `flash`."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcuforge.build import image
from mcuforge.errors import ToolError
from mcuforge.flash.job import Job, OnProgress
from mcuforge.flash.problems import FlashError, Kind, not_permitted, text, wrong_chip
from mcuforge.wording import extras

_TOOL = "pyOCD"


@dataclass(frozen=True)
class Api:
    """The part of pyOCD that is used."""

    probes: Callable[[], list[Any]]
    session: Callable[..., Any]
    programmer: Callable[..., Any]
    exceptions: Any


def load_api() -> Api:
    """pyOCD, or `ToolError` where it is not installed."""
    try:
        from pyocd.core import exceptions
        from pyocd.core.helpers import ConnectHelper
        from pyocd.core.session import Session
        from pyocd.flash.file_programmer import FileProgrammer
    except ImportError:
        raise ToolError(
            f"The Python package pyocd is not installed. Install it: {extras.pip_install('flash')}"
        ) from None
    # What it would print about its own failures is said by our messages.
    logging.getLogger("pyocd").setLevel(logging.CRITICAL)
    return Api(
        probes=lambda: ConnectHelper.get_all_connected_probes(blocking=False),
        session=Session,
        programmer=FileProgrammer,
        exceptions=exceptions,
    )


def options(job: Job) -> dict[str, Any]:
    """pyOCD's session options. By default it would unlock a locked chip, and so erase it."""
    return {
        "target_override": job.board.hardware.targets["pyocd"],
        "auto_unlock": job.erase,
        "chip_erase": "chip" if job.erase else "sector",
        "keep_unwritten": not job.erase,
        "no_config": True,
    }


def describe(job: Job) -> list[str]:
    """What would be done, as the commands of pyOCD's own program."""
    chosen = options(job)
    probe = f" --uid {shlex.quote(job.probe)}" if job.probe else ""
    common = f"--target {shlex.quote(chosen['target_override'])}{probe} --no-config"
    unlock = f"-O auto_unlock={str(chosen['auto_unlock']).lower()}"
    file = shlex.quote(str(job.hex))
    chip = job.board.hardware.chip
    lines = ["# through pyOCD's Python API, the same as:"]
    if chip:
        read = f"pyocd commander {common} {unlock} -c 'read32 0x{chip.address:08x}'"
        lines.append(f"{read}  # & 0x{chip.mask:x} must be 0x{chip.value:x}")
    lines.append(f"pyocd load {common} {unlock} --erase {chosen['chip_erase']} {file}")
    lines.append(f"# read back {image.load(job.elf).size:,} bytes and compare, then")
    lines.append(f"pyocd reset {common}")
    return lines


def flash(job: Job, on_progress: OnProgress, api: Api | None = None) -> None:
    """Write, read back, start. Raises `FlashError`, and `ToolError` without pyOCD."""
    api = api or load_api()
    failed = api.exceptions
    try:
        probe = _choose(job, api.probes())
        session = api.session(probe, options=options(job))
        try:
            _open(job, api, session)
            _use(job, api, session.target, session, on_progress)
        finally:
            session.close()
    except failed.ProbeDisconnected:
        raise _error(Kind.LOST, job) from None
    except failed.TargetSupportError as error:
        raise ToolError(_unknown_target(job, error)) from None
    except failed.ProbeError as error:
        kind = Kind.PERMISSION if not_permitted(job.board) else Kind.LOST
        raise _error(kind, job, error) from None
    except failed.FlashFailure as error:
        raise _error(Kind.VERIFY, job, error) from None
    except failed.TransferError as error:
        raise _error(Kind.LOST, job, error) from None
    except failed.Error as error:
        raise _error(Kind.OTHER, job, error) from None
    except OSError as error:  # of the USB library
        kind = Kind.PERMISSION if not_permitted(job.board) else Kind.LOST
        raise _error(kind, job, error) from None
    on_progress(100, 100)


def _open(job: Job, api: Api, session: Any) -> None:
    """Of a locked chip, pyOCD finds no core, and says that in several ways."""
    try:
        session.open()
    except (api.exceptions.DebugError, KeyError) as error:
        if not job.erase and _says_locked(session.target, api):
            raise _error(Kind.LOCKED, job) from None
        if isinstance(error, KeyError):
            raise _error(Kind.OTHER, job, error) from None
        raise


def _use(job: Job, api: Api, target: Any, session: Any, on_progress: OnProgress) -> None:
    if not job.erase and _is_locked(job, target, api):
        raise _error(Kind.LOCKED, job)
    chip = job.board.hardware.chip
    if chip:
        found = target.read32(chip.address) & chip.mask
        if found != chip.value:
            raise wrong_chip(job.board, found)

    def progressed(fraction: float) -> None:
        on_progress(min(99, round(fraction * 100)), 100)

    programmer = api.programmer(session, progress=progressed)
    programmer.program(str(job.hex), file_format="hex")
    target.reset_and_halt()
    for segment in image.load(job.elf).segments:
        there = bytes(target.read_memory_block8(segment.address, len(segment.data)))
        if there != segment.data:
            raise _error(Kind.VERIFY, job)
    target.reset()


def _is_locked(job: Job, target: Any, api: Api) -> bool:
    """Some chips tell; of others, the flash cannot be read."""
    if _says_locked(target, api):
        return True
    try:
        target.read32(image.load(job.elf).start)
    except api.exceptions.TransferFaultError:
        return True
    return False


def _says_locked(target: Any, api: Api) -> bool:
    try:
        return hasattr(target, "is_locked") and bool(target.is_locked())
    except (api.exceptions.Error, AttributeError):  # it did not come as far as it needs to
        return False


def _choose(job: Job, probes: list[Any]) -> Any:
    found = [p for p in probes if not job.probe or job.probe.lower() in p.unique_id.lower()]
    if not found:
        if not_permitted(job.board):
            raise _error(Kind.PERMISSION, job)
        seen = ", ".join(f"{p.unique_id} ({p.description})" for p in probes)
        message = text(Kind.NO_PROBE, job.board, _TOOL)
        if job.probe:
            message = f"There is no debug probe '{job.probe}'. Found: {seen or 'none'}."
        raise FlashError(Kind.NO_PROBE, message)
    if len(found) > 1:
        listed = "\n".join(f"  {p.unique_id}  {p.description}" for p in found)
        raise FlashError(
            Kind.SEVERAL_PROBES,
            f"Several debug probes are connected; choose with --probe:\n{listed}",
        )
    return found[0]


def _unknown_target(job: Job, error: Exception) -> str:
    name = job.board.hardware.targets["pyocd"]
    return (
        f"pyOCD does not know the chip '{name}' yet ({error}). "
        f"Get its description: pyocd pack install {name}"
    )


def _error(kind: Kind, job: Job, error: Exception | None = None) -> FlashError:
    message = text(kind, job.board, _TOOL)
    return FlashError(kind, f"{message}\n{_TOOL} says: {error}" if error else message)
