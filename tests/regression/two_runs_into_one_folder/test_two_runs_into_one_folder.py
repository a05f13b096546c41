"""A folder that another process writes to is left alone, by every command that writes one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import mcuforge
from single_op import Spec, build

from mcuforge.files import locks

_HOLDER = """
import sys
from pathlib import Path
from mcuforge.files import locks
with locks.writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
_SAYS = "another mcuforge is writing there"


@pytest.fixture(autouse=True)
def relu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "relu.tflite"
    spec = Spec((1, 4), scale=0.5)
    path.write_bytes(build("RELU", [spec], [spec]))
    return path


@pytest.fixture
def held(relu: Path, tmp_path: Path) -> Iterator[Path]:
    """A project that another process holds."""
    folder = tmp_path / "out"
    assert mcuforge("emit", relu, "-o", folder).code == 0
    command = [sys.executable, "-c", _HOLDER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == b"held\n"
        yield folder
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def _content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_command_that_writes_there(held: Path, relu: Path, tmp_path: Path) -> None:
    before = _content(held)
    (tmp_path / "model").mkdir()
    link = tmp_path / "link"
    link.symlink_to(held)
    for command in ("run", "parity", "bench", "emit"):
        for name in (str(held), "./out/", str(link)):
            mcuforge(command, relu, "-o", name).refused(1, _SAYS)
    mcuforge("explore", tmp_path / "model", "-o", held).refused(1, _SAYS)
    for command in ("build", "simulate", "flash"):
        mcuforge(command, held).refused(1, _SAYS)
    assert _content(held) == before


def test_a_model_that_is_being_trained(held: Path) -> None:
    recipe = Path(__file__).parents[3] / "models" / "unet" / "recipe.toml"
    (held / "recipe.toml").write_bytes(recipe.read_bytes())
    mcuforge("train", held).refused(1, _SAYS)


@pytest.mark.usefixtures("held")
def test_other_folders_are_free(relu: Path) -> None:
    assert mcuforge("emit", relu, "-o", "elsewhere").code == 0


def test_it_is_free_afterwards(tmp_path: Path) -> None:
    """Whatever the end; one process may hold a folder several times."""
    folder = tmp_path / "new" / "folder"
    with pytest.raises(RuntimeError), locks.writing(folder), locks.writing(folder):
        raise RuntimeError
    script = _HOLDER.replace("sys.stdin.read()", "raise SystemExit(7)")
    done = subprocess.run([sys.executable, "-c", script, str(folder)], check=False, timeout=60)
    assert done.returncode == 7
    assert not folder.parent.exists()  # a lock leaves nothing there


def test_the_users_cache_cannot_be_written(
    relu: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container without a home; the locks then lie in the temporary folder."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "scratch"))
    assert mcuforge("emit", relu, "-o", "somewhere").code == 0
    assert list((tmp_path / "scratch").rglob("*.lock"))
