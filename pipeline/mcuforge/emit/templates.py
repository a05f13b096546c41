"""Text files from the templates, into which nothing gets unescaped.

A template writes a value in one of three ways:

    {{ model.result_count }}         a number, or text that is plain in every language: see `_PLAIN`
    {{ board.title | comment }}      any text, by the escaper of the place (`wording.escape`)
    {{ constant.values | c_code }}   C that we wrote: numbers, names and the signs between them

Anything else is a mistake of ours and raises `ValueError`, whatever the text holds that day.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jinja2

from mcuforge.files import paths, template_cache
from mcuforge.wording import escape
from mcuforge.wording.escape import Escaped

# Words, numbers, paths and options: they mean themselves in each language, quoted or not, and in
# comments. A colon or `#` with a space beside it means something to YAML, two spaces to Robot.
_PLAIN = re.compile(r"(?:[\w.,=/@+-]|:(?!\s|$)| (?! |#))*", re.ASCII)
_C_CODE = re.compile(r"[\w\s.,+*&()-]*", re.ASCII)

ESCAPERS = (
    escape.comment, escape.c_string, escape.cmake_string, escape.json_string, escape.yaml_string,
    escape.shell_command, escape.robot_text, escape.renode_text, escape.kconfig_string,
    escape.ini_value, escape.properties_value, escape.markdown_text, escape.markdown_code,
)  # fmt: skip


def render(template: str, **values: Any) -> bytes:
    """A template of `templates/`, filled with the values, as UTF-8."""
    return environment().get_template(template).render(values).encode()


@cache
def environment() -> jinja2.Environment:
    """Of all templates but those of HTML, which `report.html_page` has."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.data_dir("templates")),
        undefined=jinja2.StrictUndefined,
        finalize=_checked,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=template_cache.of(__file__, escape.__file__),
        autoescape=False,  # noqa: S701 - not HTML; `_checked` sees to each value
    )
    found.filters |= {function.__name__: function for function in ESCAPERS}
    found.filters |= {"c_code": c_code, "of_macro": Escaped}
    return found


def c_code(text: str) -> Escaped:
    """C that was written here. Raises `ValueError` where it holds more than that can."""
    if not _C_CODE.fullmatch(text):
        raise ValueError(f"not C of ours: {text!r}")
    return Escaped(text)


def _checked(value: Any) -> Any:
    """The value of an expression of a template, which may be written as it is."""
    if isinstance(value, Escaped | jinja2.Undefined) or type(value) in (int, float):
        return value
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    raise ValueError(f"a template would write this unescaped: {value!r}")
