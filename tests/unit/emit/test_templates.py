"""Nothing gets into a template unescaped: the environment sees to that, and here each is read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import jinja2
import pytest
from jinja2 import nodes

from mcuforge.emit import templates
from mcuforge.files import paths
from mcuforge.wording import escape

# What a template may write as it is, by the last part of its name, and what keeps it plain.
GUARDS = {
    "an identifier of C, by emit/c_names": {
        *("name", "NAME", "upper", "prefix", "params", "stack", "arena"),
        *("code", "constants", "data"),  # regions of memory, by a pattern of board_file
    },
    "a number": {
        *("hz", "clock_hz", "baud", "port", "number", "alternate", "enable_bit", "crystal_hz"),
        *("m", "n", "p", "factors", "request_bytes", "stack_bytes", "stack_guard_bytes", "rank"),
        *("boot_bytes", "bytes", "arena_bytes", "lower_bound", "alignment", "count", "offset"),
        *("index", "index0", "zero_point", "elements", "ram_kib", "flash_kib"),
        *(
            "raw_elements",
            "row_elements",
            "rows",
            "last_row",
            "row_bytes",
            "whole_inputs",
            "whole_outputs",
        ),
        *("state_bytes", "carried_bytes", "resource_variables", "fill"),
        *(
            "mpu_regions",
            "mips",
            "tensor",
            "result_count",
            "base",
            "tflite_bytes",
            "instructions_per_tick",
        ),
        *(
            "kernels",
            "engine",
            "inputs",
            "outputs",
            "ops",
            "results",
            "labels",
            "models",
            "byte",
            "renode_minimum",
        ),
        *("minimum", "quantum", "enable", "uf2_family", "vector_table", "address"),
    },
    "made here of numbers and fixed words": {
        "row",
        *("header", "version", "hash", "hash_bytes", "shape", "scale", "value", "c_type", "dtype"),
        *("kernel", "method", "methods", "source", "folder", "key", "type", "where", "text"),
        *("raw_type", "code_type", "input_type", "raw_shape"),
        *("markdown", "kernel_definitions", "flags", "tflm_arch", "cmsis_device", "compiler"),
        "archiver",
    },
    "a pattern of recipe/features.py, or made here for ops that run row by row": {
        *("function", "member", "window", "values", "maker", "output", "kinds", "result"),
        *(
            "last",
            "again",
            "after",
            "left_out",
            "first",
            "before",
            "at_once",
            "run",
            "runs",
            "step",
        ),
        *(
            "row_bytes",
            "rows",
            "made",
            "params",
            "pixel",
            "width",
            "columns",
            "begin",
            "end",
            "seen",
        ),
        *("row_dilation", "seen_bytes"),
    },
    "by a pattern of ecosystems.py": {"zephyr", "arduino", "platformio_board"},
}
PLAIN = set().union(*GUARDS.values())
ESCAPERS = {function.__name__ for function in templates.ESCAPERS} | {"c_code"}
KEEP_PLAIN = {"upper", "lower", "join", "length", "max", "map"}


def _expressions() -> Iterator[tuple[str, nodes.Expr]]:
    environment = templates.environment()
    for name in environment.list_templates(filter_func=lambda n: not n.startswith("report/")):
        if name.endswith(".j2"):
            source = (paths.data_dir("templates") / name).read_text()
            for output in environment.parse(source).find_all(nodes.Output):
                for expression in output.nodes:
                    if not isinstance(expression, nodes.TemplateData):
                        yield f"{name}:{expression.lineno}", expression


def _leaves(node: nodes.Node) -> Iterator[nodes.Node]:
    """What an expression writes, without the conditions."""
    match node:
        case nodes.Filter(name=name) if name in ESCAPERS:
            return
        case nodes.Filter(name="of_macro"):
            assert isinstance(node.node, nodes.Call) and isinstance(node.node.node, nodes.Name)
        case nodes.Filter(name="format", node=nodes.Const(), args=numbers):
            for number in numbers:
                yield from _leaves(number)
        case nodes.Filter(name=name):
            assert name in KEEP_PLAIN, name
            yield from _leaves(node.node)
        case nodes.CondExpr():
            yield from _leaves(node.expr1)
            if node.expr2 is not None:
                yield from _leaves(node.expr2)
        case nodes.Concat(nodes=parts):
            for part in parts:
                yield from _leaves(part)
        case nodes.Getitem():
            yield from _leaves(node.node)
        case nodes.Call(node=nodes.Getattr(node=nodes.Name() | nodes.Getattr() as of)):
            yield from _leaves(of)
        case nodes.Call(args=arguments):
            for argument in arguments:
                yield from _leaves(argument)
        case nodes.List(items=items):
            for item in items:
                yield from _leaves(item)
        case _:
            yield node


def test_every_expression_is_escaped_or_known_to_be_plain() -> None:
    for place, expression in _expressions():
        for leaf in _leaves(expression):
            match leaf:
                case nodes.Const(value=str(text)):
                    assert templates._PLAIN.fullmatch(text), (place, text)
                case nodes.Const(value=int()):
                    pass
                case nodes.Getattr(attr=name) | nodes.Name(name=name):
                    assert name in PLAIN, (place, name)
                case _:
                    raise AssertionError((place, leaf))


def test_titles_and_comments_always_have_an_escaper() -> None:
    for place, expression in _expressions():
        for leaf in _leaves(expression):
            if isinstance(leaf, nodes.Getattr):
                assert leaf.attr not in {"title", "comment", "description", "summary"}, place


def test_pages_of_html_switch_their_escaping_off_nowhere() -> None:
    for page in (paths.data_dir("templates") / "report").rglob("*.j2"):
        text = page.read_text()
        assert not re.search(r"\|\s*safe\b|autoescape", text), page


@pytest.mark.parametrize(
    "text",
    [
        '"',
        "'",
        "\\",
        "a\nb",
        "a; b",
        "*/",
        "${x}",
        "a: b",
        "a #b",
        "a  b",
        "<b>",
        "`x`",
        "ü",
        "a|b",
    ],
)
def test_text_without_an_escaper_is_a_mistake_and_never_written(text: str) -> None:
    template = templates.environment().from_string("{{ text }}")
    with pytest.raises(ValueError, match="unescaped"):
        template.render(text=text)
    escaped = templates.environment().from_string("{{ text | json_string }}")
    assert escaped.render(text=text) == escape.json_string(text)


def test_what_is_not_there_is_a_mistake() -> None:
    with pytest.raises(jinja2.UndefinedError):
        templates.environment().from_string("{{ nothing }}").render()


@pytest.mark.parametrize("code", ['"', "/* */", "a; b", "{1}", "#x", "\\"])
def test_c_of_ours_is_numbers_names_and_operators(code: str) -> None:
    with pytest.raises(ValueError, match="not C"):
        templates.c_code(code)
