"""Which operators go row by row, and why others run whole: for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mcuforge.planning.ops import moving
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.rows import accumulating, pixelwise, windowed, within
from mcuforge.planning.rows.moved import MOST_KINDS

_KEPT = "what is kept from one inference to the next is there as a whole"
_TABLE = "they look rows up, in any order"
_VIEW = "they are views of what others make; those with the same rows are passed through"
WHOLE: Mapping[str, str] = {
    "ASSIGN_VARIABLE": _KEPT,
    "CUSTOM CIRCULAR_BUFFER": _KEPT,
    "DYNAMIC_UPDATE_SLICE": "where the slice lies is known at run time only",
    "EMBEDDING_LOOKUP": _TABLE,
    "EXPAND_DIMS": _VIEW,
    "FILL": "it reads one number",
    "GATHER_ND": _TABLE,
    "READ_VARIABLE": _KEPT,
    "RESHAPE": _VIEW,
    "SPACE_TO_BATCH_ND": "it makes several pictures of one",
    "SQUEEZE": _VIEW,
    "SVDF": _KEPT,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "each step needs the one before",
    "ZEROS_LIKE": "it is a constant",
}


def moved() -> frozenset[str]:
    """Those that only move elements."""
    found = {kind for kind, operator in OPERATORS.items() if operator.kernels == moving.KERNELS}
    return frozenset(found | {"PAD", "PADV2", "RESIZE_NEAREST_NEIGHBOR"}) - WHOLE.keys()


def by_rows() -> dict[str, frozenset[str]]:
    """Those that go row by row, by what a row of their output needs."""
    return {
        "the same row of each input, pixel by pixel": pixelwise.POINTWISE,
        "the same row of each input, over its pixels or its channels": within.KINDS,
        "the rows of a window": frozenset(windowed.WINDOWED),
        "two rows at most": frozenset({"RESIZE_BILINEAR"}),
        "no row of its own: rows are accumulated as they are made, over a whole picture": (
            accumulating.KINDS
        ),
        "the rows that it shows (of several outputs, where these have the rows of the input)": (
            moved()
        ),
    }


def section() -> str:
    """What docs/reference/operators.md says, in Markdown."""
    reasons = {
        reason: [kind for kind, why in WHOLE.items() if why == reason]
        for reason in dict.fromkeys(WHOLE.values())
    }
    return "\n".join(
        [
            "## Row by row",
            "",
            "What a row of the output needs, where ops run",
            "[row by row](../explanation/streaming.md):",
            "",
            *(f"- {needs}: {_listed(kinds)}" for needs, kinds in by_rows().items()),
            "",
            "These run whole, and end a segment:",
            "",
            *(f"- {_listed(kinds)[:-1]}: {reason}." for reason, kinds in reasons.items()),
            "",
            "Others do as well where their output is no picture `[1, rows, width, channels]` and",
            "no signal `[samples, channels]`, with axes of 1 before it or none, where constants",
            f"differ from row to row, and where rows are of more than {MOST_KINDS} kinds. Along",
            "the rows SPLIT and UNPACK are views.",
        ]
    )


def _listed(kinds: Collection[str]) -> str:
    return ", ".join(sorted(kinds)) + "."
