"""A `report.json` of an earlier run: found, and read back, checked and bounded in size."""

from __future__ import annotations

from pathlib import Path

import msgspec

from mcuforge.documents.run import SCHEMA, RunDocument
from mcuforge.errors import UsageError
from mcuforge.files import untrusted

_MOST_BYTES = 64 << 20
_MAKE = "A report.json is needed, which `mcuforge run` and `mcuforge parity` write."
_AGAIN = "Make it anew with `mcuforge run`."
DOCUMENT = "report.json"
RUNS = "runs"  # folder of an output folder: its runs, by their numbers


class _Head(msgspec.Struct):
    mcuforge: str
    schema: str | None = None


def find(named: str, output: Path) -> Path:
    """The `report.json` that is meant: a file, a folder of one, or a run of `output` by its number.

    Raises `UsageError` where there is none.
    """
    numbered = output / RUNS / named / DOCUMENT
    if named.isascii() and named.isdigit() and (numbered.is_file() or not Path(named).exists()):
        if not numbered.is_file():
            raise UsageError(f"{numbered}: there is no run {named} of {output}.")
        return numbered
    path = Path(named)
    return path / DOCUMENT if path.is_dir() else path


def load(file: Path) -> RunDocument:
    """The document of a file. Raises `UsageError` where it is missing, damaged, or of other age."""
    try:
        data = untrusted.read(file, _MOST_BYTES)
    except FileNotFoundError:
        raise UsageError(f"{file}: no such file. {_MAKE}") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}).") from None
    try:
        _check_age(file, msgspec.json.decode(data, type=_Head))
        return msgspec.json.decode(data, type=RunDocument)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{file}: not a report.json of mcuforge, or damaged ({error}).") from None


def parse(text: str) -> RunDocument:
    """The document that this version wrote."""
    return msgspec.json.decode(text, type=RunDocument)


def _check_age(file: Path, head: _Head) -> None:
    if head.schema == SCHEMA:
        return
    if head.schema is None:
        raise UsageError(
            f"{file}: no report.json, or one of mcuforge {head.mcuforge}, which this version "
            f"cannot read. {_AGAIN}"
        )
    kind, _, _ = SCHEMA.partition("/")
    if head.schema.partition("/")[0] != kind:
        raise UsageError(f"{file}: is '{head.schema}', where a report.json ('{SCHEMA}') is needed.")
    raise UsageError(
        f"{file}: written by mcuforge {head.mcuforge} as '{head.schema}'; this version reads "
        f"'{SCHEMA}'. {_AGAIN}"
    )
