"""The `[plan]` table of a recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuforge import recipe
from mcuforge.errors import UsageError

HEAD = 'name = "net"\nsummary = "s"\n[model]\ntflite = "m.tflite"\n'
EVALUATION = '[evaluation]\ngolden = "g.npz"\nmetric = "none"\n'


def loaded(folder: Path, table: str) -> recipe.Recipe:
    (folder / "recipe.toml").write_text(f"{HEAD}{EVALUATION}{table}")
    return recipe.load(folder)


@pytest.mark.parametrize("memory", ["fit", "fast", "small"])
def test_it_says_whether_ops_run_row_by_row(memory: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, f'[plan]\nmemory = "{memory}"\n').memory == memory


@pytest.mark.parametrize("table", ["", "[plan]\n"])
def test_it_may_say_nothing(table: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, table).memory is None


def test_other_words_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"plan\.memory: .*'?tiny"):
        loaded(tmp_path, '[plan]\nmemory = "tiny"\n')
    with pytest.raises(UsageError, match=r"plan\.max_ram: unknown key"):
        loaded(tmp_path, '[plan]\nmax_ram = "24k"\n')


def test_borders_are_read(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").borders == (None, None)
    assert loaded(tmp_path, '[plan]\ninput = "rows"\n').borders == ("rows", None)
    assert loaded(tmp_path, '[plan]\noutput = "whole"\n').borders == (None, "whole")
    with pytest.raises(UsageError, match=r"plan\.input: .*'?lines"):
        loaded(tmp_path, '[plan]\ninput = "lines"\n')
