"""Seeded faults on the link, and a reset at every request: no result is wrong."""

from __future__ import annotations

from pathlib import Path

import link_scenario
import pytest
from faulty_link import Faults, FaultyLink, Reset

from mcuforge.device.client import Device
from mcuforge.device.transport import ProcessTransport

EVERYTHING = Faults(
    lose=0.02, damage=0.02, repeat=0.03, delay=0.02, split=0.03, merge=0.01, garbage=0.02,
    disconnect=0.0005, reset=0.01,
)  # fmt: skip


def link_to(firmware: Path, faults: Faults, seed: int, reset: Reset | None = None) -> FaultyLink:
    return FaultyLink(lambda: ProcessTransport([str(firmware)]), faults, seed, reset)


def play_until(firmware: Path, columns: int, least: int, seed: int) -> None:
    """Scenarios until so many faults were made."""
    made = right = refused = 0
    kinds: dict[str, int] = {}
    while made < least:
        link = link_to(firmware, EVERYTHING, seed)
        with Device(link, link_scenario.QUICK) as device:
            outcome = link_scenario.play(device, columns, seed)
        assert outcome.wrong == [], f"seed {seed}"
        made, right = made + link.faults_made, right + outcome.right
        refused += len(outcome.refused)
        for kind, count in link.faults_by_kind.items():
            kinds[kind] = kinds.get(kind, 0) + count
        seed += 1
    assert right > refused, "most faults are got over"
    if least >= 500:
        assert all(kinds.values()), kinds  # each kind of fault happened
    print(f"{made} faults: {right} right, {refused} refused, 0 wrong; {kinds}")


def test_a_few_faults(firmware: Path, columns: int) -> None:
    play_until(firmware, columns, 30, seed=1)


@pytest.mark.slow
def test_five_hundred_faults_for_each_cut_of_requests(firmware: Path, columns: int) -> None:
    play_until(firmware, columns, 500, seed=10_000)


def requests_of(firmware: Path, columns: int) -> int:
    link = link_to(firmware, Faults(), 0)
    with Device(link, link_scenario.QUICK) as device:
        outcome = link_scenario.play(device, columns, 0)
    assert (outcome.refused, outcome.wrong) == ([], [])
    return link.frames_sent


def reset_everywhere(firmware: Path, columns: int, after: bool, late_hello: bool) -> None:
    """One reset: at most one call is refused, and those after it are right."""
    for at in range(requests_of(firmware, columns)):
        link = link_to(firmware, Faults(), 0, Reset(at, after, late_hello))
        with Device(link, link_scenario.QUICK) as device:
            outcome = link_scenario.play(device, columns, 0)
        assert outcome.wrong == [], f"reset at request {at}"
        assert len(outcome.refused) <= 1, f"reset at request {at}"
        assert all("reset in the meantime" in text for text in outcome.refused)


@pytest.mark.parametrize("after", [False, True])
def test_a_reset_at_every_request(firmware: Path, columns: int, after: bool) -> None:
    reset_everywhere(firmware, columns, after, late_hello=False)


@pytest.mark.parametrize("after", [False, True])
def test_a_reset_at_every_request_and_a_late_hello(
    firmware: Path, columns: int, after: bool
) -> None:
    """The copy of HELLO starts the session again, in which nothing was done yet."""
    reset_everywhere(firmware, columns, after, late_hello=True)
