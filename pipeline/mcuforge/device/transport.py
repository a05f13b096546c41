"""Bytes to and from a device: a TCP socket, a serial port, or a child process."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import subprocess
import time
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from mcuforge.errors import DeviceError, UsageError
from mcuforge.processes import groups

_CHUNK = 65536
_PIPE_BYTES = 512  # POSIX's least PIPE_BUF: a pipe that can be written to takes so many at once
_POLL_SECONDS = 0.02
_WRITE_SECONDS = 60.0  # 4 KB at 1,200 baud take 34
_NOT_TAKEN = "it does not take what is sent"
_DENIED = (
    " This user may not use serial ports: as root, run `usermod -aG dialout USER` (Debian) or "
    "`usermod -aG uucp USER` (Arch), and log in again."
)


class LinkError(Exception):
    """The link to the device is gone: closed at the other end, or unplugged."""


class Transport(Protocol):
    """A stream of bytes in both directions."""

    def write(self, data: bytes) -> None:
        """Send all of `data`. Raises `LinkError`."""

    def read(self, timeout: float) -> bytes:
        """What has arrived, waiting at most `timeout` seconds. Empty on a time-out.

        Raises `LinkError`.
        """

    def close(self) -> None:
        """Let go of the link. May be called twice."""


class SocketTransport:
    """A TCP connection. pyserial has one, too, but reads from it byte by byte.

    `heard`: whether anything has ever arrived.
    """

    def __init__(self, host: str, port: int, timeout: float = 5.0) -> None:
        self.heard = False
        self._socket = socket.create_connection((host, port), timeout)
        if self._socket.getsockname() == self._socket.getpeername():
            # Where nobody listens yet, the kernel may choose the very port for our own end.
            self._socket.close()
            raise ConnectionRefusedError("nobody listens there")
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            self._socket.settimeout(_WRITE_SECONDS)
            self._socket.sendall(data)
        except TimeoutError:
            raise LinkError(_NOT_TAKEN) from None
        except OSError as error:
            raise LinkError(str(error)) from None

    def read(self, timeout: float) -> bytes:
        """What has arrived within `timeout` seconds."""
        self._socket.settimeout(max(timeout, 0.001))
        try:
            data = self._socket.recv(_CHUNK)
        except TimeoutError:
            return b""
        except OSError as error:
            raise LinkError(str(error)) from None
        if not data:
            raise LinkError("the connection was closed")
        self.heard = True
        return data

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class SerialTransport:
    """Any port that pyserial can open."""

    def __init__(self, url: str, baud: int) -> None:
        import serial

        self._error = serial.SerialException
        self._port = serial.serial_for_url(
            url, baudrate=baud, timeout=_POLL_SECONDS, write_timeout=_WRITE_SECONDS
        )

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            self._port.write(data)
            self._port.flush()
        except (self._error, OSError) as error:
            raise LinkError(str(error)) from None

    def read(self, timeout: float) -> bytes:
        """What has arrived within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                data: bytes = self._port.read(max(1, self._port.in_waiting))
                if data or time.monotonic() >= deadline:
                    return data
        except (self._error, OSError) as error:
            raise LinkError(str(error)) from None

    def close(self) -> None:
        """Close the port."""
        self._port.close()


class ProcessTransport:
    """stdin and stdout of a child process: firmware built for this computer."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = groups.start(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._name = command[0]

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        stdin: Any = self._process.stdin
        until = time.monotonic() + _WRITE_SECONDS
        try:
            while data:
                left = until - time.monotonic()
                if left <= 0 or not select.select([], [stdin], [], left)[1]:
                    raise LinkError(_NOT_TAKEN)
                data = data[os.write(stdin.fileno(), data[:_PIPE_BYTES]) :]
        except (OSError, ValueError) as error:
            raise self._ended() from error

    def read(self, timeout: float) -> bytes:
        """What has arrived within `timeout` seconds."""
        stdout: Any = self._process.stdout
        ready, _, _ = select.select([stdout], [], [], timeout)
        if not ready:
            return b""
        data = os.read(stdout.fileno(), _CHUNK)
        if not data:
            raise self._ended()
        return data

    def _ended(self) -> LinkError:
        stderr: Any = self._process.stderr
        try:
            code = self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            return LinkError(f"{self._name} closed its output")
        message = stderr.read().decode(errors="replace").strip()
        return LinkError(f"{self._name} ended with exit code {code}\n{message}".strip())

    def close(self) -> None:
        """End the child; it ends by itself when its stdin closes."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with contextlib.suppress(OSError):  # unsent bytes for a child that has ended
                    stream.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=2.0)
        groups.end(self._process)
        if self._process.stderr:
            self._process.stderr.close()


def open_url(url: str, baud: int) -> Transport:
    """The transport for a URL: `socket://host:port`, a port name, or any pyserial URL.

    Raises `DeviceError` where it cannot be opened, `UsageError` where a URL is none.
    """
    try:
        if url.startswith("socket://"):
            host, port = _address(url)
            return SocketTransport(host, port)
        return SerialTransport(url, baud)
    except (OSError, ValueError) as error:  # SerialException is an OSError
        denied = isinstance(error, OSError) and error.errno == errno.EACCES
        hint = _DENIED if denied else ""
        raise DeviceError(f"{url} cannot be opened: {error}.{hint}") from None


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:  # no number, or too large
        port = None
    if not port:
        raise UsageError(f"'{url}' has no port: it must be socket://host:port, with 1 to 65535.")
    return parts.hostname or "127.0.0.1", port


def spawn(command: Sequence[str]) -> Transport:
    """The transport to a child process. Raises `DeviceError` where it cannot be started."""
    try:
        return ProcessTransport(command)
    except OSError as error:
        raise DeviceError(f"{command[0]} cannot be started: {error.strerror}.") from None
