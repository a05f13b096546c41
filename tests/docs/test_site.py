"""The documentation's site: what is made for it, and that nothing in it leads astray."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import command_group
import outside
import pytest
import schema_tables
from hooks import MADE

import mcuforge
from mcuforge.boards import shipped
from mcuforge.cli import cli

ROOT = Path(__file__).parents[2]


def build(folder: Path, config: Path = ROOT / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", config, "-d", folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=config.parent,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )


def test_links_out_of_the_pages_lead_to_copies() -> None:
    text = (
        "[a](../../CONTRIBUTING.md#tests) [b](../reference/cli.md) [c](https://x.org/y.md) [d](#e)"
    )
    assert outside.redirected(text, "how-to/profiling.md") == (
        "[a](../repository/CONTRIBUTING.md#tests) [b](../reference/cli.md) [c](https://x.org/y.md)"
        " [d](#e)"
    )
    text = "[a](docs/how-to/flashing.md#gdb) [b](LICENSE) [c](models/vae/MODEL.md)"
    assert outside.redirected(text, "repository/README.md") == (
        "[a](../how-to/flashing.md#gdb) [b](LICENSE) [c](models/vae/MODEL.md)"
    )


def test_copies_are_those_of_files_that_are_linked(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(
        "[x](../ONE.md) [y](b.md) [z](../none) [w](/etc/passwd)"
    )
    (tmp_path / "ONE.md").write_text("[x](TWO) [y](docs/a.md) [z](../outside)")
    (tmp_path / "TWO").write_text("two")
    assert outside.linked(tmp_path) == ["ONE.md", "TWO"]


def test_every_command_is_in_the_reference_by_its_name() -> None:
    context = command_group.click.Context(cli)
    assert list(command_group.GROUP.commands) == cli.list_commands(context)
    for name, command in command_group.GROUP.commands.items():
        assert command.name == name
        options = [p for p in command.params if isinstance(p, command_group.click.Option)]
        assert "Sentinel" not in str([option.default for option in options]), name


def test_a_schema_becomes_tables_of_its_keys(tmp_path: Path) -> None:
    inner = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 9}}}
    schema = {
        "title": "What a|b prints",
        "type": "object",
        "properties": {
            "version": {"const": 3},
            "ops": {"type": "array", "items": {"$ref": "#/$defs/Op"}},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "a <b>\nc"},
            "by": {"type": "object", "additionalProperties": {"enum": ["x", 1]}},
        },
        "required": ["version"],
        "$defs": {"Op": inner | {"title": "Op"}},
    }
    folder = tmp_path / "schemas"
    folder.mkdir()
    (folder / "thing.schema.json").write_text(json.dumps(schema))
    text = schema_tables.documents(folder)
    assert "| `version` | `3` |  |" in text
    assert "| `ops` | list of table | may be missing |" in text
    assert "In `ops[]`:" in text
    assert "| `n` | whole number, 1 to 9 | may be missing |" in text
    assert "| `note` | text or nothing | a &lt;b> c. may be missing |" in text
    assert '| `by` | table: `"x"`, `1` by name | may be missing |' in text
    assert "| `version` | `3` | required |" in schema_tables.settings(folder / "thing.schema.json")
    assert "[`thing.schema.json`](../schemas/thing.schema.json)" in text


def test_a_schema_that_holds_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "a.schema.json").write_text(
        json.dumps(
            {
                "$ref": "#/$defs/Node",
                "$defs": {
                    "Node": {
                        "title": "Node",
                        "type": "object",
                        "properties": {"child": {"$ref": "#/$defs/Node"}, "n": {"type": "number"}},
                    }
                },
            }
        )
    )
    assert schema_tables.documents(tmp_path).count("| `n` | number | may be missing |") == 1


@pytest.mark.parametrize("name", sorted(set(MADE) - {"json documents", "python api"}))
def test_what_is_made_are_tables(name: str) -> None:
    rows = [line for line in MADE[name]().splitlines() if line.startswith("|")]
    assert len(rows) > 5
    assert all(row.count("|") >= 4 for row in rows)


@pytest.mark.slow
def test_the_site_holds_what_is_made_and_loads_nothing(tmp_path: Path) -> None:
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    pages = {p.relative_to(tmp_path).as_posix(): p.read_text() for p in tmp_path.rglob("*.html")}
    commands = pages["reference/cli.html"]
    assert all(f'id="mcuforge-{name}"' in commands for name in command_group.GROUP.commands)
    names = pages["reference/python-api.html"]
    assert all(f'id="mcuforge.{name}"' in names for name in set(mcuforge.__all__) - {"__version__"})
    boards = html.unescape(pages["reference/boards.html"])
    assert all(f"<code>{name}</code>" in boards for name in shipped())
    assert "<!-- made:" not in "".join(pages.values())
    for name, text in pages.items():
        loaded = re.findall(r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="([^"]*)"', text)
        assert not [url for url in loaded if "//" in url], f"{name} loads from a network"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[x](reference/scripts.md#nowhere)", "does not contain an anchor"),
        ("[x](reference/nowhere.md)", "not found among documentation files"),
        ("[x](../NOWHERE.md)", "not found among documentation files"),
        ("<!-- made: nothing -->", "nothing is made by the name"),
    ],
)
def test_a_link_that_leads_nowhere_fails(tmp_path: Path, line: str, said: str) -> None:
    for name in ("docs", "tools", "pipeline"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*outside.linked(ROOT), "benchmarks/speed.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    with (tmp_path / "docs" / "index.md").open("a") as page:
        page.write(f"\n{line}\n")
    done = build(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr  # it must not fail for another reason
