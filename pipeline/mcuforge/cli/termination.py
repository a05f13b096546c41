"""Being told to end, by `kill`, `timeout`, a CI job or `docker stop`: as Ctrl-C, cleaning up.

Python ends at once at these signals, without running a `finally`: simulators, compilers and workers
would live on, and temporary folders stay.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP
_BY_SIGNAL = 128  # and the signal's number: as shells have it
_INSISTING = 2  # signals before one that counts as insisting
_PATIENCE_SECONDS = 1.0


class Terminated(KeyboardInterrupt):
    """The process was told to end by `signal`. Whoever is ready for Ctrl-C is ready for this."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = signal.Signals(number)


def cause(error: BaseException) -> BaseException:
    """The interrupt where there was one: Python makes some raised in an import another error."""
    return next((e for e in _chain(error) if isinstance(e, KeyboardInterrupt)), error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    behind: BaseException | None = error
    while behind is not None:
        yield behind
        behind = behind.__cause__ or behind.__context__


def signal_behind(error: BaseException) -> signal.Signals:
    """The signal that an interrupt, or what click made of it, comes from; of Ctrl-C SIGINT."""
    behind = next((e for e in (error, error.__cause__) if isinstance(e, Terminated)), None)
    return behind.signal if behind else signal.SIGINT


@contextmanager
def as_exceptions() -> Iterator[None]:
    """Inside, the first of the signals raises `Terminated`; others must not stop the cleaning up.

    Whoever insists, a while later and for the third time, ends the process at once; the guardian
    then cleans up. `timeout` sends its signal twice. A signal that is ignored (nohup) stays so.
    """
    told: list[float] = []

    def receive(number: int, _frame: FrameType | None) -> None:
        told.append(time.monotonic())
        if len(told) == 1:
            raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)
        if len(told) > _INSISTING and told[-1] - told[0] > _PATIENCE_SECONDS:
            os._exit(_BY_SIGNAL + number)

    is_main = threading.current_thread() is threading.main_thread()
    before = {
        number: signal.signal(number, receive)
        for number in (_SIGNALS if is_main else ())
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
