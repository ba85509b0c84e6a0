"""The HTTP/1.1 that runtimes speak to their Runtime API, as a server on plain streams.

A server of our own, since aiohttp's drops the trailers of a chunked body, and a streaming runtime
tells of an error in the middle of its response by nothing else.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

import anyio
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

_LARGEST_HEAD_BYTES = 1 << 20
_PIECE_BYTES = 256 << 10
# A connection that ends, whichever side ends it and at whatever point.
_ENDED = (
    anyio.EndOfStream,
    anyio.IncompleteRead,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.DelimiterNotFound,
)


class TruncatedBodyError(Exception):
    """The connection ended within a body."""


@dataclass(slots=True, kw_only=True)
class RuntimeRequest:
    """A request of a runtime. `trailers` are known when the body has been read."""

    method: str
    path: str
    headers: Mapping[str, str]
    trailers: dict[str, str] = field(default_factory=dict)
    source: BufferedByteReceiveStream
    is_read: bool = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives: a chunk of HTTP is one piece, unless it is large.

        Raises:
            TruncatedBodyError: it ends too early.
        """
        try:
            if self.headers.get("transfer-encoding", "").lower() == "chunked":
                async for piece in self._chunks():
                    yield piece
            else:
                async for piece in self._exactly(int(self.headers.get("content-length", "0"))):
                    yield piece
        except (*_ENDED, ValueError) as exc:
            raise TruncatedBodyError from exc
        self.is_read = True

    async def body(self, *, limit: int | None = None) -> bytes | None:
        """The whole body; None if it is larger than `limit`, which it is read past nonetheless."""
        body, size = bytearray(), 0
        async for piece in self.pieces():
            size += len(piece)
            if limit is None or size <= limit:
                body += piece
        return bytes(body) if limit is None or size <= limit else None

    async def _chunks(self) -> AsyncIterator[bytes]:
        while size := int((await self._line()).split(b";")[0], 16):
            async for piece in self._exactly(size):
                yield piece
            await self.source.receive_exactly(2)
        while line := await self._line():
            name, value = _split(line)
            self.trailers[name] = value

    async def _exactly(self, size: int) -> AsyncIterator[bytes]:
        while size > 0:
            piece = await self.source.receive_exactly(min(size, _PIECE_BYTES))
            size -= len(piece)
            yield piece

    async def _line(self) -> bytes:
        return await self.source.receive_until(b"\r\n", _LARGEST_HEAD_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeAnswer:
    """An answer to a runtime."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def accepted(cls) -> RuntimeAnswer:
        """What every post is answered with."""
        return cls(status=202, headers=_JSON, body=b'{"status":"OK"}\n')

    @classmethod
    def refused(cls, status: int, kind: str, message: str) -> RuntimeAnswer:
        """An error of the Runtime API."""
        body = json.dumps({"errorMessage": message, "errorType": kind}).encode()
        return cls(status=status, headers=_JSON, body=body)


_JSON = {"Content-Type": "application/json"}
Handle = Callable[[RuntimeRequest], Awaitable[RuntimeAnswer | None]]


async def serve_runtime(stream: SocketStream, handle: Handle) -> None:
    """Answer the requests of one connection until it ends; `handle` may end it with None."""
    source = BufferedByteReceiveStream(stream)
    async with stream:
        with suppress(TruncatedBodyError, *_ENDED):
            while True:
                request = await _read_head(source)
                if "100-continue" in request.headers.get("expect", "").lower():
                    await stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
                answer = await handle(request)
                if answer is None:
                    return
                if not request.is_read:
                    await request.body(limit=0)
                await stream.send(_encode(answer))


async def _read_head(source: BufferedByteReceiveStream) -> RuntimeRequest:
    head = await source.receive_until(b"\r\n\r\n", _LARGEST_HEAD_BYTES)
    first, *lines = head.split(b"\r\n")
    words = first.decode("latin-1").split(" ")
    if len(words) != 3:
        raise anyio.IncompleteRead
    method, path, _ = words
    return RuntimeRequest(method=method, path=path, headers=dict(map(_split, lines)), source=source)


def _split(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(":")
    return name.strip().lower(), value.strip()


def _encode(answer: RuntimeAnswer) -> bytes:
    phrase = HTTPStatus(answer.status).phrase
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    lines = [f"HTTP/1.1 {answer.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + answer.body
