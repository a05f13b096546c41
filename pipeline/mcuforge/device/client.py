"""A device that speaks the harness protocol: says hello, runs the model, traces its ops."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from mcuforge.device import protocol, replies
from mcuforge.device.conversation import Conversation, OnEvent, parsed
from mcuforge.device.fault_text import fault_text_of
from mcuforge.device.faults import Fault
from mcuforge.device.link import Link as Link
from mcuforge.device.protocol import Message, Request, Trace
from mcuforge.device.replies import Digest, Hello, Stats, TensorInfo
from mcuforge.device.rows import Rows
from mcuforge.device.status import check_status
from mcuforge.device.tracing import Collector, Digests, OutputBytes
from mcuforge.device.transport import Transport, open_url, spawn
from mcuforge.errors import DeviceError

Arrays = Sequence[npt.NDArray[Any]]

_READ_BYTES = 8192  # of an output at once: bounds what a damaged frame costs
_WRITE_HEADER = struct.Struct("<II")
_RAW_HEADER = struct.Struct("<I")


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


@dataclass(frozen=True, eq=False)
class FeaturesResult:
    """The model's input as the device made it of a raw sample, and the ticks that this took."""

    input: npt.NDArray[Any]
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
        self._conversation = Conversation(
            transport, link or Link(), explain, stopped, self._fault_error
        )
        self._hello: Hello | None = None
        self._model_hash: str | None = None
        self._steps: int | None = 0  # of a stateful model's sequence; None: lost

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
        self._conversation.transport.close()

    def hello(self, model_hash: str | None = None) -> Hello:
        """Start a session, and in it a sequence, with what the device says about itself.

        Checked against the SHA-256 of a `.tflite` (hex), here and where a later session starts.
        """
        self._hello, self._model_hash, self._steps = None, model_hash, 0
        reply = self._conversation.hello()
        if reply.is_of_another_version:
            raise DeviceError(
                f"The device speaks version {reply.state} of the harness protocol, this mcuforge "
                f"version {protocol.VERSION}. Emit, build and flash the project again."
            )
        check_status(reply)
        hello = parsed(replies.parse_hello, reply)
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
        """The answer of the last `hello`; says hello where there is no session, or one was lost."""
        if self._hello is None or not self._conversation.is_open:
            steps = self._steps
            hello = self.hello(self._model_hash)
            self._steps = None if steps is None or steps > 0 else 0
            return hello
        return self._hello

    def reset(self) -> None:
        """Begin a sequence: a model with state is as it was after its start."""
        stateful = self.info.state_bytes > 0
        self._steps = None
        if stateful:
            self._exchange(Request.RESET)
        self._steps = 0

    def run(self, inputs: Arrays) -> RunResult:
        """One inference. `inputs` hold an array of the right dtype and size for each input.

        A model with state goes on with its sequence, which `hello` and `reset` begin. Where one of
        its inferences failed, or the session was lost, nobody knows the state: only `reset` helps.
        """
        with self._step():
            return self._run(self._write_inputs(inputs))

    @contextmanager
    def _step(self) -> Iterator[None]:
        """One inference of a sequence, which is lost unless all of it succeeds."""
        steps = self._steps
        is_stateful = self.info.state_bytes > 0
        if is_stateful and self._steps is None:
            raise DeviceError(
                "The model on the device has state, and what it was is lost: begin the sequence "
                "again, from its reset."
            )
        self._steps = None
        yield
        self._steps = (steps or 0) + 1

    def _run(self, rows: Rows | None = None) -> RunResult:
        rows = rows or Rows(self.info, (), self._conversation.answer)
        reply = self._exchange(Request.RUN, running=True, on_event=rows.take)
        ticks = parsed(replies.parse_ticks, reply.body)
        read = [
            _array(rows.output(i), t) if t.row_bytes else self._read(Request.READ, i, t)
            for i, t in enumerate(self.info.outputs)
        ]
        return RunResult(read, ticks)

    def features(self, raw: npt.NDArray[Any]) -> FeaturesResult:
        """What the device makes of a raw sample: its model's only input.

        Raises `DeviceError` where its firmware takes no raw samples, or of another size.
        """
        return self._make(raw, self._only_input())

    def _make(self, raw: npt.NDArray[Any], tensor: TensorInfo) -> FeaturesResult:
        data = np.ascontiguousarray(raw, raw.dtype.newbyteorder("<")).tobytes()
        chunk = self.info.max_body_bytes - _RAW_HEADER.size
        for offset in range(0, len(data), chunk):
            piece = data[offset : offset + chunk]
            self._exchange(Request.RAW, _RAW_HEADER.pack(offset) + piece)
        reply = self._exchange(Request.FEATURES, _RAW_HEADER.pack(len(data)), running=True)
        ticks = parsed(replies.parse_ticks, reply.body)
        return FeaturesResult(self._read(Request.READ_INPUT, 0, tensor), ticks)

    def run_made(self) -> RunResult:
        """One inference of the input that `features`, the call before this one, has made."""
        with self._step():
            return self._run()

    def _only_input(self) -> TensorInfo:
        inputs = self._whole_inputs("features make")
        if len(inputs) != 1:
            raise DeviceError(
                f"The model on the device has {len(inputs)} inputs; features make an only one."
            )
        return inputs[0]

    def _whole_inputs(self, what: str) -> tuple[TensorInfo, ...]:
        """All inputs, none of which streams."""
        if any(tensor.row_bytes for tensor in self.info.inputs):
            raise DeviceError(
                f"The model on the device is given its input row by row; {what} all of it. "
                "Emit the project without `--input rows`."
            )
        return self.info.inputs

    def run_latent(self, request: protocol.LatentRequest) -> RunResult:
        """One inference of a point that the device computes itself, for its only input.

        Raises `DeviceError` where that input is not int8 or has another number of elements.
        """
        count = len(self._whole_inputs("a point fills"))
        if request.input >= count:
            raise DeviceError(f"The model on the device has no input {request.input}.")
        if count > 1:
            raise DeviceError(f"The model on the device has {count} inputs; a point fills one.")
        with self._step():
            self._exchange(Request.LATENT, request.body())
            return self._run()

    def trace(self, inputs: Arrays, before: Sequence[Arrays] = ()) -> list[Digest]:
        """A digest of every output of every op, in order.

        Of a model with state, `before` are the inputs of its sequence so far, which runs again.
        """
        return self.trace_in_pieces(inputs, before).in_order()

    def trace_in_pieces(self, inputs: Arrays, before: Sequence[Arrays] = ()) -> Digests:
        """The same as it came: of an op that runs row by row a piece for each row."""
        digests = Digests(self.info.result_count)
        self._trace((*before, inputs), Trace.DIGESTS, 0, digests)
        return digests

    def fetch_op_output(self, result: int, inputs: Arrays, before: Sequence[Arrays] = ()) -> bytes:
        """The bytes of an output of an op, by its number among the outputs of all ops.

        `before`: see `trace`.
        """
        output = OutputBytes(result)
        self._trace((*before, inputs), Trace.OUTPUT, result, output)
        return output.joined()

    def stats(self) -> Stats:
        """Stack and arena use in this session; before it, since the device's last reset."""
        arena = self.info.arena_bytes
        stats = parsed(replies.parse_stats, self._exchange(Request.STATS).body)
        if stats.arena_bytes != arena:
            raise DeviceError(
                f"The device has an arena of {arena:,} and of {stats.arena_bytes:,} B."
            )
        return stats

    def crash(self, kind: protocol.Crash) -> None:
        """Go wrong on purpose; most kinds raise `FaultError`.

        Firmware must be built with MF_CRASH_TEST.
        """
        self._exchange(Request.CRASH, struct.pack("<I", kind))

    def _write_inputs(self, inputs: Arrays) -> Rows:
        """Write the inputs but those that stream; what is returned gives their rows."""
        info = self.info
        if len(inputs) != len(info.inputs):
            raise DeviceError(
                f"The model on the device has {len(info.inputs)} inputs; {len(inputs)} were given."
            )
        chunk = info.max_body_bytes - _WRITE_HEADER.size
        every = [
            _input_bytes(index, array, tensor)
            for index, (array, tensor) in enumerate(zip(inputs, info.inputs, strict=True))
        ]
        for index, (data, tensor) in enumerate(zip(every, info.inputs, strict=True)):
            for offset in range(0, 0 if tensor.row_bytes else len(data), chunk):
                header = _WRITE_HEADER.pack(index, offset)
                self._exchange(Request.WRITE, header + data[offset : offset + chunk])
        return Rows(info, every, self._conversation.answer)

    def _read(self, kind: Request, index: int, tensor: TensorInfo) -> npt.NDArray[Any]:
        data = bytearray()
        most = min(_READ_BYTES, self.info.max_body_bytes)  # a simulator's memory has room for that
        while len(data) < tensor.bytes:
            wanted = min(most, tensor.bytes - len(data))
            reply = self._exchange(kind, struct.pack("<III", index, len(data), wanted))
            if len(reply.body) != wanted:
                raise DeviceError(f"The device answered {kind.name} with another number of bytes.")
            data += reply.body
        return _array(bytes(data), tensor)

    def _trace(
        self,
        sequence: Sequence[Arrays],
        mode: Trace,
        result: int,
        collector: Collector,
    ) -> None:
        """TRACE until all is there: running it again is what brings back an event that was lost.

        The last of the sequence is traced; only a model with state needs those before it.
        """
        body = struct.pack("<II", mode, result)
        attempts = self._conversation.link.attempts
        for _ in range(attempts):
            self._begin(sequence[:-1])
            with self._step():
                rows = self._write_inputs(sequence[-1])

                def take(message: Message, rows: Rows = rows) -> bool:
                    collector.take(message)
                    waits, went_on = rows.waits, rows.take(message)
                    if rows.waits > waits:
                        collector.waited()
                    return went_on

                self._exchange(Request.TRACE, body, running=True, on_event=take)
            if collector.is_complete():
                return
        raise DeviceError(
            f"Part of a trace was lost in each of {attempts} attempts"
            f"{self._conversation.damage()}. Is the link reliable?"
        )

    def _begin(self, before: Sequence[Arrays]) -> None:
        """A model with state: as it is after these inputs, from its reset on."""
        if self.info.state_bytes:
            self.reset()
            for inputs in before:
                self.run(inputs)

    def _exchange(
        self,
        kind: Request,
        body: bytes = b"",
        *,
        running: bool = False,
        on_event: OnEvent | None = None,
    ) -> Message:
        return self._conversation.ask(kind, body, running=running, on_event=on_event)

    def _fault_error(self, fault: Fault) -> FaultError:
        return FaultError(fault, fault_text_of(fault, self._elf))


def _array(data: bytes, tensor: TensorInfo) -> npt.NDArray[Any]:
    return np.frombuffer(data, np.dtype(tensor.dtype).newbyteorder("<")).reshape(tensor.shape)


def _input_bytes(index: int, array: npt.NDArray[Any], tensor: TensorInfo) -> bytes:
    given = np.asarray(array)
    if given.dtype != np.dtype(tensor.dtype) or given.nbytes != tensor.bytes:
        raise DeviceError(
            f"Input {index} is {given.dtype}{list(given.shape)}; the model on the device takes "
            f"{tensor.dtype}{list(tensor.shape)}."
        )
    return given.astype(given.dtype.newbyteorder("<")).tobytes()
