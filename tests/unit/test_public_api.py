"""The Python API: what `mcuforge` exports, and what docs/reference/python-api.md says of it."""

from __future__ import annotations

import ast
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mcuforge

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "python-api.md").read_text()
FACE = Path(mcuforge.__file__)


def names_for_type_checkers() -> dict[str, str]:
    """Name -> home, as `_HOMES` writes it, of the imports that type checkers see."""
    tree = ast.parse(FACE.read_text())
    block = next(n for n in tree.body if isinstance(n, ast.If) and isinstance(n.test, ast.Name))
    found = {}
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom)
        assert statement.module
        home = statement.module.removeprefix("mcuforge.")
        for alias in statement.names:
            found[alias.asname or alias.name] = home + (f":{alias.name}" if alias.asname else "")
    return found


def test_the_page_lists_every_name() -> None:
    listed = re.findall(r"^- `([^`]+)`: ", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(mcuforge.__all__)


@pytest.mark.parametrize("page", ["README.md", "docs/reference/python-api.md"])
def test_examples_use_public_names_alone(page: str) -> None:
    for example in re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL):
        for node in ast.walk(ast.parse(example)):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("mcuforge")
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert node.value.id != "mcuforge" or node.attr in mcuforge.__all__


def test_every_name_has_a_docstring() -> None:
    for name in set(mcuforge.__all__) - {"__version__"}:
        value = getattr(mcuforge, name)
        assert value.__module__.startswith("mcuforge")
        assert value.__doc__
        assert not value.__doc__.startswith(f"{name}("), f"{name} has a dataclass's own docstring"


def test_type_checkers_and_programs_see_the_same() -> None:
    assert names_for_type_checkers() == mcuforge._HOMES
    assert sorted([*mcuforge._HOMES, "__version__"]) == sorted(mcuforge.__all__) == dir(mcuforge)


def test_no_name_is_that_of_a_module() -> None:
    """Importing a sub-module would put it in the place of a function of that name."""
    assert not set(mcuforge.__all__) & {m.name for m in pkgutil.iter_modules(mcuforge.__path__)}


def test_what_is_not_exported_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no public name 'convert_models'"):
        mcuforge.convert_models  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError, match="convert_models"):
        exec("from mcuforge import convert_models")


def test_importing_loads_nothing() -> None:
    """In a process of its own: here everything is loaded already."""
    program = "import sys, mcuforge; print(*(m for m in sys.modules if m.startswith('mcuforge.')))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


PACKAGES = [m.name for m in pkgutil.walk_packages([str(FACE.parent)], "mcuforge.") if m.ispkg]
TOP = ("mcuforge", "mcuforge.studies")  # may know everything
HEAVY = (
    "tensorflow",
    "keras",
    "litert_quantizer",
    "matplotlib",
    "pyocd",
    "sklearn",
    "skimage",
    "optuna",
)


@pytest.mark.parametrize("package", ["mcuforge", *PACKAGES])
def test_every_package_says_what_it_is(package: str) -> None:
    place = FACE.parents[1].joinpath(*package.split("."), "__init__.py")
    said = ast.get_docstring(ast.parse(place.read_text())) or ""
    assert "nothing" in said or package in TOP, (
        "say what goes in and out, and what it must not know"
    )


def test_packages_are_light_to_import() -> None:
    program = f"import sys, {', '.join(PACKAGES)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not set(HEAVY) & set(done.stdout.split())


@pytest.mark.slow
def test_the_readmes_example_is_well_typed(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert example is not None
    (tmp_path / "example.py").write_text(example[1] + "mcuforge.no_such_name\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"),
         "--cache-dir", str(tmp_path / "cache"), str(tmp_path / "example.py")],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert re.findall(r"error: .*", done.stdout) == [
        'error: Module has no attribute "no_such_name"  [attr-defined]'
    ], done.stdout + done.stderr
