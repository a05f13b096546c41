"""A device that speaks the harness protocol: says hello, runs the model, traces its ops.

Every request is repeated a bounded number of times. That is safe: a request carries a sequence
number, and the device does not run one twice. What cannot be had is reported in words.
"""

from __future__ import annotations

import secrets
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, inf
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from mcuforge.device import protocol
from mcuforge.device.fault_text import fault_text_of
from mcuforge.device.faults import Fault, parse_fault
from mcuforge.device.protocol import (
    Event,
    Hello,
    Message,
    OpDigest,
    Request,
    Stats,
    Status,
    TensorInfo,
    Trace,
)
from mcuforge.device.transport import LinkError, Transport, open_url, spawn
from mcuforge.errors import DeviceError

T = TypeVar("T")
Arrays = Sequence[npt.NDArray[Any]]

_READ_BYTES = 8192  # of an output at once: bounds what a damaged frame costs
_WRITE_HEADER = struct.Struct("<II")
_SEQUENCES = 2**16
_START_SECONDS = 0.2  # firmware that starts while the first HELLO arrives may lose it


@dataclass(frozen=True)
class Link:
    """How patient the host is. Seconds of wall-clock time.

    A request is repeated every `reply_seconds`: at most `attempts` times, but where the model runs
    (RUN, TRACE) for at most `run_seconds`.
    """

    attempts: int = 6
    reply_seconds: float = 2.0
    run_seconds: float = 300.0
    baud: int = 115200


class FaultError(DeviceError):
    """The core faulted; `fault` holds its registers."""

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(f"The device stopped with a fault: {text}")
        self.fault = fault


@dataclass(frozen=True, eq=False)
class RunResult:
    """Outputs of one inference, and the ticks of the device's stopwatch that it took."""

    outputs: list[npt.NDArray[Any]]
    ticks: int


