"""`pytest tests/zoo --models FOLDER`: the proof of every `.tflite` in it, and a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import table

FOREIGN = "test_a_model_of_the_folder"
_rows: list[table.Row] = []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for every file of the folder."""
    if "foreign_model" not in metafunc.fixturenames:
        return
    folder = metafunc.config.getoption("--models")
    files = sorted(Path(folder).rglob("*.tflite")) if folder else []
    names = [str(file.relative_to(folder)) for file in files]
    metafunc.parametrize("foreign_model", files, ids=names)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With a folder, only its models; without, everything else."""
    given = config.getoption("--models") is not None
    ours = [item for item in items if item.path.parent == Path(__file__).parent]
    unwanted = [i for i in ours if (getattr(i, "originalname", i.name) == FOREIGN) != given]
    config.hook.pytest_deselected(items=unwanted)
    items[:] = [item for item in items if item not in unwanted]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take down a row, which a test in whatever process has found."""
    _rows.extend(
        row for name, row in report.user_properties if name == "zoo" and report.when == "call"
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table to the working folder."""
    if _rows and not hasattr(session.config, "workerinput"):
        table.write(_rows, Path.cwd())


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in a line what was found, and where the table is."""
    if _rows:
        terminalreporter.write_line(table.summary(_rows))
