"""Every block of every page is well-formed, and the program takes every command in it."""

from __future__ import annotations

import ast
import copy
import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml
from blocks import PAGES, ROOT, Block, blocks, spans, title
from commands import commands, options, ours, refusal

BLOCKS = [block for page in PAGES for block in blocks(page)]
SHELL = ("sh", "console")
NOT_OURS = {"--models", "--ops"}  # of pytest and benchmarks, in CONTRIBUTING.md


def of(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


def strings(value: object) -> Iterator[str]:
    """All texts in what YAML holds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def loosened(schema: Any) -> Any:
    """The schema without keys that must be there: a page shows a part of a file."""
    if isinstance(schema, dict):
        return {key: loosened(value) for key, value in schema.items() if key != "required"}
    return [loosened(value) for value in schema] if isinstance(schema, list) else schema


def parses_as_settings(text: str) -> None:
    """TOML whose keys and values a recipe may have, or a board's file."""
    value = tomllib.loads(text)
    said = []
    for kind in ("recipe", "board"):
        schema = json.loads((ROOT / "docs" / "schemas" / f"{kind}.schema.json").read_text())
        errors = list(jsonschema.Draft202012Validator(loosened(schema)).iter_errors(value))
        if not errors:
            return
        said += [f"{kind}: {error.message}" for error in errors]
    raise AssertionError("\n".join(said))


PARSERS: dict[str, Callable[[str], object]] = {
    "python": ast.parse,
    "toml": parses_as_settings,
    "json": json.loads,
    "yaml": lambda text: list(yaml.safe_load_all(text)),
    "xml": ElementTree.fromstring,
}
# c is compiled by test_c_blocks.py, shell is looked at below
KNOWN = {*PARSERS, *SHELL, "c", "cpp", "cmake", "text", "markdown", "dot"}


def test_the_pages_have_blocks() -> None:
    """The tests below would pass on nothing."""
    assert len(of("sh")) > 30
    assert {"python", "toml", "json", "c"} <= {block.language for block in BLOCKS}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_blocks_are_well_formed(block: Block) -> None:
    assert block.language in KNOWN, f"{block}: say what language it is in"
    if parser := PARSERS.get(block.language):
        try:
            parser(block.text)
        except Exception as error:
            pytest.fail(f"{block}: {error}")


def test_shell_blocks_are_shell() -> None:
    for block in of("sh"):
        done = subprocess.run(
            ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
        )
        assert not done.stderr, f"{block}: {done.stderr}"


def test_the_program_takes_every_command_of_the_blocks() -> None:
    seen = 0
    for block in of("sh", "yaml"):
        texts = [block.text] if block.language == "sh" else strings(yaml.safe_load(block.text))
        for words in (words for text in texts for words in ours(text)):
            seen += 1
            said = refusal(words, whole=True)
            assert said is None, f"{block}: mcuforge {' '.join(words)}: {said}"
    assert seen > 60


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_the_program_takes_every_command_in_the_text(page: Path) -> None:
    for span in spans(page):
        if re.match(r"(\w+=\S+ )*mcuforge [a-z-]", span):
            for words in ours(span):
                said = refusal(words, whole=False)
                assert said is None, f"{title(page)}: {span}: {said}"


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_options_in_the_text_are_there(page: Path, known: set[str]) -> None:
    for span in spans(page):
        if re.match(r"--[a-z]", span):
            for option in re.findall(r"(?<!\S)--[a-z][a-z0-9-]*", span):
                assert option in known, f"{title(page)}: `{span}`: no command has {option}"


def test_extras_are_those_of_the_package() -> None:
    """`pip install '.[train,flash]'` names what pyproject.toml has."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for page in PAGES:
        for names in re.findall(r"(?:\.|\.whl|mcuforge)\[([\w,]+)\]", page.read_text()):
            unknown = set(names.split(",")) - set(project["optional-dependencies"])
            assert not unknown, f"{title(page)}: no extra {unknown}"


@pytest.fixture(scope="module")
def known() -> set[str]:
    return options() | NOT_OURS


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_no_command_hides_in_an_indented_block(page: Path) -> None:
    """Only fenced blocks have a language, are tested, and can be copied with a click."""
    text = re.sub(r"^( *)```.*?^\1``` *$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    hidden = re.findall(r"(?<=\n\n)    (?:\S+/)?(?:mcuforge|cmake|pytest|renode|pip) .*", text)
    assert not hidden, f"{title(page)}: {hidden}"


def test_commands_are_found_in_shell() -> None:
    text = "A=1 mcuforge run x \\\n  --json > f 2>&1 # no\nb | .venv/bin/mcuforge y && c\n"
    assert list(commands(text)) == [
        ["mcuforge", "run", "x", "--json"], ["b"], [".venv/bin/mcuforge", "y"], ["c"]
    ]  # fmt: skip
    assert list(ours(text)) == [["run", "x", "--json"], ["y"]]
    assert list(commands("cat > a <<'E'\nmcuforge no such\nE\nls\n")) == [["cat"], ["ls"]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("run models/unet --no-such-option", "No such option"),
        ("rum models/unet", "no such command: rum"),
        ("inspect", "it needs"),
        ("inspect a.tflite b.tflite", "unexpected"),
        ("emit a.tflite --flavour no-such", "no-such"),
        ("run a --count many", "many"),
    ],
)
def test_what_the_program_would_not_take_is_found(line: str, said: str) -> None:
    assert said in (refusal(line.split(), whole=True) or "")


def test_what_the_program_takes_passes() -> None:
    for line in (
        "run models/unet --board B",
        "--version",
        "emit a.tflite --flavour NAME -o FOLDER",
    ):
        assert refusal(line.split(), whole=True) is None


def test_a_part_of_a_file_is_checked_by_its_schema() -> None:
    parses_as_settings('[quantization]\ncalibration = "mse"')
    parses_as_settings("[clock]\nhz = 1")
    for wrong in ("[quantisation]\na = 1", "[clock]\nhz = 'x'"):
        with pytest.raises(AssertionError):
            parses_as_settings(copy.copy(wrong))
