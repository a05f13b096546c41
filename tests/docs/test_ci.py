"""The examples for CI: sound files for their service, whose commands do what the page says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from blocks import ROOT, Block, blocks
from test_run import folder_of_a_reader

PAGE = ROOT / "docs" / "how-to" / "ci.md"


def block(language: str, mark: str) -> Block:
    (found,) = [b for b in blocks(PAGE) if b.language == language and mark in b.text]
    return found


GITHUB = yaml.safe_load(block("yaml", ".github/workflows").text)
GITLAB = yaml.safe_load(block("yaml", ".gitlab-ci").text)
GATES = block("toml", "[gates]").text


def github_steps() -> list[dict[str, Any]]:
    (job,) = GITHUB["jobs"].values()
    return list(job["steps"])


def scripts() -> dict[str, list[str]]:
    """What each service runs with a shell, in its order."""
    return {
        "github": [step["run"] for step in github_steps() if "run" in step],
        "gitlab": [*GITLAB["firmware"]["before_script"], *GITLAB["firmware"]["script"]],
    }


def test_the_files_have_what_their_service_asks_for() -> None:
    assert {True, "jobs", "permissions"} <= set(GITHUB)  # YAML 1.1 reads `on` as true
    (job,) = GITHUB["jobs"].values()
    assert job["runs-on"].startswith("ubuntu-")
    assert all(("run" in step) != ("uses" in step) for step in job["steps"])
    assert all("@v" in step["uses"] for step in job["steps"] if "uses" in step)
    assert {"image", "script", "artifacts"} <= set(GITLAB["firmware"])
    assert all(isinstance(line, str) for line in scripts()["gitlab"])


def test_both_do_the_same() -> None:
    github, gitlab = (
        [" ".join(line.split()) for line in lines if line.startswith("mcuforge")]
        for lines in scripts().values()
    )
    assert github == gitlab and len(github) == 2


def test_what_they_keep_is_what_is_written() -> None:
    artifacts = GITLAB["firmware"]["artifacts"]
    kept = {*artifacts["paths"], artifacts["reports"]["junit"]}
    upload = next(s for s in github_steps() if "upload-artifact" in s.get("uses", ""))
    assert set(upload["with"]["path"].split()) <= kept
    assert artifacts["when"] == "always" and upload["if"] == "always()"


def test_the_gates_are_a_part_of_a_recipe(tmp_path: Path) -> None:
    from mcuforge import recipe

    folder = folder_of_a_reader(tmp_path / "reader") / "models" / "autoencoder"
    file = folder / "recipe.toml"
    file.write_text(f"{file.read_text()}\n{GATES}")
    assert recipe.load(folder).gates.max_flash == 65536
    assert tomllib.loads(GATES)["gates"]["min_accuracy"] == 0.9


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.tensorflow
@pytest.mark.parametrize("service", ["github", "gitlab"])
def test_the_commands_run_with_gates_and_a_baseline(service: str, tmp_path: Path) -> None:
    folder = folder_of_a_reader(tmp_path / "reader")
    recipe = folder / "models" / "autoencoder" / "recipe.toml"
    recipe.write_text(f"{recipe.read_text()}\n{GATES}")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "GITHUB_STEP_SUMMARY": str(tmp_path / "step.md")}

    def shell(text: str) -> int:
        done = subprocess.run(["bash", "-ec", text], cwd=folder, env=environment, check=False)
        return done.returncode

    assert shell(block("sh", "baseline.json").text) == 0
    lines = [line for line in scripts()[service] if "apt-get" not in line and "pip" not in line]
    assert [shell(line) for line in lines] == [0] * len(lines)
    (report,) = json.loads((folder / "build" / "report.json").read_text())["reports"]
    assert len(report["gates"]) == 9 and all(gate["held"] for gate in report["gates"])
    suites = ElementTree.parse(folder / "build" / "junit.xml").getroot()
    assert suites.attrib["tests"] == "10" and suites.attrib["failures"] == "0"
    assert (tmp_path / "step.md").is_file() or service == "gitlab"
    recipe.write_text(recipe.read_text().replace('max_flash = "64k"', 'max_flash = "1k"'))
    assert shell(lines[1]) == 1
    assert "max-flash allows 1,024 B" in (folder / "build" / "summary.md").read_text()
