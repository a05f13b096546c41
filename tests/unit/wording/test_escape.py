"""Every escaper against the parser of its language: what goes in comes out, and nothing else."""

from __future__ import annotations

import configparser
import json
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mcuforge import build
from mcuforge.errors import UsageError
from mcuforge.report import html_page
from mcuforge.wording import escape

SIGNS = "\"'`\\/*$#;%&|<>()[]{}!?@=:,.~^-_+ \t\n\r\0\x1b\x7f\x85\u202e\ue000aZ09é漢😀"
PIECES = (
    *("*/", "/*", "??/", "${x}", "$(id)", "${{1}}", "@{y}", "%{HOME}", "\\\n", '"; id; "', "]]>"),
    *("<b>", "</script>", "&amp;", "](x)", "www.x.y", "http://x", "~~x~~", "__x__", "\n# x"),
    *("=x", "    ", "yes", "null", "1e5", "\x1b[31m", "\x9b31m", "\\x41", "\\u0041", "$x$"),
)
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(st.sampled_from(SIGNS), max_size=4)).map(
    "".join
)


def hostile(test: Callable[[str], None]) -> Callable[[], None]:
    """The test for many texts, the same ones each time."""
    tried: Callable[[], None] = given(HOSTILE)(example("")(test))
    return settings(derandomize=True, max_examples=300, deadline=None, database=None)(tried)


def several(count: int = 250) -> list[str]:
    """Texts for parsers that are started once for all of them."""
    draw = random.Random(7)
    made = ["".join(draw.choices([*PIECES, *SIGNS], k=draw.randint(0, 12))) for _ in range(count)]
    return [*PIECES, *SIGNS, *made]


def printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


@hostile
def test_json(text: str) -> None:
    assert json.loads(escape.json_string(text)) == text


@hostile
def test_yaml(text: str) -> None:
    document = f"a: {escape.yaml_string(text)}\n{escape.yaml_string(text)}: 1\n"
    assert yaml.safe_load(document) in ({"a": text, text: 1}, {"a": 1})


@hostile
def test_shell_words(text: str) -> None:
    assert shlex.split(f"x {escape.shell_word(text)} y") == ["x", text, "y"]
    assert shlex.split(escape.shell_command([text, "a b", text])) == [text, "a b", text]


