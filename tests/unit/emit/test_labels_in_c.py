"""Labels in the emitted C: the same bytes, whatever they hold, and none where nobody uses them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from emitted import WARNINGS, source, succeed, write
from small_model import small_classifier

from mcuforge.emit.extras import Extras

LABELS = ('"; int evil; "', "??/", "\\x41\\", "grüß dich", "%s%n", "7", "*/ no comment", "\u4e00")
MAIN = """
#include <stdio.h>
#include "net_labels.h"
int main(void) {
    for (int i = 0; i < NET_LABEL_COUNT; ++i) {
        puts(net_labels[i]);
    }
    return 0;
}
"""


def test_the_program_prints_what_the_recipe_says(tmp_path: Path) -> None:
    net = replace(source(small_classifier(), "net", tmp_path), extras=Extras(labels=LABELS))
    folder = write([net], tmp_path / "project")
    include = next(folder.rglob("net_labels.h")).parent
    assert include.name == "include"  # beside net_model.h, where an application finds it
    labels = next(folder.rglob("net_labels.c"))
    (tmp_path / "main.c").write_text(MAIN)
    program = tmp_path / "program"
    compiled = ("-std=c11", "-trigraphs", *WARNINGS, f"-I{include}", "-o", program)
    succeed("gcc", *compiled, tmp_path / "main.c", labels)
    printed = subprocess.run([program], capture_output=True, check=True).stdout
    assert printed.decode().splitlines() == list(LABELS)
    in_cpp = ("-std=c++17", "-Wall", "-Werror", "-fsyntax-only", "-xc++", f"-I{include}")
    succeed("g++", *in_cpp, tmp_path / "main.c")


def test_without_labels_nothing_is_written(tmp_path: Path) -> None:
    folder = write([source(small_classifier(), "net", tmp_path)], tmp_path / "project")
    assert not list(folder.rglob("*labels*"))
    assert "labels" not in (folder / "README.md").read_text()
