"""Texts of models and board files stay texts, whatever language they end up in."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from emitted import succeed, unpack
from markdown_it import MarkdownIt
from small_model import small_classifier

from mcuforge import boards, planning
from mcuforge.boards import Board
from mcuforge.emit.extras import Extras
from mcuforge.emit.flavours import CMAKE, FLAVOURS
from mcuforge.emit.project_files import Source, project_files
from mcuforge.emit.renode_files import render_renode
from mcuforge.errors import UsageError
from mcuforge.files import paths, typed_toml
from mcuforge.flash import openocd, steps
from mcuforge.flash.job import FOLDER, Job, Plan, Step

SHIPPED = (paths.data_dir("firmware") / "boards" / "stm32f4-discovery.toml").read_text()
HARMLESS = "A net"
TEXTS = (
    "*/ int evil; /*",
    "${{__import__('os').system('id')}}",
    '"; touch /tmp/evil; echo "',
    "$(touch evil) `touch evil`",
    "ends with \\",
    "<script>alert(1)</script><img src=x onerror=y>",
    "[click](javascript:x) ![](http://x/y.png) www.x.org",
    "| a | b |",
    "a    Run Process    touch    evil",
    "{{ 7 * 7 }} {% raw %}",
    "# [[ ]] : - ? & * ! % @",
    "%(a)s ${env.HOME} ;comment",
    "??/",
    "naïve \N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}",
    "\x1b]0;title\x07\x1b[31m\r\n#error\n",
)
EVERY_TEXT = pytest.mark.parametrize("text", TEXTS)
EVERY_FLAVOUR = pytest.mark.parametrize("flavour", [CMAKE, *FLAVOURS])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "net.tflite"
    path.write_bytes(small_classifier())
    return path


def named(model: Path, text: str) -> Source:
    """The model, called `text` wherever a model says a name, but for its names in C."""
    plan = planning.make_plan(model, "net")
    tensors = tuple(replace(t, name=f"{t.name} {text}") for t in plan.graph.tensors)
    return Source(replace(plan, graph=replace(plan.graph, name=text, tensors=tensors)), "net")


def labelled(model: Path, texts: tuple[str, ...], flavour: str) -> dict[str, bytes]:
    source = replace(named(model, HARMLESS), extras=Extras(labels=texts))
    return project_files([source], titled("x"), "net", flavour)


def titled(text: str, board: str = "mps2-an386") -> Board:
    return replace(boards.load(board), title=text)


def files(model: Path, text: str, flavour: str) -> dict[str, bytes]:
    shown = "".join(c for c in text if c.isprintable())  # as board files ask for
    return project_files([named(model, text)], titled(shown or "x"), "net", flavour)


def skeleton(path: str, data: bytes) -> Any:
    """What is left of a file for its reader: no comments, no identifiers made of layers' names."""
    text = data.decode()
    if path.endswith(".json"):
        return _without(json.loads(text), "displayName", "name", "layer", "called")
    if path.endswith((".yml", ".yaml")):
        return yaml.safe_load(text)
    if path.endswith(".md"):
        return _markup(text)
    if path.endswith((".c", ".h", ".cc", ".cpp", ".ino", ".ld")):
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        text = re.sub(r"t(\d+)_\w+|_c(\d+)_\w+", r"t\1\2", text)
        return [line for line in text.splitlines() if line.strip()]
    if path.endswith(".robot"):
        text = re.sub(r"^Documentation .*", "", text, flags=re.M)
    marks = (":", "//") if path.endswith((".resc", ".repl")) else ()
    return [line for line in text.splitlines() if line and not line.startswith(("#", ";", *marks))]


def _without(value: Any, *keys: str) -> Any:
    if isinstance(value, dict):
        return {k: _without(v, *keys) for k, v in value.items() if k not in keys}
    return [_without(v, *keys) for v in value] if isinstance(value, list) else value


