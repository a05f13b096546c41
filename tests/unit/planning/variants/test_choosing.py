"""Which kernel takes a call's place, and what is said of those that do not."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from mcuforge import boards
from mcuforge.planning import cost
from mcuforge.planning.plan import I32, KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import MAX_PROOFS, Variant, chosen
from mcuforge.planning.variants.registry import VARIANTS


@dataclass(frozen=True, eq=False)
class _Params(KernelParams):
    c_type: ClassVar[str] = "nn_some_params"
    taps: I32


def _call(taps: int) -> KernelCall:
    return KernelCall("some_s8", _Params(taps), (0,), 1, "it computes all cases")


def _constraint_taps(call: KernelCall) -> str | None:
    """The filters have at least four taps."""
    assert isinstance(call.params, _Params)
    return None if call.params.taps >= 4 else f"they have {call.params.taps}"


def _constraint_even(call: KernelCall) -> str | None:
    """The number of taps is even."""
    assert isinstance(call.params, _Params)
    return f"it is {call.params.taps}" if call.params.taps % 2 else None


def _variant(kernel: str, *constraints: object, targets: tuple[Target, ...]) -> Variant:
    return Variant(
        kernel,
        "some_s8",
        targets,
        constraints,  # type: ignore[arg-type]
        lambda call: replace(call, kernel=kernel, reason=f"{kernel} is faster"),
    )


FASTEST = _variant("some_even_s8", _constraint_taps, _constraint_even, targets=(Target.DSP,))
FAST = _variant("some_long_s8", _constraint_taps, targets=(Target.DSP, Target.HELIUM))


@pytest.mark.parametrize(
    ("taps", "target", "kernel", "passed_over"),
    [
        (4, Target.DSP, "some_even_s8", ()),
        (5, Target.DSP, "some_long_s8", ("some_even_s8: The number of taps is even; it is 5",)),
        (5, Target.HELIUM, "some_long_s8", ()),
        (4, Target.PORTABLE, "some_s8", ()),
        (
            3,
            Target.DSP,
            "some_s8",
            (
                "some_even_s8: The filters have at least four taps; they have 3",
                "some_long_s8: The filters have at least four taps; they have 3",
            ),
        ),
    ],
)
def test_the_first_variant_whose_rules_hold_takes_the_calls_place(
    taps: int, target: Target, kernel: str, passed_over: tuple[str, ...]
) -> None:
    found = chosen(_call(taps), target, (FASTEST, FAST))
    assert (found.kernel, found.passed_over) == (kernel, passed_over)


def test_other_kernels_are_left_alone() -> None:
    call = replace(_call(4), kernel="other_s8")
    found = chosen(call, Target.DSP, (FASTEST, FAST))
    assert (found.kernel, found.params, found.passed_over) == ("other_s8", call.params, ())


@pytest.mark.parametrize(
    ("board", "target"),
    [
        ("host", Target.PORTABLE),
        ("microbit", Target.PORTABLE),
        ("mps2-an385", Target.PORTABLE),
        ("mps2-an386", Target.DSP),
        ("mps2-an500", Target.DSP),
        ("mps2-an505", Target.DSP),
        ("mps3-an547-helium", Target.HELIUM),
        ("mps3-an547", Target.DSP),
    ],
)
def test_a_boards_core_decides_the_target(board: str, target: Target) -> None:
    assert Target.of(boards.load(board)) is target


def test_every_variants_rules_are_written_down() -> None:
    for variant in VARIANTS:
        assert all((constraint.__doc__ or "").strip() for constraint in variant.constraints)


def test_reasons_that_several_ops_share_are_told_once() -> None:
    ops = [
        {"index": 0, "calls": [{"passed_over": ["a", "b"]}, {"passed_over": ["a"]}]},
        {"index": 1, "calls": []},
        {"index": 2, "calls": [{"passed_over": ["b"]}]},
    ]
    assert cost.passed_over(ops) == [("a", [0]), ("b", [0, 2])]


def test_a_plan_proves_only_so_much() -> None:
    proving = replace(FAST, proof=lambda call: call.params.taps if call.params.taps > 4 else None)
    proofs: set[Hashable] = set()
    calls = [_call(taps) for taps in (*range(5, 5 + MAX_PROOFS), 5, 4, 3 + 2 * MAX_PROOFS)]
    found = [chosen(call, Target.DSP, (proving,), proofs) for call in calls]
    assert {call.kernel for call in found[:-1]} == {"some_long_s8"}
    assert found[-1].kernel == "some_s8"
    assert found[-1].passed_over == (
        f"some_long_s8: {MAX_PROOFS} others of the model are proved already",
    )