class Device:
    """The other end of a `Transport`. A context manager that closes it.

    All methods raise `DeviceError`: no answer, lost link, another protocol version, another model,
    a refused request; and `FaultError` where the core faulted.
    """

    def __init__(
        self,
        transport: Transport,
        link: Link | None = None,
        explain: Callable[[], str] | None = None,
        elf: Path | None = None,
    ) -> None:
        """`explain` says why the link may be lost, such as what a simulator printed.

        `elf` is the firmware that runs: it gives faults their source lines.
        """
        self._elf = elf
        self._transport = transport
        self._link = link or Link()
        self._explain = explain
        self._decoder = protocol.Decoder()
        self._arrived: list[Message] = []
        self._session = secrets.randbelow(2**32 - 1) + 1
        self._sequence = 0
        self._hello: Hello | None = None

    @classmethod
    def open(cls, url: str, link: Link | None = None, elf: Path | None = None) -> Self:
        """The device behind a pyserial URL, such as `socket://127.0.0.1:4000` or `/dev/ttyACM0`."""
        link = link or Link()
        return cls(open_url(url, link.baud), link, elf=elf)

    @classmethod
    def spawn(cls, command: Sequence[str], link: Link | None = None) -> Self:
        """Firmware built for this computer, started as a child process."""
        return cls(spawn(command), link)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def runs(self, elf: Path) -> None:
        """Name the firmware that runs, once it is known: it gives faults their source lines."""
        self._elf = elf

    def close(self) -> None:
        """Close the link; a child process ends."""
        self._transport.close()

    def hello(self, model_hash: str | None = None) -> Hello:
        """What the device says about itself; checked against the SHA-256 of a `.tflite` (hex)."""
        body = struct.pack("<II", protocol.VERSION, self._session)
        reply = self._exchange(Request.HELLO, body, check=False)
        version = _parsed(protocol.hello_version, reply)
        if reply.status == Status.VERSION or version != protocol.VERSION:
            raise DeviceError(
                f"The device speaks version {version} of the harness protocol, this mcuforge "
                f"version {protocol.VERSION}. Emit, build and flash the project again."
            )
        _check_status(reply)
        hello = _parsed(protocol.parse_hello, reply)
        if model_hash is not None and hello.model_hash != model_hash:
            raise DeviceError(
                f"The device runs another model: '{hello.model}' with SHA-256 "
                f"{hello.model_hash[:16]}..., not {model_hash[:16]}.... "
                "Build and flash the project of this model."
            )
        self._hello = hello
        return hello

    @property
    def info(self) -> Hello:
        """The answer of the last `hello`; says hello first where that was not done."""
        return self._hello or self.hello()

    def run(self, inputs: Arrays) -> RunResult:
        """One inference. `inputs` hold an array of the right dtype and size for each input."""
        self._write_inputs(inputs)
        return self._run()

    def _run(self) -> RunResult:
        reply = self._exchange(Request.RUN, seconds=self._link.run_seconds)
        ticks = _parsed(protocol.parse_ticks, reply)
        outputs = [self._read_output(i, t) for i, t in enumerate(self.info.outputs)]
        return RunResult(outputs, ticks)

    def run_latent(self, request: protocol.LatentRequest) -> RunResult:
        """One inference of a point that the device computes itself, for its input `request.input`.

        Raises `DeviceError` where that input is not int8 or has another number of elements.
        """
        if request.input >= len(self.info.inputs):
            raise DeviceError(f"The model on the device has no input {request.input}.")
        self._exchange(Request.LATENT, request.body())
        return self._run()

    def trace(self, inputs: Arrays) -> list[OpDigest]:
        """A digest of the first output of every op, in order."""
        digests: dict[int, OpDigest] = {}

        def collect(message: Message) -> None:
            if message.kind == Event.DIGEST:
                digest = _parsed(protocol.parse_digest, message)
                digests[digest.op] = digest

        count = self.info.op_count
        self._trace(
            inputs, Trace.DIGESTS, 0, collect, lambda: all(op in digests for op in range(count))
        )
        return [digests[op] for op in range(count)]

    def fetch_op_output(self, op: int, inputs: Arrays) -> bytes:
        """The bytes of the first output of op number `op`."""
        pieces: dict[int, bytes] = {}
        total: list[int] = []

        def collect(message: Message) -> None:
            if message.kind == Event.OUTPUT:
                piece = _parsed(protocol.parse_output, message)
                pieces[piece.offset] = piece.data
                total[:] = [piece.total]

        def complete() -> bool:
            return bool(total) and sum(map(len, pieces.values())) == total[0]

        self._trace(inputs, Trace.OUTPUT, op, collect, complete)
        return b"".join(pieces[offset] for offset in sorted(pieces))

    def stats(self) -> Stats:
        """Stack and arena use so far."""
        return _parsed(protocol.parse_stats, self._exchange(Request.STATS))

    def crash(self, kind: protocol.Crash) -> None:
        """Go wrong on purpose; most kinds raise `FaultError`.

        Firmware must be built with MF_CRASH_TEST.
        """
        self._exchange(Request.CRASH, struct.pack("<I", kind))

    def _write_inputs(self, inputs: Arrays) -> None:
        info = self.info
        if len(inputs) != len(info.inputs):
            raise DeviceError(
                f"The model on the device has {len(info.inputs)} inputs; {len(inputs)} were given."
            )
        chunk = info.max_body_bytes - _WRITE_HEADER.size
        for index, (array, tensor) in enumerate(zip(inputs, info.inputs, strict=True)):
            data = _input_bytes(index, array, tensor)
            for offset in range(0, len(data), chunk):
                header = _WRITE_HEADER.pack(index, offset)
                self._exchange(Request.WRITE, header + data[offset : offset + chunk])

    def _read_output(self, index: int, tensor: TensorInfo) -> npt.NDArray[Any]:
        data = bytearray()
        while len(data) < tensor.bytes:
            wanted = min(_READ_BYTES, tensor.bytes - len(data))
            reply = self._exchange(Request.READ, struct.pack("<III", index, len(data), wanted))
            if len(reply.body) != wanted:
                raise DeviceError("The device answered READ with another number of bytes.")
            data += reply.body
        return np.frombuffer(bytes(data), np.dtype(tensor.dtype).newbyteorder("<")).reshape(
            tensor.shape
        )

    def _trace(
        self,
        inputs: Arrays,
        mode: Trace,
        op: int,
        collect: Callable[[Message], None],
        complete: Callable[[], bool],
    ) -> None:
        """TRACE until `complete`: running it again is what brings back an event that was lost."""
        body = struct.pack("<II", mode, op)
        for _ in range(self._link.attempts):
            self._write_inputs(inputs)
            self._exchange(Request.TRACE, body, seconds=self._link.run_seconds, on_event=collect)
            if complete():
                return
        raise DeviceError(
            f"Part of a trace was lost in each of {self._link.attempts} attempts"
            f"{self._damage()}. Is the link reliable?"
        )

    def _exchange(
        self,
        kind: Request,
        body: bytes = b"",
        *,
        seconds: float | None = None,
        on_event: Callable[[Message], None] | None = None,
        check: bool = True,
    ) -> Message:
        """The reply to a request, which is repeated until one comes or the time is over."""
        self._sequence = (self._sequence + 1) % _SEQUENCES
        request = protocol.encode(Message(kind, self._sequence, body))
        attempts = self._link.attempts
        if seconds is not None:
            attempts = max(1, ceil(seconds / self._link.reply_seconds))
        for attempt in range(attempts):
            self._send(request)
            starting = kind == Request.HELLO and attempt == 0
            patience = min(_START_SECONDS if starting else inf, self._link.reply_seconds)
            until = time.monotonic() + patience
            reply = self._await_reply(kind, until, on_event)
            if reply is not None:
                if check:
                    _check_status(reply)
                return reply
        raise DeviceError(
            f"No answer to {kind.name} within {attempts * self._link.reply_seconds:g} s and "
            f"{attempts} attempts"
            f"{self._damage()}. Is the firmware running, and are port and baud rate right?"
            + self._explanation()
        )

    def _await_reply(
        self, kind: Request, until: float, on_event: Callable[[Message], None] | None
    ) -> Message | None:
        while True:
            for message in self._receive(until):
                if message.kind == Event.FAULT:
                    fault = _parsed(parse_fault, message)
                    raise FaultError(fault, fault_text_of(fault, self._elf))
                if message.sequence != self._sequence:
                    continue  # a late answer to an earlier request
                if message.kind == kind | protocol.REPLY:
                    return message
                if on_event is not None:
                    on_event(message)
            if time.monotonic() >= until:
                return None

    def _receive(self, until: float) -> Sequence[Message]:
        try:
            data = self._transport.read(max(0.0, until - time.monotonic()))
        except LinkError as error:
            raise self._lost(error) from None
        return list(self._decoder.feed(data))

    def _send(self, data: bytes) -> None:
        try:
            self._transport.write(data)
        except LinkError as error:
            raise self._lost(error) from None

    def _lost(self, error: LinkError) -> DeviceError:
        return DeviceError(f"The link to the device was lost: {error}." + self._explanation())

    def _explanation(self) -> str:
        text = self._explain() if self._explain else ""
        return f"\n{text}" if text else ""

    def _damage(self) -> str:
        count = self._decoder.damaged
        return f" ({count} damaged frames arrived)" if count else ""


