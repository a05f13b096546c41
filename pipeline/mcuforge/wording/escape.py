"""Text that others chose, made safe for each language that we write. The only place for that.

Names and titles come from models and board files, paths from whoever runs a command. Each function
takes any text and returns what stands for it in one place of one language: whatever the text holds,
it stays there. Functions that end in `_string` bring their own quotes. Where a language has no
escape for a character, `?` or `'` takes its place. `emit.templates` offers them as filters, and
lets no text into a template that went through none. HTML is escaped by `report.html_page`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable

from mcuforge.errors import UsageError

_WWW = re.compile(r"(?i)\bwww\.")
_OUTER_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_LINE_START = re.compile(r"^(\s*)([-+=]|\d+[.)])")


class Escaped(str):
    """Text that is safe where it is put."""

    __slots__ = ()


def comment(text: str) -> Escaped:
    """For the inside of a comment of C, C++, a linker script, CMake, YAML, make, INI or Renode.

    It can neither end the comment nor continue a line.
    """
    printable = _plain(text)
    # The backslash goes first: what replaces it must not complete another pair.
    for unsafe, safe in (("\\", "|"), ("*/", "* /"), ("/*", "/ *"), ("??", "? ")):
        printable = printable.replace(unsafe, safe)
    return Escaped(printable)


def c_string(text: str) -> Escaped:
    """A literal of C and C++ with the text as UTF-8."""

    def escaped(byte: int) -> str:
        plain = byte < 127 and (chr(byte).isalnum() or chr(byte) in " _-.,:/+=()[]")
        return chr(byte) if plain else f"\\{byte:03o}"

    return _quoted("".join(map(escaped, text.encode("utf-8", "replace"))))


def cmake_string(text: str) -> Escaped:
    """A quoted argument of CMake: one, whatever the text holds. Without the character 0."""
    escaped = re.sub(r'([\\"$])', r"\\\1", text.replace("\0", "?"))
    return _quoted(escaped.replace("\r", "\\r"))


def json_string(text: str) -> Escaped:
    """A string of JSON."""
    return Escaped(json.dumps(text))


def toml_string(text: str) -> Escaped:
    """A basic string of TOML, in one line."""
    return _quoted(re.sub(r'(["\\])', r"\\\1", _printable(text)))


def yaml_string(text: str) -> Escaped:
    """A double-quoted scalar of YAML; never a number, a truth value or null."""

    def escaped(char: str) -> str:
        code = ord(char)
        if 32 <= code < 127:
            return f"\\{char}" if char in '"\\' else char
        return f"\\x{code:02x}" if code < 256 else _unicode(code)

    return _quoted("".join(map(escaped, text)))


def shell_word(text: str) -> Escaped:
    """One word of a command of a POSIX shell."""
    return Escaped(shlex.quote(text))


def shell_command(words: Iterable[str]) -> Escaped:
    """A command of a POSIX shell."""
    return Escaped(shlex.join(words))


def robot_text(text: str) -> Escaped:
    """A cell of Robot Framework: no variable, no keyword, no second cell."""

    def escaped(char: str) -> str:
        code = ord(char)
        if char.isascii() and char.isalnum():
            return char
        if 33 <= code < 127:
            return f"\\{char}" if char in "\\$@&%#=|{}" else char
        return f"\\x{code:02x}" if code < 256 else _unicode(code)

    inside = "".join(" " if char == " " else escaped(char) for char in text)
    # A space beside another one, or at an end, would separate cells.
    inside = re.sub(r"(?<= ) |^ | $", r"\\x20", inside)
    return Escaped(inside or "${EMPTY}")


def renode_text(text: str) -> Escaped:
    """A line of Renode's scripts, or the inside of its quotes: it reads no escapes there."""
    return Escaped(re.sub(r"[^\w .,:;/()+=<>*-]", "?", _plain(text), flags=re.ASCII))


def tcl_string(text: str) -> Escaped:
    """A quoted word of Tcl, which OpenOCD reads: nothing in it is substituted."""

    def escaped(char: str) -> str:
        code = ord(char)
        if char.isalnum() or char in " _-./:" or code >= 2**16:
            return char
        printable = char.isprintable()
        return (f"\\{char}" if code < 128 else char) if printable else f"\\u{code:04x}"

    return _quoted("".join(map(escaped, text.replace("\0", "?"))))


def jlink_string(text: str) -> Escaped:
    """A quoted file name of J-Link Commander, which knows no escape.

    Raises `UsageError` where the text holds a quote or a control character.
    """
    return _quoted(_refused(text, '"', "J-Link Commander"))


def gdb_line(text: str) -> Escaped:
    """The rest of a line of gdb's. Raises `UsageError` where the text would go on after it."""
    return Escaped(_refused(text, "", "gdb"))


def kconfig_string(text: str) -> Escaped:
    """A string of Kconfig, in which `$(...)` would be run."""
    return _quoted(re.sub(r"[$\\]", "?", _plain(text)).replace('"', "'"))


def ini_value(text: str) -> Escaped:
    """A value of PlatformIO's INI: no reference, no comment, no list."""
    return Escaped(re.sub(r"[$%;#{},\\\"]", "?", _plain(text)).strip() or "?")


def properties_value(text: str) -> Escaped:
    """A value of Arduino's `library.properties`, which are lines without escapes."""
    return Escaped(_plain(text).replace("\\", "?").strip() or "?")


def markdown_text(text: str) -> Escaped:
    """Words of Markdown, in a heading, a paragraph or a table: no markup, no link, no HTML."""
    words = re.sub(r"([\\`*\[\]|~$])", r"\\\1", _printable(text))
    words = _OUTER_UNDERSCORE.sub(r"\\_", words)
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    words = re.sub(r"^(\s*)#|#$", r"\1\\#", words).replace("://", "\\://")
    words = _LINE_START.sub(lambda m: f"{m[1]}{m[2][:-1]}\\{m[2][-1]}", words)
    return Escaped(_WWW.sub(lambda match: f"{match[0][:-1]}\\.", words))


def markdown_code(text: str) -> Escaped:
    """A code span of Markdown, in a table as well."""
    inside = _printable(text).replace("`", "'").replace("|", "?")
    return Escaped(f"`{inside or '?'}`")


def plot_text(text: str) -> Escaped:
    """A label of matplotlib's, which reads `$...$` as mathematics."""
    return Escaped(_printable(text).replace("\\", "/").replace("$", "\\$"))


def terminal(text: str) -> Escaped:
    """Text for a terminal: lines and tabs stay; what would steer it is shown as its code.

    That are control characters, which begin escape sequences, and those that reorder text.
    """
    return Escaped("".join(map(_shown, text)))


def _shown(char: str) -> str:
    if char in "\n\t" or char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else _unicode(code)


def _unicode(code: int) -> str:
    return f"\\u{code:04x}" if code < 2**16 else f"\\U{code:08x}"


def _plain(text: str) -> str:
    """Printable ASCII, character by character."""
    return "".join(c if c.isprintable() and ord(c) < 127 else "?" for c in text)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _quoted(inside: str) -> Escaped:
    return Escaped(f'"{inside}"')


def _refused(text: str, unsafe: str, program: str) -> str:
    if not text.isprintable() or set(text) & set(unsafe):
        raise UsageError(
            f"{text!r}: {program} reads no text with {unsafe or 'a line end'} or control "
            "characters in it. Move the project to another folder, or name it otherwise."
        )
    return text
