"""A pipe, a device, a socket, a loop of links or an impossible name wherever a file is given."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
from command_line import mcuforge
from small_model import small_classifier

SECONDS = 10
MODEL_COMMANDS = (
    ("run",), ("inspect",), ("emit",), ("parity",), ("bench",), ("convert",), ("explore",),
    ("debug-quantization",), ("train",),
)  # fmt: skip
# {} is the odd path, {model} a sound .tflite, {keras} looks like a Keras model
OTHERS = (
    ("parity", "{model}", "--samples", "{}"),
    ("convert", "{keras}", "--samples", "{}"),
    ("debug-quantization", "{keras}", "--samples", "{}"),
    ("debug-quantization", "{keras}", "--samples", "{model}", "--held-out", "{}"),
    ("emit", "{model}", "--board", "{}"),
    ("run", "{model}", "--board", "{}"),
    ("boards", "--add", "{}"),
    ("quantize-table", "{}"),
    ("build", "{}"),
    ("simulate", "{}"),
    ("flash", "{}"),
    ("emit", "{model}", "-o", "{}"),
    ("run", "{model}", "-o", "{}"),
)  # fmt: skip


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Odd paths by what they are. Each is a board's and a recipe's file by its suffix, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    os.mkfifo("pipe.toml")
    Path("link.toml").symlink_to("pipe.toml")
    Path("zero.toml").symlink_to("/dev/zero")
    Path("loop.toml").symlink_to("loop.toml")
    Path("loops").symlink_to("loops")
    folder = Path("folder")
    folder.mkdir()
    (folder / "recipe.toml").symlink_to("../pipe.toml")
    Path("model.tflite").write_bytes(small_classifier())
    Path("model.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.toml")
        yield {
            "pipe": "pipe.toml",
            "link to a pipe": "link.toml",
            "device": "zero.toml",
            "socket": "socket.toml",
            "loop": "loop.toml",
            "in a loop": "loops/model.toml",
            "long name": "x" * 300 + ".toml",
            "long path": "x/" * 3000 + "model.toml",
            "folder with a pipe": "folder",
        }


@pytest.fixture(autouse=True)
def limited() -> Iterator[None]:
    """Whoever waits for a pipe's writer is told of."""

    def late(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("command", [*MODEL_COMMANDS, *OTHERS], ids=" ".join)
def test_it_is_refused_in_words(command: tuple[str, ...], places: dict[str, str]) -> None:
    filled = {"model": "model.tflite", "keras": "model.h5"}
    if command in MODEL_COMMANDS:
        command = (*command, "{}")
    if "-o" in command:  # a folder with something in it is none of the odd ones there
        del places["folder with a pipe"]
    for what, path in places.items():
        signal.alarm(SECONDS)
        ended = mcuforge(*(part.format(path, **filled) for part in command))
        said = ended.stderr + ended.stdout
        assert ended.code in (1, 2), (what, said)
        assert "internal error" not in said and "Traceback" not in said, (what, said)
        assert "hangs" not in said, what


def run(command: list[str], redirected: str) -> subprocess.CompletedProcess[str]:
    """The command in a shell, with its streams redirected."""
    line = f'exec "$@" {redirected}'
    python = [sys.executable, "-m", "mcuforge", *command]
    return subprocess.run(
        ["sh", "-c", line, "sh", *python], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize("command", ["inspect --json model.tflite", "boards", "--help"])
def test_standard_output_is_full(command: str) -> None:
    done = run(command.split(), ">/dev/full")
    assert done.returncode == 1, done
    assert "No space left on device" in done.stderr and "standard output" in done.stderr
    assert "internal error" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.usefixtures("places")
def test_streams_that_are_closed_or_full() -> None:
    for redirected in (">&-", "<&-", "2>&-", "<&- >&- 2>&-"):
        done = run(["emit", "model.tflite", "-o", f"out{len(redirected)}"], redirected)
        assert done.returncode == 0, done
        assert "Traceback" not in done.stderr and "Exception" not in done.stderr
    for redirected in ("2>/dev/full", ">/dev/full 2>&1", ">&- 2>&-"):
        done = run(["inspect", "nowhere.tflite", "--json"], redirected)
        assert done.returncode == 2 and done.stderr == "", done
    for path in Path().rglob("*.c"):  # no file got what was printed
        assert "Written" not in path.read_text()


HUGE = "9" * 400
NUMBERS = (
    ("run", "model.tflite", "--count", HUGE),
    ("parity", "model.tflite", "--count", "99999999999999999999"),
    ("parity", "model.tflite", "--count", "1000000000"),
    ("bench", "model.tflite", "--count", HUGE),
    ("simulate", ".", "--count", HUGE),
    ("train", "folder", "--epochs", HUGE),
    ("train", "folder", "--seed", HUGE),
    ("monitor", "socket://127.0.0.1:1", "--baud", HUGE),
    ("quantize-table", "numbers.csv", "--bits", HUGE),
    ("run", "model.tflite", "--max-difference", "x" + HUGE),
    ("parity", "model.tflite", "--port", f"socket://127.0.0.1:{HUGE}"),
)


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize("command", NUMBERS, ids=lambda command: " ".join(command)[:40])
def test_huge_numbers(command: tuple[str, ...]) -> None:
    Path("numbers.csv").write_text("1,2\n3,4\n")
    (Path("folder") / "recipe.toml").unlink()
    signal.alarm(SECONDS)
    ended = mcuforge(*command)
    assert ended.code in (1, 2) and "internal error" not in ended.stderr, ended


BOARD = (Path(__file__).parents[3] / "firmware" / "boards" / "mps2-an386.toml").read_text()
RECIPE = (Path(__file__).parents[3] / "models" / "unet" / "recipe.toml").read_text()
ODD_TOML = {
    "deep arrays": "x = " + "[" * 100_000,
    "deep, closed": "x = " + "[" * 400 + "]" * 400,
    "deep tables": ".".join(["x"] * 5_000) + " = 1",
    "deep inline": "x = " + "{x = " * 2_000 + "1" + "}" * 2_000,
    "digits": f"x = {'9' * 5_000}",
    "hexadecimal": f"x = 0x{'f' * 100_000}",
    "float": "x = 1e999999",
    "nothing": "",
    "zeros": "\0" * 1000,
    "latin-1": "x = '\xff'",
}


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize("what", ODD_TOML)
def test_toml_that_is_deep_or_huge(what: str) -> None:
    path = Path("odd.toml")
    path.write_bytes(ODD_TOML[what].encode("latin-1"))
    for command in (("run", path), ("train", path), ("emit", "model.tflite", "--board", path)):
        mcuforge(*command).refused(mcuforge(*command).code, "odd.toml")


def values(text: str) -> Iterator[tuple[str, str]]:
    """The file with one of its integers replaced after the other."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        key, equals, value = line.partition(" = ")
        if equals and value.split("#")[0].strip().replace("_", "").replace("0x", "").isalnum():
            for odd in (str(2**63 - 1), str(2**64), "-1", "9" * 4000, "1e308", "nan", "[[[1]]]"):
                changed = [*lines[:number], f"{key} = {odd}", *lines[number + 1 :]]
                yield f"{key} = {odd[:20]}", "\n".join(changed)


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize("kind", ["board", "recipe"])
def test_every_number_may_be_huge(kind: str) -> None:
    path = Path("odd.toml")
    checked = 0
    for what, text in values(BOARD if kind == "board" else RECIPE):
        path.write_text(text)
        command = ("emit", "model.tflite", "-o", "out", "--board", path)
        ended = mcuforge(*(command if kind == "board" else ("train", path)))
        assert "internal error" not in ended.stderr, (what, ended)
        checked += 1
    assert checked > 10


@pytest.mark.usefixtures("places")
def test_a_path_with_a_zero_byte() -> None:
    folder = Path("model")
    folder.mkdir()
    for key in ("keras", "tflite", "calibration", "golden", "script"):
        lines = [
            f'{key} = "a\\u0000b"' if line.startswith(f"{key} =") else line
            for line in RECIPE.splitlines()
        ]
        (folder / "recipe.toml").write_text("\n".join(lines))
        for command in ("run", "convert", "train", "inspect"):
            mcuforge(command, folder).refused(2, key)


PRESETS = (
    "[" * 100_000, '{"a":' * 500 + "1" + "}" * 500, "[]", "7", '{"configurePresets": [7]}',
    '{"configurePresets": {"name": "x"}}', '{"configurePresets": [{"name": ["mps2-an386"]}]}', "",
)  # fmt: skip


@pytest.mark.usefixtures("places")
def test_a_project_that_somebody_gave() -> None:
    assert mcuforge("emit", "model.tflite", "-o", "project").code == 0
    file = Path("project") / "CMakePresets.json"
    for text in PRESETS:
        file.write_text(text)
        mcuforge("build", "project").refused(2, "CMakePresets.json")
    file.unlink()
    os.mkfifo(file)
    signal.alarm(SECONDS)
    mcuforge("build", "project").refused(2, "is a pipe")


@pytest.mark.usefixtures("places")
def test_names_too_long_for_a_file() -> None:
    for command in ("emit", "run"):
        for name in ("x" * 300, "a/" + "y" * 300):
            ended = mcuforge(command, "model.tflite", "-o", name)
            ended.refused(1, "name", "too long")
