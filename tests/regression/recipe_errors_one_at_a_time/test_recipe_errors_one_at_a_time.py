"""Every problem of a recipe in one message, and a schema that says the same to editors."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from command_line import mcuforge

from mcuforge import recipe
from mcuforge.cli import schema
from mcuforge.errors import UsageError

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
_MISTAKES = {
    "summery": "unknown key (did you mean 'summary'?); allowed here: 'name', 'summary'",
    "summary": "is missing; it must be one line of text, in quotes",
    "model.keras": "is 4; it must be one line of text, in quotes",
    "model.tflite": "is missing",
    "evaluation.metric": "is 'iou'; it must be one of: 'reconstruction', 'classification'",
    "train.seed": "is -1; it must be a whole number in 0 ... 4294967295",
    "quantization.bits": "is 8; it must be one of: ",
}


def test_all_at_once() -> None:
    file = HERE / "seven_mistakes.toml"
    outcome = mcuforge("run", file, "--json")
    outcome.refused(2, f"{file}: {len(_MISTAKES)} problems:")
    problems = json.loads(outcome.stdout)["error"]["problems"]
    assert len(problems) == len(_MISTAKES)
    for problem, (key, text) in zip(problems, _MISTAKES.items(), strict=True):
        assert problem.startswith(f"{file}: {key}: {text}"), problem
        assert problem.removeprefix(f"{file}: ") in outcome.stderr


def test_what_quantisation_means_as_well(tmp_path: Path) -> None:
    """What the types do not tell comes with the rest, too."""
    text = (HERE / "seven_mistakes.toml").read_text().replace("bits = 8", "percentile = 101")
    file = tmp_path / "recipe.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        recipe.load(tmp_path)
    keys = [problem.removeprefix(f"{file}: ").split(":")[0] for problem in caught.value.problems]
    assert keys[-2:] == ["quantization.layers.conv", "quantization"]
    assert keys[:-2] == list(_MISTAKES)[:-1]


@pytest.mark.parametrize(
    "text",
    ['name = "a\\u202eb"', 'name = "a\\nb"', 'name = " "', "name = 1979-05-27", "name = {}"],
)
def test_what_cannot_be_shown_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"name: is .*; it must be one line of text") as caught:
        recipe.load(tmp_path)
    assert caught.value.message.isprintable() or "\n" in caught.value.message
    assert "\u202e" not in caught.value.message


def test_the_schema_is_the_one_in_the_documentation() -> None:
    written = (ROOT / "docs" / "schemas" / "recipe.schema.json").read_text(encoding="utf-8")
    assert written == mcuforge("schema", "recipe").stdout == schema.text("recipe")


def test_the_schema_says_what_is_allowed() -> None:
    made = json.loads(schema.text("recipe"))
    tables = made["$defs"]
    assert all(t["additionalProperties"] is False for t in tables.values() if "properties" in t)
    assert tables["Metric"]["enum"] == sorted(metric.value for metric in recipe.Metric)
    assert tables["TrainTable"]["properties"]["epochs"]["maximum"] == 100_000
    assert "quantization" not in tables["RecipeFile"]["required"]


def test_the_schema_and_the_reader_agree() -> None:
    made = json.loads(schema.text("recipe"))
    jsonschema.Draft202012Validator.check_schema(made)
    validator = jsonschema.Draft202012Validator(made)
    for file in (ROOT / "models").glob("*/*.toml"):
        validator.validate(tomllib.loads(file.read_text(encoding="utf-8")))
    wrong = tomllib.loads((HERE / "seven_mistakes.toml").read_text(encoding="utf-8"))
    assert len(list(validator.iter_errors(wrong))) == len(_MISTAKES)


def test_the_shipped_recipes_name_the_schema() -> None:
    for file in (ROOT / "models").glob("*/*.toml"):
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert (file.parent / first.removeprefix("#:schema ")).is_file(), file
        recipe.load(file)