def test_shell_words_in_a_real_shell() -> None:
    texts = [text for text in several() if "\0" not in text]
    script = "printf '%s\\0' " + escape.shell_command(texts)
    done = subprocess.run(["sh", "-s"], input=script.encode(), capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == texts


@hostile
def test_comments_are_one_line_that_ends_nothing(text: str) -> None:
    comment = escape.comment(text)
    assert comment.isascii() and comment.isprintable()
    assert not any(pair in comment for pair in ("*/", "/*", "??", "\\"))


@pytest.mark.parametrize("suffix", ["c", "cc"])
def test_comments_and_strings_of_c(suffix: str, tmp_path: Path) -> None:
    texts = several()
    lines = ["#include <stdio.h>", "static const char *const texts[] = {"]
    for text in texts:
        comment = escape.comment(text)
        lines += [f"/* {comment} */ // {comment}", f"{escape.c_string(text)},"]
    sizes = ", ".join(str(len(text.encode())) for text in texts)
    lines += ["};", f"static const unsigned sizes[] = {{{sizes}}};", "int main(void) {"]
    lines += [f"for (int i = 0; i < {len(texts)}; ++i) {{ fwrite(texts[i], 1, sizes[i], stdout);"]
    lines += ['fputs(i >= 0 ? "\\n--\\n" : "", stdout); }', "return 0; }"]
    source = tmp_path / f"texts.{suffix}"
    source.write_text("\n".join(lines))
    flags = ["-Wall", "-Wextra", "-Werror", "-Wno-overlength-strings", "-trigraphs"]
    subprocess.run(["gcc", *flags, source, "-o", tmp_path / "texts"], check=True)
    done = subprocess.run([tmp_path / "texts"], capture_output=True, check=True)
    assert done.stdout.split(b"\n--\n")[:-1] == [text.encode() for text in texts]


def test_arguments_of_cmake(tmp_path: Path) -> None:
    texts = several()
    script = tmp_path / "texts.cmake"
    lines = [
        f"# {escape.comment(text)}\nset(text {escape.cmake_string(text)})\n"
        f'file(WRITE "{tmp_path}/{number}" "${{text}}")'
        for number, text in enumerate(texts)
    ]
    script.write_bytes("\n".join(lines).encode())
    subprocess.run([build.tool("cmake"), "-P", script], check=True)
    for number, text in enumerate(texts):
        found = (tmp_path / str(number)).read_bytes().decode()
        assert found == text.replace("\0", "?")


def test_cells_of_robot_framework(tmp_path: Path) -> None:
    texts = several()
    library = "import json\n\ndef collect(*cells):\n    print(json.dumps(cells))\n"
    (tmp_path / "Collector.py").write_text(
        library.replace("print(", "open('found', 'a').write('\\n' + ")
    )
    lines = ["*** Settings ***", "Library    Collector.py"]
    lines += [f"Documentation    {escape.robot_text(' '.join(texts))}"]
    lines += ["*** Test Cases ***", "All"]
    lines += [f"    Collect    a    {escape.robot_text(text)}    z" for text in texts]
    (tmp_path / "texts.robot").write_text("\n".join(lines))
    done = subprocess.run(
        [sys.executable, "-m", "robot", "--output", "none", "--pythonpath", ".", "texts.robot"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(line) for line in (tmp_path / "found").read_text().splitlines() if line]
    assert found == [["a", text, "z"] for text in texts]


def test_words_of_tcl() -> None:
    tcl = pytest.importorskip("tkinter").Tcl()
    for text in several():
        found = tcl.eval(f"set x {escape.tcl_string(text)}; set x")
        assert found == text.replace("\0", "?")


@hostile
def test_values_of_ini(text: str) -> None:
    value = escape.ini_value(text)
    parser = configparser.ConfigParser(
        interpolation=configparser.ExtendedInterpolation(), inline_comment_prefixes=(";", "#")
    )
    parser.read_string(f"[x]\na = {value}\n")
    assert dict(parser["x"]) == {"a": value}


@hostile
def test_values_of_properties(text: str) -> None:
    value = escape.properties_value(text)
    assert len(f"a={value}\n".splitlines()) == 1 and "\\" not in value and value.strip()


@hostile
def test_strings_of_kconfig(text: str) -> None:
    assert re.fullmatch(r'"[ !#%-\[\]-~]*"', escape.kconfig_string(text))


@hostile
def test_text_of_renode(text: str) -> None:
    assert re.fullmatch(r"[\w .,:;/()+=<>*?-]*", escape.renode_text(text), re.ASCII)


@pytest.mark.parametrize("frame", ["# {}\n", "x {} y\n", "| a | b |\n|---|---|\n| {} | z |\n"])
def test_words_of_markdown(frame: str) -> None:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for text in several():
        tokens = reader.parse(frame.format(escape.markdown_text(text)))
        words = [t for t in tokens if t.type == "inline"]
        assert [t.type for t in tokens] == [t.type for t in reader.parse(frame.format("word"))]
        children = [c for w in words for c in w.children or ()]
        assert {c.type for c in children} <= {"text", "text_special"}, (text, children)
        shown = " ".join("".join(c.content for c in children).split())
        assert " ".join(printable(text).split()) in shown or not text.strip()


@hostile
def test_code_of_markdown(text: str) -> None:
    reader = MarkdownIt("commonmark").enable("table")
    tokens = reader.parse(f"| a |\n|---|\n| {escape.markdown_code(text)} z |\n")
    children = [c.type for t in tokens for c in t.children or ()]
    assert children == ["text", "code_inline", "text"]


@hostile
def test_labels_of_plots(text: str) -> None:
    cbook = pytest.importorskip("matplotlib.cbook")
    assert not cbook.is_math_text(escape.plot_text(text))


@hostile
def test_terminals(text: str) -> None:
    shown = escape.terminal(text)
    assert all(c in "\n\t" or c.isprintable() for c in shown)
    assert shown == text or not all(c in "\n\t" or c.isprintable() for c in text)


@pytest.mark.parametrize("text", ['a"b', "a\nb", "a\x1bb"])
def test_jlink_has_no_escape_and_gdb_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="J-Link"):
        escape.jlink_string(text)
    assert escape.jlink_string("/a b/ä;$#.hex") == '"/a b/ä;$#.hex"'
    if not text.isprintable():
        with pytest.raises(UsageError, match="gdb"):
            escape.gdb_line(text)


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.found = ""

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.found += data


def test_pages_of_html_escape_by_themselves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "page.html.j2").write_text('<p title="{{ text }}">{{ text }}</p>')
    monkeypatch.setattr(html_page.paths, "data_dir", lambda _name: tmp_path)
    for text in several():
        parser = _Texts()
        parser.feed(html_page.render("page.html.j2", text=text))
        parser.close()
        assert parser.tags == ["p"] and parser.found == text
