"""Messages of a streaming function, one after the other in a stream of bytes.

Form and ids: spec/serverless-wire.md 1.4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from framefleet.errors import FunctionError
from framefleet.wire.answers import encode_answer

_SEPARATOR = b"remotion_buffer:"
_HEADER = re.compile(rb"([0-9]{1,15}):([0-9]{1,15}):([0-9]{1,3}):")
_LONGEST_HEADER = 15 + 15 + 3 + 3


class MessageType(IntEnum):
    """The ids of messages."""

    FRAMES_RENDERED = 1
    ERROR_OCCURRED = 2
    RENDER_ID_DETERMINED = 3
    VIDEO_CHUNK_RENDERED = 4
    AUDIO_CHUNK_RENDERED = 5
    STILL_RENDERED = 6
    CHUNK_COMPLETE = 7
    LAMBDA_INVOKED = 8
    ARTIFACT_EMITTED = 9
    FRAMES_UPLOADED = 10

    @property
    def wire_name(self) -> str:
        """What the reference calls it."""
        return self.name.lower().replace("_", "-")

    @property
    def is_binary(self) -> bool:
        """Whether its body is the bytes of a file; else it is JSON."""
        return self in (MessageType.VIDEO_CHUNK_RENDERED, MessageType.AUDIO_CHUNK_RENDERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message; `is_error` is its status, which functions leave at success."""

    type: MessageType
    body: bytes = field(repr=False)
    is_error: bool = False

    @property
    def payload(self) -> Any:
        """The body of a message in JSON.

        Raises:
            FunctionError: it is none.
        """
        try:
            return json.loads(self.body)
        except ValueError as exc:
            raise FunctionError(
                f"A message {self.type.wire_name} is not valid JSON: {exc}."
            ) from exc


def frame(message_type: MessageType, payload: bytes | Mapping[str, Any]) -> bytes:
    """A message as the bytes of a stream; a mapping becomes JSON."""
    body = payload if isinstance(payload, bytes) else encode_answer(payload)
    return _SEPARATOR + f"{message_type.value}:{len(body)}:0:".encode() + body


class FrameParser:
    """Finds the messages in a stream that arrives in pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        # Type, length of the body and status of a message whose body is still to come.
        self._header: tuple[MessageType, int, bool] | None = None

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take the next piece and give the messages that it completes.

        The piece is taken at once, the messages as they are asked for.

        Raises:
            FunctionError: a message has an unknown type, or is not framed as messages are. The
                stream cannot be read on.
        """
        self._buffer += data
        return self._messages()

    def _messages(self) -> Iterator[Message]:
        while True:
            if self._header is None:
                self._header = self._read_header()
            if self._header is None or len(self._buffer) < self._header[1]:
                return
            kind, length, is_error = self._header
            with memoryview(self._buffer) as view:
                body = bytes(view[:length])
            del self._buffer[:length]
            self._header = None
            yield Message(type=kind, body=body, is_error=is_error)

    def _read_header(self) -> tuple[MessageType, int, bool] | None:
        """Cut off what leads to the next body; None until all of it has arrived."""
        start = self._buffer.find(_SEPARATOR)
        if start < 0:
            # What came between messages is of nobody, but may end with the start of one.
            del self._buffer[: -len(_SEPARATOR) + 1]
            return None
        del self._buffer[:start]
        fields = bytes(self._buffer[len(_SEPARATOR) : len(_SEPARATOR) + _LONGEST_HEADER])
        found = _HEADER.match(fields)
        if found is None:
            if fields.count(b":") > 2 or len(fields) == _LONGEST_HEADER:
                raise FunctionError(f"A function's stream has a broken message: {fields!r}.")
            return None
        del self._buffer[: len(_SEPARATOR) + found.end()]
        return _type(int(found[1])), int(found[2]), found[3] != b"0"


def _type(number: int) -> MessageType:
    try:
        return MessageType(number)
    except ValueError:
        raise FunctionError(f"Unknown message type id {number}") from None
