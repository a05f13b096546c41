"""Where trials are kept: Optuna's own storages, by an address, and patience with their servers."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from mcuforge.errors import ToolError, UsageError
from mcuforge.files import atomic
from mcuforge.wording import extras

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

P = ParamSpec("P")
T = TypeVar("T")
_FIRST_SECONDS, _MOST_SECONDS = 0.2, 5.0  # between attempts
PATIENCE_SECONDS = 600.0  # as long as a server may take to come back
_HURRIED_SECONDS = 2.0
_hurried: list[bool] = []
_DRIVERS = {"postgresql": "psycopg", "postgres": "psycopg"}
_REDIS = ("redis", "rediss", "unix")


def require() -> None:
    """Raise `ToolError` without Optuna."""
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise ToolError(
            "Optuna is not installed, which draws and keeps the trials of a search. Install with: "
            f"{extras.pip_install('tune')}"
        )


def open_storage(address: str) -> BaseStorage:
    """The storage at an address: `postgresql://...`, `mysql://...`, `redis://...`, or a file.

    A file is Optuna's journal, which takes several processes; `sqlite:///...` one of SQLite. Raises
    `UsageError` where the address means nothing, `ToolError` where no driver is installed or the
    server cannot be reached.
    """
    require()
    quieten()
    scheme = urlsplit(address).scheme.partition("+")[0] if "://" in address else ""
    try:
        if scheme in _REDIS:
            return _redis(address)
        if scheme:
            return _within(0, lambda: _database(address, scheme))
        return _journal(Path(address))
    except (ImportError, ModuleNotFoundError) as error:
        raise ToolError(
            f"{hidden(address)}: its driver is not installed ({error}). PostgreSQL's comes with: "
            f"{extras.pip_install('tune')}"
        ) from error


def close(storage: BaseStorage) -> None:
    """Close the connections of a storage."""
    from optuna.storages import RDBStorage

    storage.remove_session()
    if isinstance(storage, RDBStorage):
        storage.engine.dispose()


def quieten() -> None:
    """Optuna logs each step to stderr, which belongs to us."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)


def is_missing_file(address: str) -> bool:
    """Whether an address is that of a journal which is not there."""
    return "://" not in address and not Path(address).is_file()


def hidden(address: str) -> str:
    """An address without its password."""
    if "://" not in address:
        return address
    head, _, rest = address.partition("://")
    login, at, place = rest.rpartition("@")
    return f"{head}://{login.partition(':')[0]}{at}{place}"


def patiently(call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What the call returns, tried again while the storage's server is away.

    Raises `ToolError` where it does not come back in `PATIENCE_SECONDS`.
    """
    seconds = _HURRIED_SECONDS if _hurried else PATIENCE_SECONDS
    return _within(seconds, lambda: call(*arguments, **options))


def hurry() -> None:
    """Wait no longer than a moment from now on: this process was told to end."""
    _hurried.append(True)


def _within(seconds: float, call: Callable[[], T]) -> T:
    until, wait = time.monotonic() + seconds, _FIRST_SECONDS
    while True:
        try:
            return call()
        except Exception as error:
            if not _is_away(error):
                raise
            if time.monotonic() >= until:
                raise ToolError(
                    f"The storage of the search does not answer: {_reason(error)}."
                ) from error
        time.sleep(wait)
        wait = min(2 * wait, _MOST_SECONDS)


def _is_away(error: BaseException | None) -> bool:
    """Whether an error, or what is behind it, says that the server cannot be reached just now."""
    from sqlalchemy import exc

    while error is not None:
        if isinstance(error, exc.OperationalError | exc.InterfaceError | ConnectionError):
            return True
        if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
            return True
        if type(error).__module__.startswith("redis.") and "Connection" in type(error).__name__:
            return True
        error = error.__cause__ or error.__context__
    return False


def _reason(error: BaseException) -> str:
    text = str(getattr(error, "orig", None) or error)
    return " ".join(text.split())[:300].rstrip(".")


def _database(address: str, scheme: str) -> BaseStorage:
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    driver = _DRIVERS.get(scheme)
    if driver is not None and "+" not in address.partition("://")[0]:
        address = f"postgresql+{driver}://{address.partition('://')[2]}"
    # A connection that a restart of the server has cut is replaced before it is used.
    options: dict[str, Any] = {"pool_pre_ping": True}
    if driver is not None:  # of a database without an encoding texts would come as bytes
        options["connect_args"] = {"client_encoding": "utf8"}
    try:
        return RDBStorage(address, engine_kwargs=options)
    except (ArgumentError, NoSuchModuleError) as error:
        raise UsageError(f"--storage {hidden(address)}: {_reason(error)}.") from error


def _journal(path: Path) -> BaseStorage:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    with atomic.explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(path)))


def _redis(address: str) -> BaseStorage:
    from optuna.exceptions import ExperimentalWarning
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalRedisBackend

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # so it is since Optuna 3.1
        backend = JournalRedisBackend(address)
    return JournalStorage(backend)
