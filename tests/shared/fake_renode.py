#!/usr/bin/env python3
"""Stands in for Renode in tests: its monitor on stdin and stdout, scripts, and a UART on a port.

It runs the scripts line by line and refuses what it does not know. Behind the port it runs the
program that FAKE_RENODE_FIRMWARE names: the firmware built for this computer. FAKE_RENODE says how
it fails, FAKE_RENODE_VERSION and FAKE_RENODE_BUILD which version it claims to be.
"""

import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

MODE = os.environ.get("FAKE_RENODE", "serve")


class MonitorError(Exception):
    """A command that the monitor refuses."""


class Fake:
    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.macros: dict[str, list[str]] = {}
        self.machine: str | None = None
        self.done: set[str] = set()
        self.platform = False
        self.port = 0
        self.origin = ""
        self.instructions = 0

    # --- the monitor's language -----------------------------------------------------------------

    def expand(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name == "ORIGIN":
                return "@" + self.origin
            if name not in self.variables:
                raise MonitorError(f"No such variable: ${name}")
            return self.variables[name]

        return re.sub(r"\$(\w+)", value, text)

    def run(self, line: str) -> str:
        assignment = re.fullmatch(r"\$(\w+)\s*(\?=|=)\s*(.+)", line)
        if assignment:
            name, how, text = assignment.groups()
            if how == "=" or name not in self.variables:
                self.variables[name] = self.expand(text)
            return ""
        if line.startswith("runMacro $"):
            return "".join(map(self.run, self.macros[line.removeprefix("runMacro $")]))
        words = shlex.split(self.expand(line))
        for length in (2, 1):
            command = getattr(self, "_" + "_".join(words[:length]), None)
            if command:
                self.done.add(" ".join(words[:length]))
                return command(*words[length:]) or ""
        raise MonitorError(f"No such command or device: {words[0]}")

    def script(self, path: Path) -> str:
        before, self.origin = self.origin, str(path.parent).replace(" ", "\\ ")
        printed = []
        lines = iter(path.read_text().splitlines())
        for line in lines:
            if not line.strip() or line.startswith(("#", ":")):
                continue
            if line.startswith("macro "):
                assert next(lines) == '"""'
                body = list(iter(lambda: next(lines), '"""'))
                self.macros[line.split()[1]] = [text.strip() for text in body]
                continue
            printed.append(self.run(line))
        self.origin = before
        return "".join(printed)

    # --- the commands -----------------------------------------------------------------------

    def _include(self, path: str) -> str:
        return self.script(_file(path))

    def _using(self, name: str) -> None:
        assert name == "sysbus"

    def _mach_create(self, name: str) -> None:
        self.machine = name

    def _machine_LoadPlatformDescription(self, path: str) -> None:  # noqa: N802
        if MODE == "refuse":
            raise MonitorError("Error E04: Could not resolve type: 'UART.CMSDK_APB_UART'.")
        text = _file(path).read_text()
        assert "cpu: CPU.CortexM @ sysbus" in text and "uart0: UART." in text
        self.platform = True

    def _cpu_PerformanceInMips(self, count: str) -> None:  # noqa: N802
        assert int(count) > 0

    def _cpu_VectorTableOffset(self, address: str) -> None:  # noqa: N802
        assert address.startswith("0x") and "sysbus LoadELF" in self.done

    def _cpu_ExecutedInstructions(self) -> str:  # noqa: N802
        if not self.platform:
            raise MonitorError("No such command or device: cpu")
        self.instructions += 1_000_000
        return f"0x{self.instructions:016X}\r\n"

    def _emulation_SetGlobalQuantum(self, seconds: str) -> None:  # noqa: N802
        assert 0 < float(seconds) < 0.1

    def _emulation_SetGlobalAdvanceImmediately(self, flag: str) -> None:  # noqa: N802
        assert flag == "true" and self.machine

    def _emulation_CreateServerSocketTerminal(self, port: str, name: str, telnet: str) -> None:  # noqa: N802
        assert (name, telnet) == ("harness", "false")
        self.port = int(port)
        self.server = socket.socket()
        try:
            self.server.bind(("127.0.0.1", self.port))
        except OSError:
            raise MonitorError(
                f"Unable to create '0.0.0.0:{port}' socket:[AddressAlreadyInUse] "
                "Address already in use"
            ) from None
        if MODE != "deaf":
            self.server.listen(1)

    def _connector_Connect(self, uart: str, terminal: str) -> None:  # noqa: N802
        assert (uart, terminal) == ("sysbus.uart0", "harness")

    def _sysbus_LoadELF(self, path: str) -> None:  # noqa: N802
        assert _file(path).stat().st_size > 0

    def _start(self) -> str:
        assert self.port and "sysbus LoadELF" in self.done
        threading.Thread(target=self.serve, daemon=True).start()
        return "Starting emulation...\r\n"

    def _logFile(self, path: str, flush: str) -> None:  # noqa: N802
        assert flush == "true"
        self.log = Path(path.removeprefix("@"))
        self.log.write_text("[WARNING] cpu: a line of the log\n")

    def _string(self, *words: str) -> str:
        return f'"{" ".join(words)}"\r\n'

    # --- the UART --------------------------------------------------------------------------------

    def serve(self) -> None:
        connection, _ = self.server.accept()
        if MODE == "die-later":
            connection.recv(1)
            print("\r\nFatal error: the CPU aborted\r\n", flush=True)
            os._exit(3)
        if MODE == "abort":
            with self.log.open("a") as log:
                log.write(
                    "12:00:00.1234 [ERROR] cpu: CPU abort [PC=0x60000000]: Trying to execute code "
                    "outside RAM or ROM at 0x60000000.\n"
                )
        program = os.environ.get("FAKE_RENODE_FIRMWARE")
        if program is None:
            time.sleep(600)
        firmware = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

        def answers() -> None:
            while data := os.read(firmware.stdout.fileno(), 4096):
                connection.sendall(data)

        threading.Thread(target=answers, daemon=True).start()
        while data := connection.recv(4096):
            firmware.stdin.write(data)
            firmware.stdin.flush()


def _file(path: str) -> Path:
    found = Path(path.removeprefix("@"))
    if not found.is_file():
        raise MonitorError(f"No such file {found}.")
    return found


def main() -> None:
    if sys.argv[1:] == ["--version"]:
        build = os.environ.get("FAKE_RENODE_BUILD", "d66b0c2a-202602161012")
        version = os.environ.get("FAKE_RENODE_VERSION", "1.16.1.1234")
        print(f"Renode v{version}\n  build: {build}\n  build type: Release\n  runtime: .NET 8.0.1")
        return
    options = ["--disable-xwt", "--console", "--plain", "--hide-log", "--config"]
    assert sys.argv[1:-1] == options, sys.argv
    if MODE == "die":
        sys.exit("Could not load file or assembly 'System.Runtime'")
    print("Renode, version 1.16.1\r\n\r\n(monitor) ", end="", flush=True)
    if MODE == "hang":
        time.sleep(600)
    fake = Fake()
    # At the end of its input, Renode ends, too.
    for text in sys.stdin:
        line = text.rstrip("\n")
        print(line + "\r\n", end="", flush=True)  # the echo
        if line in ("quit", "q"):
            if MODE == "stay":
                time.sleep(600)
            print("Renode is quitting\r\n", flush=True)
            os._exit(0)
        try:
            printed = fake.run(line)
        except MonitorError as error:
            printed = f"There was an error executing command '{line}'\r\n{error}\r\n"
        print(f"{printed}({fake.machine or 'monitor'}) ", end="", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
