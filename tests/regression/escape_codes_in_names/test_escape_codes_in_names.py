"""Nothing that a command prints steers the terminal, wherever its words come from."""

from __future__ import annotations

import ast
import io
import json
import shutil
from pathlib import Path

import pytest
from command_line import Outcome, mcuforge
from small_model import small_classifier

from mcuforge import cli
from mcuforge.cli import consoles
from mcuforge.cli.progress import stages
from mcuforge.errors import ForgeError
from mcuforge.files import paths
from mcuforge.wording.tables import Table

EVIL = "a\x1b]0;owned\x07\x1b[31m\x9b2J\rb\x7f\u202ec"
SHIPPED = paths.data_dir("firmware") / "boards" / "mps2-an386.toml"


def harmless(text: str) -> bool:
    return all(c.isprintable() or c in "\n\t" for c in text)


def shown(outcome: Outcome) -> str:
    text = outcome.stdout + outcome.stderr
    assert harmless(text), ascii(text)
    assert "\\x1b" in text, text  # it was shown, as what it is
    return text


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / EVIL
    folder.mkdir()
    (folder / f"{EVIL}.tflite").write_bytes(small_classifier())
    return folder / f"{EVIL}.tflite"


def test_a_model_and_its_output(model: Path, tmp_path: Path) -> None:
    assert shown(mcuforge("emit", model, "-o", tmp_path / EVIL))
    assert "owned" in mcuforge("inspect", model).stdout
    assert harmless(mcuforge("inspect", model).stdout)
    assert shown(mcuforge("emit", model, "-o", tmp_path / EVIL / "README.md"))


@pytest.mark.parametrize(
    "command",
    [
        ("inspect", "EVIL"),
        ("inspect", "EVIL.tflite"),
        ("build", "EVIL"),
        ("flash", "EVIL"),
        ("monitor", "EVIL"),
        ("emit", "MODEL", "--board", "EVIL"),
        ("emit", "MODEL", "--board", "EVIL.toml"),
        ("emit", "MODEL", "--EVIL"),
        ("emit", "MODEL", "--flavour", "EVIL"),
        ("EVIL",),
        ("boards", "--remove", "EVIL"),
        ("--debug", "inspect", "EVIL"),
        ("monitor", "--port", "EVIL"),
        ("flash", "--gdb-server", "EVIL"),
    ],
)
def test_messages(command: tuple[str, ...], model: Path) -> None:
    filled = [a.replace("EVIL", EVIL).replace("MODEL", str(model)) for a in command]
    outcome = mcuforge(*filled)
    assert outcome.code in (1, 2) and "internal" not in outcome.stderr
    assert shown(outcome)


def test_board_files(model: Path, tmp_path: Path) -> None:
    file = tmp_path / f"{EVIL}.toml"
    shutil.copyfile(SHIPPED, file)
    assert "\\x1b" in shown(mcuforge("emit", model, "--board", file, "-o", tmp_path / EVIL))
    file.write_text(SHIPPED.read_text().replace('title = "', 'title = "\\u001b[31m', 1))
    assert "title" in shown(mcuforge("boards", "--add", file))


def test_json_holds_the_text_and_no_control_character(model: Path) -> None:
    outcome = mcuforge("inspect", model.with_suffix(".none"), "--json")
    assert harmless(outcome.stdout)
    assert EVIL in json.loads(outcome.stdout)["error"]["message"]


def test_tables_and_progress_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    console = consoles._Console(file=stream, force_terminal=True, width=60, color_system=None)
    table = Table(title=EVIL)
    table.add_column(EVIL)
    table.add_column("x")
    table.add_row(EVIL, "y")
    console.print(table)
    rows = stream.getvalue().splitlines()
    assert harmless(stream.getvalue()) and "\\x1b" in stream.getvalue()
    assert len({len(row) for row in rows if row[0] in "┃│"}) == 1  # borders stay in line
    monkeypatch.setattr("mcuforge.cli.progress.progress_console", console)
    with stages(EVIL) as on_stage:
        on_stage(EVIL, 1, 2)
    ours = ("\x1b]0;owned", "\x9b", "\x07", "\x1b[31m", "\u202e")
    assert not any(code in stream.getvalue() for code in ours)


@pytest.mark.parametrize(
    "name", ["[red]x[/red]", "[/]", "a[link=http://x]b[/link]", ":bell:", "\\["]
)
def test_names_are_no_markup_of_tables(name: str, tmp_path: Path) -> None:
    model = tmp_path / f"{name.replace('/', '-')}.tflite"
    model.write_bytes(small_classifier())
    outcome = mcuforge("inspect", model)
    assert outcome.code == 0 and model.stem in outcome.stdout, outcome
    table = Table(name, title=name)
    table.add_row(name)
    with consoles.result_console.capture() as captured:
        consoles.result_console.print(table)
    assert captured.get().count(name) == 3


def test_what_devices_say() -> None:
    outcome = mcuforge("monitor", "--port", f"socket://localhost:1/{EVIL}", "--seconds", "0")
    assert harmless(outcome.stderr), ascii(outcome.stderr)
    from mcuforge.cli import monitor

    assert monitor._unix("line\r\n") == "line\n"


def test_errors_keep_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    from mcuforge.cli import failure

    failure.report(ForgeError(f"two\nlines {EVIL}"), as_json=False, debug=True)
    printed = capsys.readouterr().err
    assert harmless(printed) and "two\nlines" in printed


def test_there_is_no_other_way_out() -> None:
    """Commands print by `echo` and the consoles alone."""
    for file in Path(cli.__path__[0]).glob("*.py"):
        if file.name == "consoles.py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in {"click.echo", "click.secho", "print", "rich.print"}, file
                assert not called.startswith(("sys.stdout.write", "sys.stderr.write")), file
                assert called not in {"Console", "traceback.print_exception"}, file
