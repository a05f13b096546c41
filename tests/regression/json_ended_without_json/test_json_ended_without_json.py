"""With `--json` a failure is a JSON document, too: kind, exit code, message, problems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from command_line import Outcome, mcuforge
from made_up_reports import a_report
from single_op import Spec, build

from mcuforge import __version__, boards
from mcuforge import cli as cli_package
from mcuforge.cli import COMMANDS, cli, failure, run
from mcuforge.errors import ParityError
from mcuforge.files import json_text
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.report import Costs, RunReport, as_json


def _error(outcome: Outcome) -> dict[str, Any]:
    """The error object of the one document on stdout; people still read stderr."""
    document = json.loads(outcome.stdout)
    assert document["mcuforge"] == __version__
    error: dict[str, Any] = document["error"]
    assert error["version"] == 1 and error["exit_code"] == outcome.code != 0
    assert error["problems"] and error["message"] in outcome.stderr
    return error


def _with_json() -> list[str]:
    found = []
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        found += [name] if any("--json" in p.opts for p in command.params) else []
    return found


@pytest.mark.parametrize("name", _with_json())
def test_bad_usage_of_every_command(name: str) -> None:
    error = _error(mcuforge(name, "--json", "--bogus"))
    assert (error["kind"], error["exit_code"]) == ("usage", 2)
    assert error["message"].startswith("No such option '--bogus'.")


def test_every_command_that_shows_results_has_it() -> None:
    assert set(COMMANDS) - set(_with_json()) <= {"monitor", "schema", "tune-worker"}


def test_an_unknown_command() -> None:
    assert _error(mcuforge("toast", "--json"))["kind"] == "usage"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"no model", "model"),
        (build("FLOOR_MOD", [Spec((1, 4))] * 2, [Spec((1, 4))]), "unsupported"),
    ],
)
def test_what_is_wrong_with_a_model(content: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "odd.tflite").write_bytes(content)
    outcome = mcuforge("inspect", tmp_path / "odd.tflite", "--json")
    assert (outcome.code, _error(outcome)["kind"]) == (1, kind)


def test_a_bug_and_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    for raised, kind in ((RuntimeError("oh"), "internal"), (KeyboardInterrupt(), "interrupted")):

        def available(raised: BaseException = raised) -> None:
            raise raised

        monkeypatch.setattr(boards, "available", available)
        assert _error(mcuforge("boards", "--json"))["kind"] == kind


def test_what_was_found_stands_beside_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a parity that does not hold, whose report is printed nevertheless."""

    def available() -> None:
        raise ParityError("they differ", result=json.loads(as_json([a_report()])))

    monkeypatch.setattr(boards, "available", available)
    outcome = mcuforge("boards", "--json")
    assert _error(outcome)["kind"] == "parity"
    assert json.loads(outcome.stdout)["reports"][0]["model"] == "net"


def test_a_failed_parity_is_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    differs = Comparison("device", 100, 3, 1, 1.0, decides=True)
    report = RunReport(
        "m", "00", "mps2-an386", "aot", Verdict(1, (differs,), "op 0 differs"), (), None,
        Costs(0, 0, 0, 0, 0, 0, 0, None), (),
    )  # fmt: skip
    with pytest.raises(ParityError) as failed:
        run.finish([report], tmp_path, True)
    assert capsys.readouterr().out == ""
    assert failed.value.result["reports"][0]["verdict"]["exact"] is False


def test_what_json_cannot_hold_is_null() -> None:
    """An SQNR of infinity, a metric that is not a number: strict parsers know neither."""
    error = ParityError("x", result={"sqnr": [float("inf"), (float("nan"), 1.5)]})

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = json_text.dumps(failure.document(error))
    assert json.loads(text, parse_constant=refuse)["sqnr"] == [None, [None, 1.5]]


def test_every_document_is_written_by_the_same() -> None:
    folder = Path(cli_package.__file__).parent
    found = [p.name for p in folder.glob("*.py") if "json.dumps" in p.read_text(encoding="utf-8")]
    assert found == []
