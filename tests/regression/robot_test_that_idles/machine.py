"""Renode's keywords for Robot Framework over a machine that has only a clock and a UART."""

from __future__ import annotations

import os
import re
from pathlib import Path

ROBOT_LIBRARY_SCOPE = "GLOBAL"
READY = float(os.environ["READY"])  # seconds after which the firmware listens
LOG = Path(os.environ["LOG"])
HELLO_BYTES = int(os.environ["HELLO_BYTES"])


class machine:  # noqa: N801 - Robot takes the class that has the file's name
    ROBOT_LIBRARY_SCOPE = "GLOBAL"

    def __init__(self) -> None:
        self.seconds = 0.0  # of all tests
        self.reset_emulation()

    def setup(self) -> None: ...

    def teardown(self) -> None:
        LOG.write_text(str(self.seconds))

    def test_teardown(self) -> None: ...

    def start_emulation(self) -> None: ...

    def reset_emulation(self) -> None:
        self.now, self.heard, self.instructions = 0.0, 0, 0

    def create_terminal_tester(self, _uart: str, timeout: float) -> None:
        self.timeout = float(timeout)

    def execute_command(self, command: str) -> str:
        if run := re.search(r'RunFor "([\d.]+)"', command):
            self._pass(float(run[1]))
        elif "WriteChar" in command:
            self.heard += self.now >= READY
        elif path := re.search(r"@(.*)", command):
            assert not re.search(r"(?<!\\) ", path[1]), f"a space without its escape: {path[1]}"
        return f"0x{int(self.now * 1e7):016X}\n" if "ExecutedInstructions" in command else ""

    def wait_for_prompt_on_uart(self, prompt: str, timeout: float | None = None) -> None:
        if self.heard < HELLO_BYTES:
            self._pass(self.timeout if timeout is None else float(timeout))
            raise AssertionError(f"{prompt} never came")
        self._pass(0.001)

    def _pass(self, seconds: float) -> None:
        self.now += seconds
        self.seconds += seconds
