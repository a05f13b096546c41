"""`--quiet`: warnings and errors on stderr, and nothing else but what is for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from command_line import Outcome, mcuforge
from single_op import Spec, build

from mcuforge.cli import COMMANDS, cli, consoles, progress, quiet
from mcuforge.cli.run import finish
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.report import Costs, RunReport


@pytest.fixture
def relu(tmp_path: Path) -> Path:
    path = tmp_path / "relu.tflite"
    spec = Spec((1, 4, 4, 3), scale=0.5, zero_point=-3)
    path.write_bytes(build("RELU", [spec], [spec]))
    return path


def test_every_command_that_prints_for_people_has_it() -> None:
    context = click.Context(cli)
    without = {
        name
        for name in COMMANDS
        if not any("--quiet" in p.opts for p in cli.get_command(context, name).params)
    }
    assert without == set(quiet.WITHOUT)
    assert sum("--quiet" in p.opts for p in cli.get_command(context, "run").params) == 1


@pytest.mark.parametrize("words", [("-q",), ("--quiet",)])
def test_nothing_is_printed_and_all_is_written(
    relu: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    for arguments in (("boards",), ("inspect", relu), ("emit", relu, "-o", tmp_path / "made")):
        assert mcuforge(*arguments, *words) == Outcome(0, "", "")
        assert mcuforge(*words, *arguments) == Outcome(0, "", "")
    assert (tmp_path / "made" / "CMakeLists.txt").is_file()


def test_errors_and_exit_codes_are_the_same(relu: Path) -> None:
    for arguments in (("inspect", "none.tflite"), ("emit", relu, "--board", "toaster")):
        loud, hushed = mcuforge(*arguments), mcuforge(*arguments, "-q")
        assert hushed == loud and loud.code == 2 and loud.stderr


def test_json_is_unaffected(relu: Path) -> None:
    for arguments in (("boards",), ("inspect", relu)):
        loud, hushed = mcuforge(*arguments, "--json"), mcuforge(*arguments, "--json", "--quiet")
        assert json.loads(hushed.stdout) and hushed.stdout == loud.stdout
    failed = mcuforge("inspect", "none.tflite", "--json", "-q")
    assert json.loads(failed.stdout)["error"]["kind"] == "usage"


@pytest.mark.parametrize("wanted", [True, False])
def test_warnings_stay_and_notes_go(
    wanted: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = Verdict(1, (Comparison("device", 4, 0, 0, 0.0, decides=True),))
    costs = Costs(1, 2, 3, 3, 3, 4, 5, None)
    warnings = ("the samples look like raw pixels",)
    report = RunReport("net", "ab", "board", "aot", verdict, (), None, costs, (), None, warnings)
    with click.Context(cli) as context:
        if wanted:
            consoles.hush(context)
        consoles.note("taking another file")
        with progress.stages("net") as on_stage:
            on_stage("build", 1, 1)
        finish([report], tmp_path, as_json=False)
    shown = capsys.readouterr()
    assert "Warning: the samples look like raw pixels" in shown.err
    assert (tmp_path / "report" / "index.html").is_file()
    if wanted:
        assert (shown.out, shown.err.count("\n")) == ("", 1)
    else:
        assert "bytes compared" in shown.out and "build" in shown.err and "taking" in shown.err


def test_no_thread_watches_the_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would know nothing of the context, and tell what takes long."""
    monkeypatch.setattr(progress, "_Lines", _refuse)
    with click.Context(cli) as context:
        consoles.hush(context)
        with progress.stages() as on_stage:
            on_stage("build", 0, 0)


def _refuse(*_: Any) -> None:
    raise AssertionError("a thread was started")
