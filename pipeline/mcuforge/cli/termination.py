"""Being told to end, by `kill`, `timeout`, a CI job or `docker stop`: as Ctrl-C, cleaning up.

Python ends at once at these signals, without running a `finally`: simulators, compilers and workers
would live on, and temporary folders stay.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


class Terminated(KeyboardInterrupt):
    """The process was told to end by `signal`. Whoever is ready for Ctrl-C is ready for this."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = signal.Signals(number)


def signal_behind(error: BaseException) -> signal.Signals:
    """The signal that an interrupt, or what click made of it, comes from; of Ctrl-C SIGINT."""
    behind = next((e for e in (error, error.__cause__) if isinstance(e, Terminated)), None)
    return behind.signal if behind else signal.SIGINT


@contextmanager
def as_exceptions() -> Iterator[None]:
    """Inside, the first of the signals raises `Terminated`; others must not stop the cleaning up.

    A signal that is ignored (nohup) stays so.
    """
    told: list[int] = []

    def receive(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        if len(told) == 1:
            raise Terminated(number)

    is_main = threading.current_thread() is threading.main_thread()
    before = {
        number: signal.signal(number, receive)
        for number in (_SIGNALS if is_main else ())
        if signal.getsignal(number) == signal.SIG_DFL
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
