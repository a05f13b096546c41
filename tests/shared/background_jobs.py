"""Tests that interrupt a child, in a job that ignores interrupts (in the background, nohup)."""

from __future__ import annotations

import signal

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


def let_children_be_interrupted() -> None:
    """This process ignores what it was told to ignore; what it starts does not.

    What a process ignores, its children ignore as well. Handlers are not handed down.
    """
    for number in SIGNALS:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
