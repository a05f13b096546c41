"""Every problem of a board file in one message, and none that only follows from another."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_line import mcuforge

from mcuforge import boards
from mcuforge.boards import description
from mcuforge.errors import UsageError
from mcuforge.files import paths
from mcuforge.files.toml_table import Problems, Table

BOARDS = paths.data_dir("firmware") / "boards"
DISCOVERY = (BOARDS / "stm32f4-discovery.toml").read_text(encoding="utf-8")
_MISTAKES = (
    ('title = "', 'titel = "', ["'title' is missing", "'titel' is unknown"]),
    ("dsp = true", "dsp = 1", ["'core.dsp' is 1"]),
    ("[clock]", "[clock]\nmhz = 1", ["'clock.mhz' is unknown"]),
    ("bypass = false", "", ["'chip.bypass' is missing"]),
    ("p = 2", "p = 3", ["'chip.pll.p' is 3; it must be one of: 2, 4, 6, 8"]),
    ("stack_bytes = 8192", "stack_bytes = 8", ["'placement.stack_bytes' is 8; it must lie"]),
    ('rx = "PA3"', 'rx = "GP3"', ["'uart.rx' is 'GP3'; it must match"]),
    ("enable_bit = 17", "enable_bit = 77", ["'uart.enable_bit' is 77"]),
    ('active = "high"', 'active = "on"', ["'led.active' is 'on'"]),
    ("serial = 1 #", "serial = 9 #", ["'simulators.qemu.serial' is 9"]),
    ("id_mask = 0xFFF\n", "", ["'probe.id_mask' is missing"]),
)


def _problems(folder: Path, text: str) -> tuple[str, ...]:
    file = folder / "board.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        boards.load_file(file)
    problems = caught.value.problems or (caught.value.message,)
    return tuple(p.removeprefix(f"{file}: ") for p in problems)


def test_all_at_once(tmp_path: Path) -> None:
    text, expected = DISCOVERY, []
    for old, new, said in _MISTAKES:
        assert old in text
        text = text.replace(old, new, 1)
        expected += said
    problems = _problems(tmp_path, text)
    assert len(problems) == len(expected), problems
    for part in expected:
        assert sum(problem.startswith(part) for problem in problems) == 1, (part, problems)
    outcome = mcuforge("boards", "--json", "--add", tmp_path / "board.toml")
    outcome.refused(2, f"board.toml: {len(expected)} problems:", *expected)
    assert len(json.loads(outcome.stdout)["error"]["problems"]) == len(expected)


@pytest.mark.parametrize("pair", list(itertools.combinations(_MISTAKES, 2)))
def test_every_two(pair: tuple[tuple[str, str, list[str]], ...], tmp_path: Path) -> None:
    text, expected = DISCOVERY, []
    for old, new, said in pair:
        text = text.replace(old, new, 1)
        expected += said
    assert len(_problems(tmp_path, text)) == len(expected)


@pytest.mark.parametrize(
    ("old", "new", "only"),
    [
        ("cortex-m4", "cortex-m5", "'core.name' is 'cortex-m5'"),
        ('family = "stm32f4"', 'family = "stm32f1"', "'chip.family' is 'stm32f1'"),
        ('kind = "stm32-usart"', 'kind = "16550"', "'uart.kind' is '16550'"),
        ('kind = "stm32-usart"', 'kind = "cmsdk"', "'uart.kind' is 'cmsdk'"),
        ('kind = "ram"', 'kind = "rom"', "'memory[1].kind' is 'rom'"),
        ("hz = 168_000_000\n\n[chip]", "\n[chip]", "'clock.hz' is missing"),
        ("[placement]", "[placemint]", "'placement' is missing"),
    ],
)
def test_what_follows_is_not_said(old: str, new: str, only: str, tmp_path: Path) -> None:
    assert old in DISCOVERY
    problems = _problems(tmp_path, DISCOVERY.replace(old, new, 1))
    assert problems[0].startswith(only)
    assert all("is unknown" in problem for problem in problems[1:]), problems


def _without(table: Any, path: tuple[str | int, ...]) -> None:
    for key in path[:-1]:
        table = table[key]
    del table[path[-1]]


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, item in items:
        found.append((*path, key))
        found += _paths(item, (*path, key)) if isinstance(item, dict | list) else []
    return found


@pytest.mark.parametrize("wrong", [None, 7, "x", [], {}])
def test_reading_goes_on_whatever_is_wrong(wrong: object) -> None:
    """Any value of any shipped board missing, or of another type: problems, and no failure."""
    for name in boards.shipped():
        text = (BOARDS / f"{name}.toml").read_text(encoding="utf-8")
        for path in _paths(tomllib.loads(text)):
            content = tomllib.loads(text)
            _without(content, path)
            if wrong is not None:
                target: Any = content
                for key in path[:-1]:
                    target = target[key]
                if isinstance(target, list):
                    target.insert(path[-1], wrong)
                else:
                    target[path[-1]] = wrong
            problems = Problems("f")
            description.read(Table(problems, "", content))
            try:
                problems.check()
            except UsageError as error:
                assert re.match(r"f: ", error.message)


def test_the_schema_is_the_one_in_the_documentation() -> None:
    """What `mcuforge schema board > docs/schemas/board.schema.json` writes."""
    written = Path(__file__).parents[3] / "docs" / "schemas" / "board.schema.json"
    assert written.read_text(encoding="utf-8") == mcuforge("schema", "board").stdout


def test_the_schema_and_the_reader_agree() -> None:
    made = json.loads(mcuforge("schema", "board").stdout)
    jsonschema.Draft202012Validator.check_schema(made)
    validator = jsonschema.Draft202012Validator(made)
    for name in boards.shipped():
        text = (BOARDS / f"{name}.toml").read_text(encoding="utf-8")
        validator.validate(tomllib.loads(text))
    for old, new, _ in _MISTAKES:
        wrong = list(validator.iter_errors(tomllib.loads(DISCOVERY.replace(old, new, 1))))
        # What depends on other values, as on the family of the chip, is left to the reader.
        assert wrong or old.split()[0] in ("bypass", "p", "rx", "id_mask"), (old, new)