def _markup(text: str) -> list[str]:
    """The kinds of tokens of Markdown, and its code; not the words."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        found.append(token.type + (token.content if token.type in ("fence", "code_block") else ""))
        found += [c.type for c in token.children or () if c.type not in ("text", "text_special")]
    return found


@EVERY_FLAVOUR
def test_a_name_changes_no_file_of_a_project_but_words(
    model: Path, flavour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcuforge.emit.project_files.build_archive", lambda *_: None)  # takes long
    harmless = files(model, HARMLESS, flavour)
    every = [" ".join(TEXTS[start::4]) for start in range(4)]
    for text in TEXTS if flavour == CMAKE else every:
        hostile = files(model, text, flavour)
        assert hostile.keys() == harmless.keys()
        for path, data in hostile.items():
            if not path.endswith((".a", "board.toml")):
                assert skeleton(path, data) == skeleton(path, harmless[path]), (path, text)


@pytest.mark.parametrize("flavour", [CMAKE, "arduino"])
def test_labels_change_no_file_of_a_project_but_their_strings(model: Path, flavour: str) -> None:
    plain = labelled(model, tuple(map(str, range(len(TEXTS)))), flavour)
    hostile = labelled(model, TEXTS, flavour)
    assert hostile.keys() == plain.keys()
    differing = {Path(path).name for path in plain if hostile[path] != plain[path]}
    assert differing == {"net_labels.c", "README.md"}
    for path in plain:
        if path.endswith("README.md"):
            assert skeleton(path, hostile[path]) == skeleton(path, plain[path])


def test_what_is_compared_would_show_an_injection() -> None:
    assert skeleton("a.c", b"/* x */ int evil; /* */\n") != skeleton("a.c", b"/* x */\n")
    assert skeleton("a.md", b"# <b>x</b>\n") != skeleton("a.md", b"# x\n")
    assert skeleton("a.robot", b"# x\nLog    1\n") != skeleton("a.robot", b"# x\n")


@pytest.mark.parametrize("flavour", ["library", "esp-idf"])
def test_the_c_still_compiles(model: Path, flavour: str, tmp_path: Path) -> None:
    unpack(files(model, " ".join(TEXTS), flavour), tmp_path)
    include = next(tmp_path.rglob("net_model.h")).parent
    sources = [s for s in sorted(tmp_path.rglob("*.c")) if s.name != "main.c"]
    flags = ("-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-trigraphs")
    succeed("gcc", *flags, f"-I{include}", *sources)


@pytest.mark.parametrize("word", ["yes", "null", "on", "false"])
def test_a_model_may_be_called_like_a_word_of_yaml(model: Path, word: str) -> None:
    content = project_files(
        [Source(planning.make_plan(model, word), word)], titled("x"), word, "zephyr"
    )
    sample = yaml.safe_load(content[f"samples/{word}/sample.yaml"])
    assert sample["sample"]["name"] == word


@EVERY_TEXT
def test_a_title_in_robot_framework_is_what_it_is(text: str) -> None:
    robot = pytest.importorskip("robot.api")
    shown = "".join(c for c in text if c.isprintable())
    content = render_renode(titled(shown), "net", "Made here.")["renode/firmware.robot"].decode()
    content = content.replace("${RENODEKEYWORDS}", "")
    suite = robot.TestSuite.from_string(content)
    variables = __import__("robot.variables", fromlist=["Variables"]).Variables()
    documentation = variables.replace_string(suite.doc)
    assert documentation.startswith(f"{shown} in Renode:"), documentation


def board_file(folder: Path, old: str, new: str) -> Path:
    assert old in SHIPPED
    path = folder / "board.toml"
    path.write_text(SHIPPED.replace(old, new, 1))
    return path


REFUSED = (
    ('machine = "netduinoplus2"', 'machine = "virt; touch evil"', "simulators.qemu.machine"),
    ('machine = "netduinoplus2"', 'machine = "virt,dumpdtb=evil"', "simulators.qemu.machine"),
    ('machine = "netduinoplus2"', 'machine = "-S"', "simulators.qemu.machine"),
    ('name = "FLASH_ACR"', r'name = "a\" 0\n        python \"x"', "register[2].name"),
    ('name = "FLASH_ACR"', 'name = "$x"', "register[2].name"),
    ('name = "FLASH"', 'name = "FLASH (rx) : x"', "memory[0].name"),
    ('title = "', r'title = "\u001b[31m', "title"),
    ('openocd = "board', 'openocd = "exec touch evil; board', "flash.openocd"),
    ('openocd = "board', 'openocd = "/tmp/evil.cfg; board', "flash.openocd"),
    ('openocd = "board/', 'openocd = "../../evil/', "flash.openocd"),
    ('openocd = "board/', 'openocd = "board/../../', "flash.openocd"),
    ('openocd = "board', r'openocd = "set x [exec id]; board', "flash.openocd"),
    ('openocd = "board', r'openocd = "adapter speed 1\nexit; board', "flash.openocd"),
    ('pyocd = "', 'pyocd = "$(id)', "flash.pyocd"),
    ('jlink = "', r'jlink = "a\nerase\n', "flash.jlink"),
    ('stm32cubeprog = "', 'stm32cubeprog = "-e all', "flash.stm32cubeprog"),
    ('tx = "PA2"', 'tx = "PA\N{ARABIC-INDIC DIGIT TWO}"', "uart.tx"),
    ("baud = ", "baud = 99999999999 #", "uart.baud"),
)


@pytest.mark.parametrize(("old", "new", "key"), REFUSED)
def test_names_in_board_files_have_patterns(old: str, new: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(key)):
        boards.load_file(board_file(tmp_path, old, new))


@pytest.mark.parametrize("text", ["a\n", "a\x1b[31m", "a\x9bb", "a\rb", "\x7f", " "])
def test_texts_of_recipes_are_one_line(text: str) -> None:
    assert typed_toml.problems(text, typed_toml.Text, "name")
    assert not typed_toml.problems("é <b> ${x} [/]", typed_toml.Text, "name")


def test_shipped_boards_and_what_openocd_needs_stay_possible(tmp_path: Path) -> None:
    wanted = "interface/stlink.cfg ;transport select hla_swd; set CPUTAPID 0; target/stm32f4x.cfg"
    board = boards.load_file(board_file(tmp_path, "board/stm32f4discovery.cfg", wanted))
    job = Job(board, *(tmp_path / f"firmware.{end}" for end in ("elf", "hex", "bin")), start=0)
    command = openocd.plan(job).steps[0].command
    assert command[1:5] == ("-f", "interface/stlink.cfg", "-c", "transport select hla_swd")


def test_tools_find_no_file_that_lies_where_mcuforge_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "evil.cfg").write_text("evil")
    monkeypatch.chdir(tmp_path)
    odd = tmp_path / FOLDER / "firmware.elf"
    odd.parent.mkdir()
    odd.write_text("done")
    look = 'test ! -e board/evil.cfg && cat "$0" "$1"'
    step = Step("look", ("sh", "-c", look, str(odd), f"{FOLDER}/x"), {"x": "and"}, None, "doneand")
    job = Job(boards.load("mps2-an386"), odd, odd, odd, start=0)
    steps.run_plan(Plan("sh", "", (step,)), job, lambda _done, _total: None)


@pytest.mark.parametrize("name", ["a b;c", 'x"[exec id]$y', "{folder}", "uml\u00e4ut#"])
def test_paths_in_scripts_of_openocd(name: str, tmp_path: Path) -> None:
    tcl = pytest.importorskip("tkinter").Tcl()
    firmware = tmp_path / name / "firmware.hex"
    job = Job(boards.load("pico"), firmware, firmware, firmware, start=0)
    line = next(s for s in openocd.script(job).splitlines() if s.startswith("verify_image"))
    assert tcl.eval(f"proc verify_image {{path}} {{ return $path }}; {line}") == str(firmware)
