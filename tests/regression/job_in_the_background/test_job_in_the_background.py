"""Interrupting the children of a process that ignores interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import background_jobs
import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no such jobs")


@pytest.fixture
def ignoring() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in background_jobs.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def ignored_by_a_child() -> set[int]:
    code = (
        "import signal\n"
        f"for number in {[int(number) for number in background_jobs.SIGNALS]}:\n"
        "    if signal.getsignal(number) == signal.SIG_IGN: print(number)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(map(int, said.stdout.split()))


@pytest.mark.usefixtures("ignoring")
def test_children_of_a_job_in_the_background_can_be_interrupted() -> None:
    assert ignored_by_a_child() == set(background_jobs.SIGNALS), "they take over what is ignored"
    background_jobs.let_children_be_interrupted()
    assert ignored_by_a_child() == set()
    for number in background_jobs.SIGNALS:
        signal.raise_signal(number)  # the job itself goes on
