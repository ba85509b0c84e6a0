"""HTTP/1.1 as bytes: where a head ends, where a body ends, and nothing changed on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum

import anyio
from anyio.abc import ByteReceiveStream

PIECE_BYTES = 1 << 16
MOST_HEAD_BYTES = 1 << 17


@dataclass(frozen=True)
class Piece:
    """Bytes of a body as they came; `content` is False for what only frames a chunk."""

    raw: bytes
    content: bool = True
    is_last: bool = False


class Framing(Enum):
    """How a body says where it ends, unless it says how long it is."""

    CHUNKED = "chunked"
    UNTIL_CLOSE = "until close"


@dataclass(frozen=True)
class Head:
    """The first lines of a request or an answer."""

    raw: bytes
    first: tuple[str, str, str]
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""

    @classmethod
    def parse(cls, raw: bytes) -> Head:
        first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
        words = [*first.split(" ", 2), "", ""]
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return cls(raw, (words[0], words[1], words[2]), headers)

    @property
    def framing(self) -> Framing | int | None:
        """How its body ends, or its length; None if the head does not say."""
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return Framing.CHUNKED
        length = self.headers.get("content-length")
        return None if length is None else int(length)

    def says(self, header: str, word: str) -> bool:
        return word in self.headers.get(header, "").lower()


class Reader:
    """Reads a stream by heads, lines and pieces, and never much more than it is asked for."""

    def __init__(self, stream: ByteReceiveStream) -> None:
        self._stream = stream
        self._buffer = b""

    async def _fill(self) -> bool:
        try:
            self._buffer += await self._stream.receive(PIECE_BYTES)
        except anyio.EndOfStream:
            return False
        return True

    async def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            if len(self._buffer) > MOST_HEAD_BYTES or not await self._fill():
                raise ConnectionError(f"no {mark!r} in {self._buffer[:100]!r}")
        end = self._buffer.index(mark) + len(mark)
        found, self._buffer = self._buffer[:end], self._buffer[end:]
        return found

    async def head(self) -> Head | None:
        """The next head; None if the stream has ended before it."""
        if not self._buffer and not await self._fill():
            return None
        return Head.parse(await self._until(b"\r\n\r\n"))

    async def line(self) -> bytes:
        return await self._until(b"\r\n")

    async def piece(self, most: int = PIECE_BYTES) -> bytes:
        """Up to `most` bytes; none at the end of the stream."""
        if not self._buffer:
            await self._fill()
        found, self._buffer = self._buffer[:most], self._buffer[most:]
        return found

    async def peek(self, count: int) -> bytes:
        """The next `count` bytes, which stay; fewer at the end of the stream."""
        while len(self._buffer) < count and await self._fill():
            pass
        return self._buffer[:count]


async def pass_on(
    reader: Reader, framing: Framing | int, sink: Callable[[Piece], Awaitable[None]]
) -> None:
    """Hand a whole body to `sink`, piece by piece.

    Raises:
        ConnectionError: the body ends early.
    """
    match framing:
        case Framing.CHUNKED:
            await _pass_on_chunks(reader, sink)
        case Framing.UNTIL_CLOSE:
            while raw := await reader.piece():
                await sink(Piece(raw))
            await sink(Piece(b"", is_last=True))
        case length:
            await _pass_on_length(reader, length, sink, ends=True)


async def _pass_on_length(
    reader: Reader, length: int, sink: Callable[[Piece], Awaitable[None]], *, ends: bool
) -> None:
    while length:
        raw = await reader.piece(min(length, PIECE_BYTES))
        if not raw:
            raise ConnectionError(f"{length} bytes of the body are missing")
        length -= len(raw)
        await sink(Piece(raw, is_last=ends and not length))


async def _pass_on_chunks(reader: Reader, sink: Callable[[Piece], Awaitable[None]]) -> None:
    while size := int((line := await reader.line()).split(b";")[0], 16):
        await sink(Piece(line, content=False))
        await _pass_on_length(reader, size, sink, ends=False)
        await sink(Piece(await reader.line(), content=False))
    while (trailer := await reader.line()) != b"\r\n":
        line += trailer
    await sink(Piece(line + b"\r\n", content=False, is_last=True))
