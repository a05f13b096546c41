"""Names of folders that Renode's monitor cannot read."""

from __future__ import annotations

import stat
import sys
import tempfile
from pathlib import Path

import pytest

from mcuforge import boards
from mcuforge.errors import DeviceError
from mcuforge.simulate import renode_monitor
from mcuforge.simulate.renode import Renode
from mcuforge.simulate.renode_monitor import path_token
from mcuforge.simulate.renode_program import require_renode

BOARD = boards.load("mps2-an386")
FAKE = (Path(__file__).parents[2] / "shared" / "fake_renode.py").read_text()
NAMES = [
    "Modellprüfung",
    "模型",
    "with\ttab",
    "a;b",
    "two  spaces",
    "quote'\"",
    "no\u00a0break",
    "$x",
]


@pytest.mark.parametrize("name", NAMES)
def test_only_plain_text_reaches_the_monitor(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Project, temporary files and Renode itself lie in such folders."""
    odd = tmp_path / name
    for folder in ("project", "temporary", "renode"):
        (odd / folder).mkdir(parents=True)
    elf = odd / "project" / "firmware.elf"
    elf.write_bytes(b"the program")
    script = odd / "renode" / "renode"
    script.write_text(f"#!{sys.executable}\n{FAKE}")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(tempfile, "tempdir", str(odd / "temporary"))
    said: list[str] = []
    send = renode_monitor.Monitor._send
    monkeypatch.setattr(
        renode_monitor.Monitor, "_send", lambda self, text: (said.append(text), send(self, text))
    )
    with Renode(BOARD, elf, require_renode(BOARD, script)) as simulator:
        assert simulator.executed_instructions() > 0
        token = next(line for line in said if line.startswith("$elf=@")).partition("\n")[0]
        loaded = Path(token.removeprefix("$elf=@").replace("\\ ", " "))
        assert loaded.read_bytes() == b"the program"
    text = "".join(said)
    assert text.isascii() and "\t" not in text
    assert not loaded.parent.exists()


@pytest.mark.parametrize("name", ["ü", "a\tb", "a;b", "a\nb", "a\u00a0b"])
def test_a_path_that_cannot_be_said_is_refused(name: str) -> None:
    with pytest.raises(DeviceError, match=r"reads no path .* Set TMPDIR"):
        path_token(Path("/tmp") / name)
    assert path_token(Path("/tmp/a b")) == "@/tmp/a\\ b"
