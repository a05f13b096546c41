"""What the status of a reply means."""

from __future__ import annotations

from mcuforge.device import protocol
from mcuforge.device.protocol import Message, Request, Status
from mcuforge.errors import DeviceError

_STATUS_TEXT = {
    Status.MALFORMED: "the request is malformed",
    Status.UNKNOWN: "it does not know this request, so that its firmware is of another "
    "project or version: emit, build and flash the project again",
    Status.RANGE: "there is no such tensor, op or range of bytes",
    Status.SEQUENCE: "it was reset in the meantime, or another host talks to it",
    Status.VERSION: "it speaks another version of the protocol",
    Status.INIT_FAILED: "its engine could not start: is the arena too small?",
    Status.INVOKE_FAILED: "its engine could not run the model",
    Status.STACK: "its stack overflowed, so results may be wrong: give the board a larger "
    "stack_bytes",
}


def check_status(reply: Message) -> None:
    """Raise `DeviceError` where the device refused the request."""
    if reply.status != Status.OK:
        request = Request(reply.kind & ~protocol.REPLY).name
        known = reply.status in _STATUS_TEXT
        text = _STATUS_TEXT[Status(reply.status)] if known else f"status {reply.status}"
        raise DeviceError(f"The device refused {request}: {text}.")
