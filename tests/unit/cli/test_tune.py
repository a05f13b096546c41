"""`tune --pick` where there is nothing to pick from."""

from __future__ import annotations

from pathlib import Path

import pytest
import searches
from command_line import mcuforge

from mcuforge.search.ledger import Ledger


@pytest.mark.parametrize("is_another", [False, True])
def test_a_search_that_nobody_made_is_not_begun_by_picking(
    is_another: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = searches.toy(tmp_path)
    monkeypatch.chdir(tmp_path)
    if is_another:
        settings = searches.small_task(model).settings()
        Ledger.begin(str(tmp_path / "journal.log"), "other", settings).close()
    done = mcuforge("tune", "toy", "--storage", "journal.log", "--pick", "5")
    done.refused(2, "--pick: there is no search 'toy-mps2-an386' in journal.log.")
    assert (tmp_path / "journal.log").exists() is is_another
