"""The recipe's Python in its child process: what it makes, and how each failure is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcuforge.errors import ForgeError, ToolError, UsageError
from mcuforge.features import in_python
from mcuforge.recipe.features import Features

RAW = np.arange(12, dtype=np.int16).reshape(2, 3, 2)


def features(python: Path) -> Features:
    return Features("made", python, (), "int16", (3, 2), "int8", 1.0, 0)


def write(folder: Path, text: str) -> Features:
    (folder / "neighbour.py").write_text("FACTOR = 2\n")
    python = folder / "made.py"
    python.write_text(text)
    return features(python)


def test_each_sample_is_given_in_its_shape_and_may_be_changed(tmp_path: Path) -> None:
    made = write(
        tmp_path,
        "import numpy as np\n"
        "from neighbour import FACTOR\n"
        "print('not an answer')\n"
        "def made(raw):\n"
        "    assert raw.shape == (3, 2) and raw.dtype == np.int16\n"
        "    raw *= FACTOR\n"
        "    return raw.astype(np.int8)\n",
    )
    codes = in_python.compute(made, RAW, 6)
    assert codes.dtype == np.int8
    assert np.array_equal(codes, 2 * RAW.reshape(2, 6))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["made.py", "neighbour.py"]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("", ForgeError, "defines no function made(raw)"),
        ("def made(raw):\n    return raw\n", ForgeError, "sample 0: gives int16[3, 2]; it must"),
        ("def made(raw):\n    return None\n", ForgeError, "sample 0: gives NoneType; it must"),
        ("def made(raw):\n    return raw[0].astype('int8')\n", ForgeError, "with 6 elements"),
        ("def made(raw):\n    return raw[9]\n", ForgeError, "made failed: IndexError: index 9"),
        ("import nothing_of_that_name", ForgeError, "ModuleNotFoundError: No module named"),
        ("import os\nprint('so long')\nos._exit(3)", ToolError, "(exit code 3) before"),
    ],
)
def test_failures_name_the_file(
    tmp_path: Path, text: str, kind: type[ForgeError], expected: str
) -> None:
    made = write(tmp_path, text)
    with pytest.raises(kind) as caught:
        in_python.compute(made, RAW, 6)
    assert expected in caught.value.message
    assert str(made.python) in caught.value.message


def test_a_file_that_is_not_there_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"features\.python: .*none\.py does not exist"):
        in_python.compute(features(tmp_path / "none.py"), RAW, 6)


def test_a_hang_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_python, "TIMEOUT_SECONDS", 0.3)
    made = write(tmp_path, "while True:\n    pass\n")
    with pytest.raises(ToolError, match=r"within 0\.3 s"):
        in_python.compute(made, RAW, 6)
