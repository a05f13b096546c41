"""`--memory` and `--max-ram`: the command line decides, then the recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mcuforge.cli import cli
from mcuforge.cli.common import ram_choice
from mcuforge.recipe import load

MODEL = Path(__file__).parents[3] / "models" / "autoencoder" / "artifacts" / "model.tflite"
RECIPE = """name = "net"
summary = "s"
[model]
tflite = "{model}"
[evaluation]
golden = "g.npz"
metric = "none"
"""
WHOLE, LEAST = 20_736, 4_160  # bytes of the arena


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def recipe(folder: Path, table: str) -> Path:
    (folder / "recipe.toml").write_text(RECIPE.format(model=MODEL) + table)
    return folder / "recipe.toml"


def emitted(model: Path, *options: str) -> int:
    """Bytes of the arena of the project that is written."""
    done = run("emit", model, "-o", "project", *options)
    assert done.exit_code == 0, done.output
    (plan,) = Path("project/model").glob("*_plan.json")
    return int(json.loads(plan.read_text())["arena"]["bytes"])


def test_the_command_line_goes_first_then_the_recipe(folder: Path) -> None:
    said = load(recipe(folder, '[plan]\nmemory = "small"\n[gates]\nmax_ram = "20k"\n'))
    assert ram_choice(None, None) == ("fit", None)
    assert ram_choice(said, None) == ("small", 20 * 1024)
    assert ram_choice(said, "fast", 4096) == ("fast", 4096)


def test_what_the_recipe_says_is_emitted(folder: Path) -> None:
    assert emitted(recipe(folder, '[plan]\nmemory = "small"\n')) == LEAST
    bounded = emitted(recipe(folder, '[gates]\nmax_ram = "20k"\n'))
    assert LEAST < bounded < emitted(MODEL) <= WHOLE
    assert emitted(MODEL, "--max-ram", "20k") == bounded


def test_a_budget_that_nothing_keeps_to_ends_in_one_message(folder: Path) -> None:
    done = run("emit", MODEL, "-o", "project", "--max-ram", "4k")
    assert done.exit_code == 1
    assert "does not keep to 4,096 B of RAM (max-ram)" in done.output
    assert "No plan takes less, row by row either." in done.output
    assert not list(folder.iterdir()) or not (folder / "project" / "model").exists()


def inspected(*options: str) -> list[dict[str, Any]]:
    done = run("inspect", MODEL, "--json", *options)
    assert done.exit_code == 0, done.output
    return list(json.loads(done.output)["curve"])


def test_inspect_shows_the_curve() -> None:
    curve = inspected()
    arenas = [point["arena_bytes"] for point in curve]
    assert (arenas[0], arenas[-1]) == (WHOLE, LEAST)
    bounded = inspected("--max-ram", "20k")
    assert [point["arena_bytes"] for point in bounded] == arenas
    fits = [point["fits"] for point in bounded]
    assert [p["chosen"] for p in bounded].index(True) == fits.index(True) > 0
    shown = run("inspect", MODEL, "--max-ram", "20k").output
    assert "Arena against instructions" in shown and "6 of 8 ops" in shown
    assert shown.count("planned") == 1 and shown.count("  no room") == fits.index(True)


def test_fit_tells_where_ops_run_row_by_row() -> None:
    boards = ("--board", "microbit", "--board", "mps2-an386")
    done = run("fit", MODEL, *boards)
    assert "yes, row by row" in done.output and "Row by row: some ops" in done.output
    found = json.loads(run("fit", MODEL, *boards, "--json").output)["boards"]
    arenas = {each["board"]: each["ram"]["arena"] for each in found}
    assert arenas["microbit"] < arenas["mps2-an386"] and found[0]["row_by_row"]
    fast = run("fit", MODEL, *boards, "--memory", "fast")
    assert fast.exit_code == 1 and "yes, row by row" not in fast.output
    assert "Row by row, without --memory fast, an arena of 4,160 B is enough." in fast.output
