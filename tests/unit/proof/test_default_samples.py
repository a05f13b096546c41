"""Small models get 50 random samples, large ones fewer, and say so."""

from __future__ import annotations

import pytest
from graphs import relu_chain

from mcuforge.planning import cost
from mcuforge.proof.default_samples import default_samples


def test_a_small_model_gets_fifty_and_says_nothing() -> None:
    assert default_samples(relu_chain(3)) == (50, None)


@pytest.mark.parametrize(
    ("elements", "macs", "count"),
    [
        (64, 100_000_000, 9),  # one that multiplies a lot
        (150_528, 0, 22),  # large inputs and outputs: 224 x 224 x 3
        (64, 10**12, 5),
    ],
)
def test_a_large_model_gets_fewer_and_says_so(
    elements: int, macs: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "macs", lambda _graph, _op: macs)
    found, note = default_samples(relu_chain(1, elements))
    assert found == count
    assert note is not None
    assert f"test is large ({macs:,} multiply-accumulates, {2 * elements:,} B" in note
    assert f"{count} random samples instead of 50. --count N takes another number." in note
