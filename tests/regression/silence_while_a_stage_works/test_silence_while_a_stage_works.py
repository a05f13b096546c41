"""Progress is shown while nothing is heard of a stage, and its time is the one that it took."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from mcuforge import driver
from mcuforge.cli import progress

_SLOW = """
import time
from mcuforge.cli.progress import stages
with stages("the model") as on_stage:
    on_stage("convert", 0, 0)
    time.sleep(1.6)
    on_stage("convert", 100, 100)
    on_stage("build", 0, 2)
"""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds that a test can wait for."""
    monkeypatch.setattr(progress, "_FIRST_SECONDS", 0.1)
    monkeypatch.setattr(progress, "_AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(progress, "_POLL_SECONDS", 0.02)


def _seconds(stage: str, text: str) -> float:
    found = re.search(rf"{stage} +\d+ done in ([\d.]+) s", text)
    assert found, text
    return float(found[1])


def test_a_stage_that_is_heard_of_at_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.stages() as on_stage:
        time.sleep(0.3)
        on_stage("calibrating", 5, 5)
        on_stage("evaluating", 5, 5)
    shown = capsys.readouterr().err
    assert 0.3 <= _seconds("calibrating", shown) < 2
    assert _seconds("evaluating", shown) <= 0.2


@pytest.mark.usefixtures("quick")
def test_a_log_tells_what_takes_long(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.stages("m") as on_stage:
        time.sleep(0.3)  # before anything is heard
        on_stage("convert", 0, 0)
        time.sleep(0.3)
        on_stage("convert", 3, 9)
        time.sleep(0.4)
        on_stage("convert", 9, 9)
    lines = [line.strip() for line in capsys.readouterr().err.splitlines()]
    assert lines[:2] == ["m", "working    ..."]
    assert any(re.fullmatch(r"convert +\.\.\. \d+ s", line) for line in lines), lines
    assert any(re.fullmatch(r"convert +\.\.\. 3 of 9, \d+ s", line) for line in lines), lines
    assert threading.active_count() == 1 or not any(
        "_watch" in thread.name for thread in threading.enumerate()
    )


def test_a_quick_stage_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress("building") as on_progress:
        on_progress(1, 2)
        on_progress(2, 2)
        on_progress(2, 2)
    assert re.fullmatch(r" +building +2 done in \d\.\d s\n", capsys.readouterr().err)


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_terminal_moves_meanwhile() -> None:
    import pty

    main, end = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(
        [sys.executable, "-c", _SLOW], stderr=end, stdin=end, env=environment
    )
    os.close(end)
    shown = b""
    try:
        while data := os.read(main, 4096):
            shown += data
    except OSError:  # how a pseudo-terminal says that the other end is closed
        pass
    finally:
        os.close(main)
    assert process.wait(timeout=20) == 0
    text = shown.decode()
    assert text.count("convert") > 5  # drawn again and again
    assert "100 done in" in text and _seconds("convert", re.sub(r"\x1b\[[\d;?]*\w", "", text)) > 1


def test_the_stages_that_start_tensorflow_say_so_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ten seconds pass before its first report."""
    heard: list[tuple[str, int, int]] = []

    def converting(*_: object, **__: object) -> None:
        assert heard == [("convert", 0, 0)]
        raise RuntimeError

    monkeypatch.setattr(driver, "convert", converting)
    folder = Path(__file__).parents[3] / "models" / "autoencoder"
    with pytest.raises(RuntimeError):
        driver.prepare(folder, None, tmp_path, lambda *report: heard.append(report))


def test_no_bar_moves_while_somebody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True)
    monkeypatch.setattr(progress, "progress_console", terminal)
    with progress.stages() as on_stage:
        on_stage("running", 1, 5)
        (bars,) = progress._SHOWN
        assert isinstance(bars, progress._Bars)
        with progress.hidden():
            assert not bars._progress.live.is_started
        assert bars._progress.live.is_started
    assert not progress._SHOWN
