"""How patient the host is with a device: when a request is repeated, and when given up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcuforge.device.protocol import Request

_START_SECONDS = 0.2  # firmware that starts while the first HELLO arrives may lose it
_SLOWEST = 4  # how much less often a request is repeated to a model that runs
_NOTHING = 1e-6
MOST_PATIENCE = 8.0  # how much longer than asked for a device is waited for that proves slow


@dataclass(frozen=True)
class Link:
    """Seconds of wall-clock time.

    A request is repeated after `reply_seconds` without a byte: at most `attempts` times, but where
    the model runs (RUN, TRACE) for at most `run_seconds`, and less and less often. Over a link that
    is `lossless`, such as that to a simulator, any request is repeated less and less often: what
    did not answer yet is slow, and every repetition makes it slower. Where a device answers again
    what was repeated, it is slow, too: then all these times grow, up to `MOST_PATIENCE` times.
    """

    attempts: int = 6
    reply_seconds: float = 2.0
    run_seconds: float = 300.0
    baud: int = 115200
    lossless: bool = False

    def silences(self, kind: Request, running: bool) -> Iterator[float]:
        """Seconds of silence to wait for after each sending of a request.

        `running`: the model runs before it answers.
        """
        longest = self.reply_seconds * (_SLOWEST if running else 1)
        left = self.run_seconds if running else self.attempts * self.reply_seconds
        wait = self.reply_seconds
        if kind == Request.HELLO:
            wait = min(wait, _START_SECONDS)
        while left > _NOTHING:
            wait = min(wait, left)
            yield wait
            left -= wait
            wait = 2 * wait if self.lossless else min(2 * wait, longest)
