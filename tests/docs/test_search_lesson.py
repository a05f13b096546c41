"""The page on what a search teaches shows what the committed searches found."""

from __future__ import annotations

import msgspec
import pytest
import search_lesson

from mcuforge import boards, recipe
from mcuforge.documents.tune import TuneDocument

MODELS = search_lesson.PAGE.parents[2] / "models"


def test_the_tables_are_those_of_the_searches() -> None:
    text = search_lesson.PAGE.read_text(encoding="utf-8")
    assert text.count("<!-- front: ") == 2 * len(search_lesson.KINDS)
    assert search_lesson.made(text) == text, "run tools/pages/search_lesson.py"
    assert search_lesson.made(text.replace("| trial |", "| number |")) == text


@pytest.mark.parametrize("name", search_lesson.KINDS)
def test_the_searches_are_of_the_shipped_recipes(name: str) -> None:
    search = search_lesson.load(name)
    content = msgspec.convert(search.content, TuneDocument)
    asked = recipe.load(MODELS / name).search
    assert asked is not None
    assert (content.model, content.epochs) == (name, asked.epochs)
    assert boards.load(content.board)
    assert [o.name for o in content.objectives[: len(asked.objectives)]] == list(asked.objectives)
    allowed = {choice.name: choice for choice in asked.choices}
    for trial in content.trials:
        assert all(allowed[key].may_be(value) for key, value in trial.params.items())
    assert {trial["number"] for trial in search.front} == set(content.front)
