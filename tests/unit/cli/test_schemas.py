"""Every JSON document of a command has a schema, which is published and which its output keeps to.

`command_line.mcuforge` holds every document that a test prints against its schema; here are those
that no other test prints, and what the schemas have in common.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import jsonschema
import numpy as np
import pytest
from command_line import mcuforge
from json_documents import checked
from made_up_reports import a_report, an_op
from single_op import Spec, build

from mcuforge.cli import cli, schema
from mcuforge.cli import train as train_command
from mcuforge.documents import schemas
from mcuforge.files import json_text
from mcuforge.report import Accuracy, as_json

FOLDER = Path(__file__).parents[3] / "docs" / "schemas"
MODELS = Path(__file__).parents[3] / "models"
NAMES = list(schemas.TYPES)


def _with_json() -> Iterator[str]:
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command and any("--json" in p.opts for p in command.params):
            yield name


def test_every_command_with_json_has_a_schema() -> None:
    commands = {schemas.SAME.get(name, name) for name in _with_json()}
    assert commands == set(NAMES) - {"error", "examples"}


@pytest.mark.parametrize("name", schema.KINDS)
def test_the_published_schema_is_the_one_of_this_version(name: str) -> None:
    """`tools/update-readme.py` writes them."""
    assert (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8") == schema.text(name)


def test_no_schema_is_published_of_what_is_gone() -> None:
    published = {path.name.removesuffix(".schema.json") for path in FOLDER.iterdir()}
    assert published == set(schema.KINDS)


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_sound_and_closed(name: str) -> None:
    content = json.loads(schema.text(name))
    jsonschema.Draft202012Validator.check_schema(content)
    objects = [d for d in content["$defs"].values() if "properties" in d]
    assert objects and all(each["additionalProperties"] is False for each in objects)
    top = content["$defs"][content["$ref"].rpartition("/")[2]]
    assert {"mcuforge", "schema"} <= set(top["required"]) and "error" in top["properties"]
    assert top["properties"]["schema"] == {"const": schemas.TYPES[name][0]}
    assert schemas.TYPES[name][0].startswith(f"{name}/")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("reports"),
        lambda d: d.update(schema="run/2"),
        lambda d: d.update(more=1),
        lambda d: d["reports"][0]["costs"].update(flash=1),
        lambda d: d["reports"][0]["costs"].pop("text"),
        lambda d: d["reports"][0]["costs"].update(text="1"),
        lambda d: d["reports"][0]["ops"][0].pop("kind"),
        lambda d: d["reports"][0]["details"].update(more=1),
        lambda d: d["reports"][0]["accuracy"][0].update(devices=1),
    ],
)
def test_a_renamed_key_is_noticed(change: Any) -> None:
    report = replace(a_report(), ops=(an_op(0, "CONV_2D", "a"),))
    content = checked(as_json([report]))
    change(content)
    with pytest.raises((AssertionError, ValueError)):
        checked(json_text.dumps(content))


@pytest.fixture
def relu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    spec = Spec((1, 4), scale=0.5)
    path = Path("relu.tflite")
    path.write_bytes(build("RELU", [spec], [spec]))
    return path


def test_documents_of_this_machine_and_its_boards() -> None:
    assert mcuforge("boards", "--json").code == 0
    assert mcuforge("doctor", "--json").stdout


def test_documents_of_a_model_that_is_accepted_and_of_one_that_is_not(relu: Path) -> None:
    assert checked(mcuforge("inspect", relu, "--json").stdout)["accepted"] is True
    float_spec = Spec((1, 4), "float32", scale=None)
    relu.write_bytes(build("RELU", [float_spec], [float_spec]))
    outcome = mcuforge("inspect", relu, "--json")
    refused = checked(outcome.stdout)
    assert (outcome.code, refused["schema"], refused["accepted"]) == (1, "inspect/1", False)
    assert refused["error"]["kind"] == "unsupported"


def test_documents_of_a_project(relu: Path) -> None:
    assert mcuforge("emit", relu, "-o", "fw", "--json").code == 0


def test_the_document_of_a_table(tmp_path: Path) -> None:
    values = tmp_path / "values.csv"
    values.write_text("1\n2\n3\n")
    assert mcuforge("quantize-table", values, "--json").code == 0


def test_the_document_of_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = SimpleNamespace(seconds=1.5, written=(Path("a.keras"),))
    monkeypatch.setattr(train_command.train, "run", lambda *_, **__: trained)
    assert mcuforge("train", MODELS / "autoencoder", "--json").code == 0


@pytest.mark.parametrize("arguments", [("inspect", "none.tflite"), ("run",), ("nonsense",)])
def test_the_document_of_an_error(arguments: tuple[str, ...]) -> None:
    outcome = mcuforge(*arguments, "--json")
    content = checked(outcome.stdout)
    assert (content["schema"], content["error"]["exit_code"]) == ("error/1", outcome.code) == (
        "error/1", 2,
    )  # fmt: skip


def test_numbers_that_json_lacks_are_null_in_schemas_as_well() -> None:
    report = replace(a_report(), accuracy=(Accuracy("psnr", np.inf, np.nan, np.inf),))
    assert checked(as_json([report]))["reports"][0]["accuracy"][0]["device"] is None