_STATUS_TEXT = {
    Status.MALFORMED: "the request is malformed",
    Status.UNKNOWN: "it does not know this request",
    Status.RANGE: "there is no such tensor, op or range of bytes",
    Status.SEQUENCE: "it was reset in the meantime, or another host talks to it",
    Status.VERSION: "it speaks another version of the protocol",
    Status.INIT_FAILED: "its engine could not start: is the arena too small?",
    Status.INVOKE_FAILED: "its engine could not run the model",
    Status.STACK: "its stack overflowed, so results may be wrong: give the board a larger "
    "stack_bytes",
}


def _check_status(reply: Message) -> None:
    if reply.status != Status.OK:
        request = Request(reply.kind & ~protocol.REPLY).name
        known = reply.status in _STATUS_TEXT
        text = _STATUS_TEXT[Status(reply.status)] if known else f"status {reply.status}"
        raise DeviceError(f"The device refused {request}: {text}.")


def _parsed(parse: Callable[[bytes], T], message: Message) -> T:
    try:
        return parse(message.body)
    except struct.error:
        raise DeviceError(
            "The device sent a message that this mcuforge cannot read. "
            "Emit, build and flash the project again."
        ) from None


def _input_bytes(index: int, array: npt.NDArray[Any], tensor: TensorInfo) -> bytes:
    given = np.asarray(array)
    if given.dtype != np.dtype(tensor.dtype) or given.nbytes != tensor.bytes:
        raise DeviceError(
            f"Input {index} is {given.dtype}{list(given.shape)}; the model on the device takes "
            f"{tensor.dtype}{list(tensor.shape)}."
        )
    return given.astype(given.dtype.newbyteorder("<")).tobytes()
