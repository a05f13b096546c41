"""What the README says is made, not remembered."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from wheel_readme import without_relative_links

from mcuforge.planning.ops import table

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()


def between(begin: str, end: str) -> str:
    return README.split(begin)[1].split(end)[0].strip()


def test_the_counts_of_operators_are_current() -> None:
    assert between(table.BEGIN, table.END) == table.counts(), "run tools/update-readme.py"


def test_the_python_example_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example is not None
    (tmp_path / "models").symlink_to(ROOT / "models")
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", example[1]], capture_output=True, text=True, check=True
    )
    assert "bytes of flash" in done.stdout


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 120


def test_a_wheel_has_it_without_links_into_the_repository() -> None:
    text = without_relative_links(README)
    assert "](" not in re.sub(r"\]\(https?:[^)]*\)", "", text)
    assert "<!--" not in text
    assert "demo" in text
    assert "verified firmware in ten minutes" in text
    assert without_relative_links("[a](b.md), [c](https://d)\n![e](f)\ng") == "a, [c](https://d)\ng"
