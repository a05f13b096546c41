"""The host's side of inputs and outputs that stream.

It gives the rows that a device asks for while its model runs, and keeps those that it hands over.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import partial

from mcuforge.device import replies
from mcuforge.device.conversation import parsed
from mcuforge.device.protocol import Answer, Event, Message
from mcuforge.device.replies import Hello, RowPiece
from mcuforge.errors import DeviceError

_PLACE = struct.Struct("<II")


class Rows:
    """Of one inference. `inputs` are the bytes of all inputs; `answer` sends what is answered.

    `waits` counts how often the model has waited: once for each row.
    """

    def __init__(
        self, info: Hello, inputs: Sequence[bytes], answer: Callable[[Answer, bytes], None]
    ) -> None:
        self._info, self._inputs, self._answer = info, inputs, answer
        self.waits = 0
        self._seen: set[tuple[int, int, int]] = set()
        self._taken: list[dict[int, bytes]] = [{} for _ in info.outputs]

    def take(self, message: Message) -> bool:
        """Answer an event; any of them may come again. Whether it is new: the model goes on.

        Raises `DeviceError` where it cannot be right.
        """
        if message.kind == Event.GIVE:
            most = self._info.max_body_bytes - _PLACE.size
            parse = partial(replies.parse_give, inputs=self._info.inputs, most=most)
            piece = parsed(parse, message.body)
            data = self._inputs[piece.tensor][piece.offset : piece.offset + piece.count]
            self._answer(Answer.ROW, _PLACE.pack(piece.tensor, piece.offset) + data)
        elif message.kind == Event.TAKE:
            piece = parsed(partial(replies.parse_take, outputs=self._info.outputs), message.body)
            self._taken[piece.tensor][piece.offset] = piece.data
            self._answer(Answer.TAKEN, _PLACE.pack(piece.tensor, piece.offset))
        else:
            return False
        is_new = self._is_new(message.kind, piece)
        tensors = self._info.inputs if message.kind == Event.GIVE else self._info.outputs
        self.waits += is_new and piece.offset % tensors[piece.tensor].row_bytes == 0
        return is_new

    def _is_new(self, kind: int, piece: RowPiece) -> bool:
        before = len(self._seen)
        self._seen.add((kind, piece.tensor, piece.offset))
        return len(self._seen) > before

    def output(self, index: int) -> bytes:
        """All of an output that was handed over. Raises `DeviceError` where some of it was not."""
        data = bytearray()
        for offset, piece in sorted(self._taken[index].items()):
            if offset != len(data):
                break
            data += piece
        if len(data) != self._info.outputs[index].bytes:
            raise DeviceError(
                f"The device handed over {len(data):,} of the "
                f"{self._info.outputs[index].bytes:,} bytes of output {index}."
            )
        return bytes(data)
