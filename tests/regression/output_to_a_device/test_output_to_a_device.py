"""An output that exists and is no regular file is written to or refused, never replaced."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_model import small_classifier

from mcuforge.errors import ForgeError
from mcuforge.files import atomic

# In a mount namespace of its own: a device made there, and a private /dev/null.
DEVICES = """
import os, stat, sys
from pathlib import Path
from mcuforge.files import atomic
from mcuforge.errors import ForgeError
folder = Path(sys.argv[1])
null, disk = folder / "null", folder / "disk"
os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
os.mknod(disk, 0o600 | stat.S_IFBLK, os.makedev(7, 250))
(folder / "link").symlink_to("null")
for path in (null, folder / "link"):
    atomic.write_bytes(path, b"model")
assert stat.S_ISCHR(null.lstat().st_mode) and (folder / "link").is_symlink()
try:
    atomic.write_bytes(disk, b"model")
except ForgeError as error:
    print(error.message)
assert stat.S_ISBLK(disk.lstat().st_mode)
"""


def test_a_pipe_takes_the_bytes(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to("pipe")
    for path in (pipe, link):
        with ThreadPoolExecutor() as pool:
            reader = pool.submit(pipe.read_bytes)
            atomic.write_bytes(path, b"model" * 50_000)
            assert reader.result(10) == b"model" * 50_000
    assert stat.S_ISFIFO(pipe.lstat().st_mode) and link.is_symlink()


def test_a_pipe_that_only_has_a_descriptor() -> None:
    """As a shell's >(program) or /dev/stdout is."""
    read, write = os.pipe()
    atomic.write_bytes(Path(f"/dev/fd/{write}"), b"model")
    os.close(write)
    assert os.read(read, 100) == b"model"
    os.close(read)


def test_a_socket_and_a_folder_are_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        with pytest.raises(ForgeError, match="is a socket"):
            atomic.write_bytes(tmp_path / "socket", b"x")
        assert stat.S_ISSOCK((tmp_path / "socket").lstat().st_mode)
    with pytest.raises(ForgeError, match="is a folder"):
        atomic.write_bytes(tmp_path, b"x")


def test_a_link_to_itself_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ForgeError, match="cannot be written"):
        atomic.write_bytes(tmp_path / "loop", b"x")


# Every command that writes, in the same place: folders are refused, files are written through.
COMMANDS = """
import os, stat, sys
from pathlib import Path
from mcuforge import cli, recipe
from mcuforge.cli import convert, debug_quantization as page, run, train
folder = Path(sys.argv[1])
null = folder / "null"
os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
os.chdir(folder)
Path("build").mkdir()
Path("out/report").mkdir(parents=True)
for name in ("report/index.html", "report/pages.json", "report.json"):
    (Path("out") / name).symlink_to(null)
model = sys.argv[2]

def called(*arguments):
    try:
        cli.main(arguments)
    except SystemExit as ended:
        assert stat.S_ISCHR(null.lstat().st_mode), arguments
        return ended.code

for command in ("run", "emit", "parity", "bench", "explore"):
    assert called(command, model, "-o", "null") == 2, command
    assert called(command, model, "-o", "null/inside") == 2, command
run._print = lambda *_: None
run.finish([], Path("out"), True)
page.analysis_page.as_html = lambda report: "page"
page.write_report(None, null, quiet=True)
assert stat.S_ISCHR(null.lstat().st_mode) and (Path("out") / "report/index.html").is_symlink()
print("all")
"""


def in_private(tmp_path: Path, script: str, *arguments: str) -> str:
    """What a script prints that has a folder where devices may be, in a mount namespace of its own.

    Its first argument is the folder.
    """
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare, to make devices that nobody else sees")
    inside = tmp_path / "private"
    inside.mkdir()
    mounted = 'mount -t tmpfs -o dev tmpfs "$1" && exec "$2" -c "$3" "$1" "$4"'
    python = (str(inside), sys.executable, script, *arguments)
    result = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounted, "sh", *python], capture_output=True, text=True
    )
    if "mount" in result.stderr or "unshare" in result.stderr or "PermissionError" in result.stderr:
        pytest.skip("this machine lets nobody make devices")
    assert result.returncode == 0, result.stderr
    assert list(inside.iterdir()) == []
    return result.stdout


def test_devices_stay_devices(tmp_path: Path) -> None:
    assert "disk: is a disk" in in_private(tmp_path, DEVICES, "")


def test_devices_stay_devices_whatever_the_command(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(small_classifier())
    assert in_private(tmp_path, COMMANDS, str(model)).endswith("all\n")
