"""The `[search]` table: what it may hold, and in which words it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuforge import recipe
from mcuforge.errors import UsageError
from mcuforge.recipe.search import Choice, Search

HEAD = """
name = "tiny"
summary = "one layer"
model = { tflite = "model.tflite" }
evaluation = { golden = "golden.npz", metric = "segmentation" }
train = { script = "train.py", seed = 1, epochs = 2 }
"""


def load(folder: Path, text: str) -> Search:
    """The search of a recipe with this table."""
    (folder / "recipe.toml").write_text(HEAD + text)
    found = recipe.load(folder).search
    assert found is not None
    return found


def test_choices_in_all_their_forms(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """
        [search]
        epochs = 8
        objectives = ["quality", "arena"]
        [search.options]
        levels = [2, 3]
        width = { from = 4, to = 24, step = 4 }
        rate = { from = 1e-4, to = 1e-2, log = true }
        dense = { choices = [true, false], when = { levels = 3, width = [8, 12] } }
        [search.quantization]
        bits = ["8", "16x8"]
        [search.run]
        memory = { choices = ["fit", "small"], when = { "quantization.bits" = "8" } }
        """,
    )
    assert (found.epochs, found.objectives) == (8, ("quality", "arena"))
    assert found.choices == (
        Choice("levels", (2, 3)),
        Choice("width", low=4, high=24, step=4),
        Choice("rate", low=1e-4, high=1e-2, log=True),
        Choice("dense", (True, False), when=(("levels", (3,)), ("width", (8, 12)))),
        Choice("quantization.bits", ("8", "16x8")),
        Choice("run.memory", ("fit", "small"), when=(("quantization.bits", ("8",)),)),
    )
    dense = found.choices[3]
    assert dense.is_made({"levels": 3, "width": 8})
    assert not dense.is_made({"levels": 3, "width": 4})
    assert not dense.is_made({"width": 8}), "what it depends on was not chosen itself"
    assert load(tmp_path, "search = { options = { a = [1, 2] } }").objectives is None


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("options = {}", "search: has no choice"),
        ("epochs = 0\noptions = { a = [1] }", "search.epochs: is 0; it must be a whole number in"),
        ("options = { a = 3 }", "search.options.a: is 3; it must be a list of values"),
        ("options = { a = [] }", "search.options.a: is []; it must be a list of values"),
        ("options = { a = [1, 1] }", "search.options.a: names a value twice"),
        ("options = { a = [inf] }", "search.options.a: names a number that is not finite"),
        ("options = { a = { from = 1 } }", "search.options.a: needs 'choices', or 'from' and 'to'"),
        ("options = { a = { from = 3, to = 1 } }", "'from' 3 is not below 'to' 1"),
        ("options = { a = { from = 1, to = 3, step = 5 } }", "has a step of 5 in a range of 2"),
        ("options = { a = { from = 1, to = 3, step = 0.5 } }", "its step must be whole as well"),
        ("options = { a = { from = 0, to = 3, log = true } }", "needs a range above 0"),
        ("options = { a = { from = 1, to = 3, step = 1, log = true } }", "has 'step' and 'log'"),
        ("options = { a = { choices = [1], to = 3 } }", "has 'choices', and parts of a range"),
        ("options = { a = { choices = [1], when = { b = 1 } } }",
         "search.options.a: depends on 'b', which is no choice before it; there are: none"),
        ("options = { b = [1, 2], a = { choices = [1], when = { b = 3 } } }",
         "search.options.a: depends on b = 3, which it never is"),
        ("options = { b = [1], a = { choices = [1], when = { b = true } } }",
         "depends on b = True, which it never is"),
        ("quantization = { bits = ['4'] }", "search.quantization.bits: must be a list out of: 8"),
        ("quantization = { bit = ['8'] }", "search.quantization.bit: unknown key (did you mean"),
        ("run = { memory = ['large'] }", "search.run.memory: must be a list out of: fit"),
        ("objectives = ['speed']\noptions = { a = [1] }", "search.objectives: there is no 'speed'"),
        ("objectives = ['ram', 'ram']\noptions = { a = [1] }", "search.objectives: must name"),
        ("metric = 'auc'\noptions = { a = [1] }",
         "search.metric: there is no 'auc' here; there are: mean_iou"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(table: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, f"[search]\n{table}\n")
    assert told in caught.value.message


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, "[search.options]\na = [1, 1]\nb = { from = 2, to = 1 }\nc = 3\n")
    assert len(caught.value.problems) in (0, 3) or "search.options.c" in caught.value.message
