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
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from mcuforge.device import protocol
from mcuforge.device.fault_text import fault_text_of
from mcuforge.device.faults import Fault, parse_fault
from mcuforge.device.link import Link as Link
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
from mcuforge.device.status import check_status
from mcuforge.device.transport import LinkError, Transport, open_url, spawn
from mcuforge.errors import DeviceError

T = TypeVar("T")
Arrays = Sequence[npt.NDArray[Any]]

_READ_BYTES = 8192  # of an output at once: bounds what a damaged frame costs
_WRITE_HEADER = struct.Struct("<II")
_SEQUENCES = 2**16
_LOOK_SECONDS = 1.0  # of silence, after which a simulator is asked whether the core has stopped
_LONGEST_REPLY_SECONDS = 120.0  # 8 KB at 1,200 baud take 70


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
        stopped: Callable[[], str | None] | None = None,
    ) -> None:
        """`explain` says why the link may be lost, such as what a simulator printed.

        `stopped` says why the core will never answer, where that is certain, else None. `elf` is
        the firmware that runs: it gives faults their source lines.
        """
        self._elf = elf
        self._transport = transport
        self._link = link or Link()
        self._explain = explain
        self._stopped = stopped
        self._decoder = protocol.Decoder()
        self._heard, self._give_up_at = 0.0, inf
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
        return cls(spawn(command), link or Link(lossless=True))

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
        check_status(reply)
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
        reply = self._exchange(Request.RUN, running=True)
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
            self._exchange(Request.TRACE, body, running=True, on_event=collect)
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
        running: bool = False,
        on_event: Callable[[Message], None] | None = None,
        check: bool = True,
    ) -> Message:
        """The reply to a request, which is repeated until one comes or the time is over.

        `running`: the model runs before the reply.
        """
        self._sequence = (self._sequence + 1) % _SEQUENCES
        request = protocol.encode(Message(kind, self._sequence, body))
        begun = self._heard = time.monotonic()
        silences = list(self._link.silences(kind, running))
        self._give_up_at = begun + sum(silences) + _LONGEST_REPLY_SECONDS
        attempts = 0
        for silence in silences:
            self._send(request)
            attempts += 1
            reply = self._await_reply(kind, silence, on_event)
            if reply is not None:
                if check:
                    check_status(reply)
                return reply
            if time.monotonic() >= self._give_up_at:
                break
        raise DeviceError(
            f"No answer to {kind.name} within {sum(silences):g} s and "
            f"{attempts} attempts"
            f"{self._damage()}. Is the firmware running, and are port and baud rate right?"
            + self._explanation()
        )

    def _await_reply(
        self, kind: Request, silence: float, on_event: Callable[[Message], None] | None
    ) -> Message | None:
        """The reply, or None after that many seconds without a byte.

        While bytes arrive, the reply may be among them: to ask again would only make it longer.
        """
        sent = heard = time.monotonic()
        look_at = max(sent + min(_LOOK_SECONDS, silence), self._heard + _LOOK_SECONDS)
        while True:
            data = self._receive(min(heard + silence, look_at, self._give_up_at))
            for message in self._decoder.feed(data):
                if self._is_reply(message, kind, on_event):
                    return message
            now = time.monotonic()
            if data:
                self._heard = heard = now
                look_at = now + _LOOK_SECONDS
            elif now >= look_at:
                self._require_running()
                look_at = inf
            if now >= min(heard + silence, self._give_up_at):
                return None

    def _is_reply(
        self, message: Message, kind: Request, on_event: Callable[[Message], None] | None
    ) -> bool:
        """Whether it is what is waited for; events are handed on. Raises `FaultError`."""
        if message.kind == Event.FAULT:
            fault = _parsed(parse_fault, message)
            raise FaultError(fault, fault_text_of(fault, self._elf))
        if message.sequence != self._sequence:
            return False  # a late answer to an earlier request
        is_reply = message.kind == kind | protocol.REPLY
        if not is_reply and on_event is not None:
            on_event(message)
        return is_reply

    def _require_running(self) -> None:
        """Raise where the core has stopped for good: to wait would be in vain."""
        text = self._stopped() if self._stopped else None
        if text is not None:
            raise DeviceError(f"The device stopped: {text}")

    def _receive(self, until: float) -> bytes:
        try:
            return self._transport.read(max(0.0, until - time.monotonic()))
        except LinkError as error:
            raise self._lost(error) from None

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
