"""What a failed build says, and what is no project."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mcuforge import build as build_module
from mcuforge.build import BuildError, FitError, build, explain, tool
from mcuforge.build.firmware_size import firmware_size
from mcuforge.errors import ToolError, UsageError

HERE = Path("project")


def test_an_overflow_is_counted() -> None:
    output = (
        "ld: firmware.elf section `.model' will not fit in region `FLASH'\n"
        "ld: region `FLASH' overflowed by 12345 bytes\nld: region `RAM' overflowed by 8 bytes\n"
    )
    error = explain(output, HERE)
    assert isinstance(error, FitError)
    assert error.over == {"FLASH": 12345, "RAM": 8}
    assert "FLASH by 12,345 bytes and RAM by 8 bytes" in error.message


def test_a_missing_c_library_is_a_missing_tool() -> None:
    output = "main.c:1:10: fatal error: stdint.h: No such file or directory\n"
    error = explain(output, HERE)
    assert isinstance(error, ToolError)
    assert "libnewlib-arm-none-eabi" in error.message


def test_only_the_first_error_is_shown() -> None:
    output = "[1/3] Building\na.c:3:5: error: first\na.c:9:1: error: second\nninja: stopped\n"
    error = explain(output, HERE)
    assert isinstance(error, BuildError)
    assert "a.c:3:5: error: first" in error.message
    assert "second" not in error.message


def test_without_an_error_line_the_end_is_shown() -> None:
    assert "CMake was killed" in explain("x" * 5000 + "\nCMake was killed\n", HERE).message


def _presets(folder: Path, content: object) -> None:
    (folder / "CMakePresets.json").write_text(json.dumps(content))


def test_what_is_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a firmware project"):
        build(tmp_path, "host")
    for content in ([], {"configurePresets": 3}, {"configurePresets": [{}]}):
        _presets(tmp_path, content)
        with pytest.raises(UsageError, match="not readable as CMake presets"):
            build(tmp_path, "host")
    hidden = {"name": "common", "hidden": True}
    _presets(tmp_path, {"configurePresets": [hidden, {"name": "host"}, {"name": "m4"}]})
    with pytest.raises(UsageError, match=r"no preset 'common'\. Presets: host, m4"):
        build(tmp_path, "common")


def test_tools_come_from_the_path_or_from_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(build_module.sysconfig, "get_path", lambda _: str(tmp_path / "scripts"))
    with pytest.raises(ToolError, match=r"ninja was not found.*pip install ninja"):
        tool("ninja")
    (tmp_path / "scripts").mkdir()
    shutil.copy("/bin/true", tmp_path / "scripts" / "ninja")
    assert tool("ninja") == str(tmp_path / "scripts" / "ninja")


def test_what_is_no_elf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    for name in ("text", "none"):
        with pytest.raises(ToolError, match="not a readable ELF file"):
            firmware_size(tmp_path / name)
