"""What makes another search of a recipe, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import searches

from mcuforge import recipe
from mcuforge.search.fingerprint import fingerprint

Change = Callable[[Path], object]


def _edit(old: str, new: str) -> Change:
    def change(model: Path) -> None:
        name = model / "recipe.toml"
        assert old in name.read_text()
        name.write_text(name.read_text().replace(old, new, 1))

    return change


def _prints(model: Path) -> tuple[str, str]:
    """Of a search that trains, and of one that does not."""
    loaded = recipe.load(model)
    return fingerprint(loaded, trained=True), fingerprint(loaded, trained=False)


@pytest.mark.parametrize(
    "change",
    [
        _edit("[search.options]", "# depth would be nice\n[search.options]"),
        _edit("width = [2, 4, 48]", "width = [\n  2, 4,\n  48,\n]"),
        _edit("tells stripes", "tells thin stripes"),
        _edit("[train]", "[gates]\nmin_accuracy = 0.9\n[train]"),
        lambda model: (model / "MODEL.md").write_text("How it was found."),
    ],
)
def test_what_changes_no_trial_goes_on_with_the_search(change: Change, tmp_path: Path) -> None:
    model = searches.tiny(tmp_path)
    before = _prints(model)
    change(model)
    assert _prints(model) == before


@pytest.mark.parametrize(
    "change",
    [
        _edit("width = [2, 4, 48]", "width = [4, 2, 48]"),
        _edit("seed = 7", "seed = 8"),
        _edit("[train]", '[plan]\nmemory = "small"\n[train]'),
        _edit('metric = "classification"', 'metric = "segmentation"'),
        lambda model: (model / "train.py").write_text("pass"),
        lambda model: (model / "data.py").write_text("pass"),
    ],
)
def test_what_changes_trials_makes_another_search(change: Change, tmp_path: Path) -> None:
    model = searches.tiny(tmp_path)
    before = _prints(model)
    change(model)
    assert all(a != b for a, b in zip(_prints(model), before, strict=True))


@pytest.mark.parametrize("name", ["model.keras", "calibration.npz", "golden.npz"])
def test_files_that_training_makes_matter_where_nothing_trains(name: str, tmp_path: Path) -> None:
    model = searches.tiny(tmp_path)
    trains, trains_not = _prints(model)
    (model / "artifacts").mkdir()
    (model / "artifacts" / name).write_bytes(b"another one")
    assert _prints(model)[0] == trains
    assert _prints(model)[1] != trains_not
