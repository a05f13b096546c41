"""docs/reference/operators.md: current, and true about versions."""

from __future__ import annotations

from pathlib import Path

from mcuforge.planning.ops import table
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.tflm_kinds import CUSTOM_KINDS, KINDS

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "operators.md"
_OF_VERSION_0_1_0 = """
ABS ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEQUANTIZE EXPAND_DIMS
FULLY_CONNECTED LEAKY_RELU LOGISTIC MAX_POOL_2D MEAN MUL PAD PADV2 QUANTIZE RELU RELU6 RESHAPE
RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SOFTMAX SQUEEZE SUB TANH TRANSPOSE_CONV
"""


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == table.page(), "run tools/update-readme.py"


def test_every_operator_says_since_when() -> None:
    first = [kind for kind, operator in OPERATORS.items() if operator.since == "0.1.0"]
    assert sorted(first) == _OF_VERSION_0_1_0.split(), 'a new operator says since="0.2.0"'


def test_what_computes_int16_says_since_when() -> None:
    wide = [o for o in OPERATORS.values() if any("_s16" in name for name in o.kernels)]
    assert all(operator.since_16x8 for operator in wide)


def test_rules_of_a_variant_begin_with_its_types() -> None:
    lines = {line.split(" | ")[0]: line for line in table.page().splitlines() if line[:1] == "|"}
    assert "With int16 or int32: It maps" in lines["| QUANTIZE"]
    assert "With an int16 output: The input is" in lines["| SOFTMAX"]
    assert "With int32 or int64: Both inputs" in lines["| MAXIMUM"]
    assert "With int16: The input's" in lines["| LOGISTIC"]


def test_the_counts_add_up() -> None:
    numbers = [int(word) for word in table.counts().replace(":", "").split() if word.isdigit()]
    ours, wide, theirs, both, not_ours, not_theirs = numbers
    assert (ours, theirs) == (len(set(OPERATORS) - CUSTOM_KINDS), len(KINDS))
    assert (both + not_ours, both + not_theirs) == (theirs, ours)
    assert wide <= ours
