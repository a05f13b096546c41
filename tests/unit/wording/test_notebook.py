"""Notebook representations: tables whose texts stay text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mcuforge import boards
from mcuforge.build import BuildResult
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.report import Costs, RunReport
from mcuforge.wording import notebook, tables

HOSTILE = '<script>alert("1")</script>'


def test_texts_are_escaped_and_long_tables_are_cut_with_a_word() -> None:
    rows = [[HOSTILE, str(n)] for n in range(notebook.MOST_ROWS + 3)]
    made = notebook.table(HOSTILE, rows, [HOSTILE, "n"], note=HOSTILE)
    assert "<script" not in made and made.count("<tr>") == notebook.MOST_ROWS + 1
    assert "3 more rows are not shown" in made


def test_an_empty_table_is_only_its_caption() -> None:
    assert notebook.table("none", []) == "<table><caption>none</caption><tbody></tbody></table>"


@pytest.mark.parametrize("differing", [0, 4])
def test_a_report_says_whether_it_is_exact(differing: int) -> None:
    verdict = Verdict(1, (Comparison(HOSTILE, 4, differing, 1, 1.0, decides=True),), HOSTILE)
    costs = Costs(1, 2, 3, 3, 3, 4, 5, None)
    report = RunReport(HOSTILE, "ab", "board", "aot", verdict, (), None, costs, ())
    for made in (report._repr_html_(), verdict._repr_html_()):
        assert "<script" not in made and "&lt;script" in made
        assert ("not exact" in made.lower()) == bool(differing)


def test_boards_and_builds_are_tables() -> None:
    made = boards.load("mps2-an386")._repr_html_()
    assert "cortex-m4" in made and "25 MHz" in made
    assert "this computer" in boards.load("host")._repr_html_()
    assert "<caption>fw.elf</caption>" in BuildResult(Path("build/fw.elf"))._repr_html_()


def test_tables_for_the_terminal_have_a_representation_of_their_own() -> None:
    table = tables.Table("a", title="t")
    table.add_row(HOSTILE)
    made = table._repr_mimebundle_([], [])["text/html"]
    assert "<script" not in made and "&lt;script" in re.sub(r"<[^>]*>", "", made)
