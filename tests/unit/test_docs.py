"""What the pages name is there."""

from __future__ import annotations

import importlib.util
import pkgutil
import re
import textwrap
from pathlib import Path

import pytest

import mcuforge

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pipeline" / "mcuforge"
FIRMWARE = ROOT / "firmware"
# Where a path that a page names may begin; those of a firmware project do so below the last ones.
BASES = (
    ROOT,
    PACKAGE,
    FIRMWARE,
    FIRMWARE / "kernels",
    FIRMWARE / "runtime",
    FIRMWARE / "engines" / "mcuforge",
    ROOT / "templates",
    ROOT / "models" / "chirps",
)
NOT_OURS = {
    "train.py",  # a model's own
    "chirps_labels.h",  # generated
    "chirps_raw.h",
    "math.h",  # the C library's
    "waves.py",  # of the tutorial's reader
    "idf.py",  # ESP-IDF's
    "mcuforge/engine.h",  # how firmware includes it
    "mcuforge/mf_latent.h",
    "mcuforge/mf_real.h",
    "zephyr/kernel.h",
    "esp_attr.h",
    "arm_acle.h",
    "Arduino.h",
    "FreeRTOS.h",
    "queue.h",
    "task.h",
    "engines/tflm_support.cc",  # generated
    "nn_names.h",
    "unet_user_config.h",
}
GENERATED = "_model.h"  # what the name of each model's header ends with
NO_MODULES = {"mcuforge.json", "mcuforge.fish"}
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
]
HOW = (ROOT / "docs" / "explanation" / "how-it-works.md").read_text()


def title(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code(page: Path) -> str:
    """The code spans and fenced blocks of a page, each a line or more."""
    text = page.read_text()
    fenced = re.findall(r"```.*?```", text, re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return "\n".join([*spans, *fenced])


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_files_and_folders_exist(page: Path) -> None:
    named = re.findall(r"(?<![\w./<>*{}-])[\w-][\w./-]*\.(?:py|c|h|cc)\b(?![./])", code(page))
    named += re.findall(r"^[a-z_][\w./-]*/$", code(page), re.MULTILINE)
    named += re.findall(r"\btests/[\w./-]+", code(page))
    missing = [
        path
        for path in sorted(set(named) - NOT_OURS)
        if not path.endswith(GENERATED) and not any((base / path).exists() for base in BASES)
    ]
    assert not missing, f"{title(page)} names what is not there: {missing}"


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_modules_exist(page: Path) -> None:
    for name in set(re.findall(r"\bmcuforge\.[a-z_][\w.]*\w", code(page))) - NO_MODULES:
        first = name.split(".")[1]
        known = first in mcuforge.__all__ or importlib.util.find_spec(name) is not None
        assert known, f"{title(page)} names {name}"


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{title(page)} links to {target}"


def test_pages_that_code_names_exist() -> None:
    """Messages, help and comments name pages, and a page may move."""
    sources = (
        "pipeline",
        "firmware",
        "templates",
        "tools",
        "models",
        "CHANGELOG.md",
        "SECURITY.md",
    )
    seen = 0
    for base in sources:
        for path in [ROOT / base, *(ROOT / base).rglob("*")]:
            if path.suffix not in {".py", ".c", ".h", ".j2", ".md", ".toml"}:
                continue
            for page in re.findall(r"(?<![\w/])docs/[\w/-]+\.md\b", path.read_text()):
                seen += 1
                assert (ROOT / page).exists(), f"{path.relative_to(ROOT)} names {page}"
    assert seen > 20


def test_every_package_is_in_the_table_of_stages() -> None:
    rows = re.findall(r"^\| (`[^|]*) \|", HOW, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert listed == {m.name for m in pkgutil.iter_modules(mcuforge.__path__) if m.ispkg}


def test_the_walks_quote_the_sources() -> None:
    sources = [
        *(PACKAGE / "planning" / "ops").rglob("*.py"),
        ROOT / "firmware" / "kernels" / "nn.h",
    ]
    text = "\n".join(textwrap.dedent(path.read_text()) for path in sources)
    flat = " ".join(text.split())
    quoted = re.findall(r"```(?:python|c)\n(.*?)```", HOW, re.DOTALL)
    assert len(quoted) == 4
    for block in quoted:
        assert " ".join(block.split()) in flat, block


def test_the_byte_of_the_walk_lies_where_the_page_says() -> None:
    board = mcuforge.load_board("mps2-an386")
    plan = mcuforge.plan_for(board, ROOT / "models" / "unet" / "artifacts" / "model.tflite")
    call = plan.ops[0].calls[0]
    place, begin = plan.offsets[call.inputs[0]], plan.offsets[call.output]
    assert f"may begin {-call.overlaps[0]} bytes before the input" in HOW
    assert f"input at byte {place} of the arena, and the output at {begin}." in HOW
    assert f"to byte {place} of the arena" in HOW
