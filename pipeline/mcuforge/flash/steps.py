"""Runs the commands of a plan, one after the other, and explains the one that fails."""

from __future__ import annotations

import os
import shutil
import subprocess

from mcuforge.errors import ToolError
from mcuforge.flash.job import FOLDER, Job, OnProgress, Plan, Step
from mcuforge.flash.problems import FlashError, Kind, explain
from mcuforge.processes import groups, scratch

_TIMEOUT_SECONDS = 300.0


def run_plan(plan: Plan, job: Job, on_progress: OnProgress) -> None:
    """Raises `ToolError` where the program is missing, `FlashError` where a step fails."""
    require(plan)
    for number, step in enumerate(plan.steps):
        on_progress(number, len(plan.steps))
        _run(step, job, plan.program)
    on_progress(len(plan.steps), len(plan.steps))


def require(plan: Plan) -> None:
    """Raise `ToolError` where the plan's program is missing."""
    if shutil.which(plan.program) is None:
        raise ToolError(f"{plan.program} was not found on PATH. {plan.install}")


def _in_folder(part: str, folder: str) -> str:
    """The part of a command; a path that merely holds `{folder}` stays."""
    return folder + part.removeprefix(FOLDER) if part.startswith(FOLDER) else part


def _run(step: Step, job: Job, program: str) -> None:
    tool = "gdb" if "gdb" in program else program
    with scratch.folder() as folder:
        for name, content in step.files.items():
            (folder / name).write_text(content, encoding="utf-8")
        command = [_in_folder(part, str(folder)) for part in step.command]
        try:
            done = groups.run(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, timeout=_TIMEOUT_SECONDS,
                env={**os.environ, "LC_ALL": "C"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise FlashError(
                Kind.OTHER, f"{step.title}: {tool} did not end within {_TIMEOUT_SECONDS:g} s."
            ) from None
    output = done.stdout.decode(errors="replace")
    if step.check:
        step.check(output)
    if done.returncode != 0 or step.evidence not in output:
        raise explain(job.board, tool, output)
