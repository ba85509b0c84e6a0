"""One DevTools connection: NUL-terminated JSON over two pipes."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable
from typing import Any

import msgspec

from framefleet.errors import BrowserCrashedError, ProtocolError

EventHandler = Callable[[msgspec.Raw], None]

# One 1080p screenshot is 0.2 to 1 MB of base64; the default pipe of 64 KiB costs a wake-up each.
PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031  # Linux only

_NOTHING = msgspec.Raw(b"{}")


class _Message(msgspec.Struct, rename="camel"):
    id: int = 0
    method: str = ""
    session_id: str = ""
    params: msgspec.Raw = _NOTHING
    result: msgspec.Raw = _NOTHING
    error: msgspec.Raw = msgspec.Raw()


class _Failure(msgspec.Struct):
    message: str = ""
    data: str | None = None


class Connection(asyncio.Protocol):
    """Calls and events of all sessions of one browser.

    Once the pipe closes, every waiting and every later call raises BrowserCrashedError.
    """

    def __init__(self) -> None:
        self.closed = asyncio.get_running_loop().create_future()
        self._writer: asyncio.WriteTransport | None = None
        self._reader: asyncio.ReadTransport | None = None
        self._buffer = bytearray()
        self._scanned = 0
        self._last_id = 0
        self._waiting: dict[int, tuple[str, asyncio.Future[msgspec.Raw]]] = {}
        self._handlers: dict[tuple[str, str], list[EventHandler]] = {}
        self._decoder = msgspec.json.Decoder(_Message)

    @classmethod
    async def open(cls, *, read_fd: int, write_fd: int) -> Connection:
        """Take over two pipe ends: the one the browser writes to and the one it reads from."""
        loop = asyncio.get_running_loop()
        for descriptor in (read_fd, write_fd):
            with contextlib.suppress(OSError):
                fcntl.fcntl(descriptor, _F_SETPIPE_SZ, PIPE_BYTES)
        connection = cls()
        reader, _ = await loop.connect_read_pipe(lambda: connection, os.fdopen(read_fd, "rb", 0))
        writer, _ = await loop.connect_write_pipe(
            asyncio.BaseProtocol, os.fdopen(write_fd, "wb", 0)
        )
        connection._reader, connection._writer = reader, writer
        return connection

    def call(
        self, method: str, params: dict[str, Any] | None = None, *, session: str = ""
    ) -> asyncio.Future[msgspec.Raw]:
        """Send a command at once; the future brings its raw JSON result."""
        if self._writer is None or self.closed.done():
            return failed(_gone())
        future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        self._waiting[self._last_id] = (session, future)
        key = self._last_id

        def settled(future: asyncio.Future[msgspec.Raw]) -> None:
            self._waiting.pop(key, None)
            _note(future)

        future.add_done_callback(settled)
        self._writer.write(msgspec.json.encode(message) + b"\0")
        return future

    def on(self, method: str, handler: EventHandler, *, session: str = "") -> Callable[[], None]:
        """Call `handler` with the raw params of each such event; the answer ends that."""
        handlers = self._handlers.setdefault((session, method), [])
        handlers.append(handler)

        def stop() -> None:
            if handler in handlers:
                handlers.remove(handler)

        return stop

    def forget(self, session: str) -> None:
        """Drop the handlers of a session that has ended."""
        self._handlers = {key: value for key, value in self._handlers.items() if key[0] != session}

    def abort(self, session: str, error: Exception) -> None:
        """Fail every call of `session` that is still waiting."""
        for owner, future in list(self._waiting.values()):
            if owner == session and not future.done():
                future.set_exception(error)

    async def aclose(self) -> None:
        """Close both pipes; Chromium ends by itself when its pipe does."""
        for transport in (self._writer, self._reader):
            if transport is not None:
                transport.close()
        self.connection_lost(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        messages, start = [], 0
        while (end := self._buffer.find(b"\0", max(start, self._scanned))) >= 0:
            messages.append(bytes(self._buffer[start:end]))
            start = end + 1
        del self._buffer[:start]
        self._scanned = len(self._buffer)
        for message in messages:
            self._receive(message)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)
        for _, future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(_gone())

    def _receive(self, data: bytes) -> None:
        message = self._decoder.decode(data)
        if message.method:
            for handler in list(self._handlers.get((message.session_id, message.method), ())):
                handler(message.params)
            return
        _, future = self._waiting.get(message.id, ("", None))
        if future is None or future.done():
            return
        if not message.error:
            future.set_result(message.result)
        else:
            failure = msgspec.json.decode(message.error, type=_Failure)
            details = f" ({failure.data})" if failure.data else ""
            future.set_exception(ProtocolError(f"{failure.message}{details}"))


def failed(error: Exception) -> asyncio.Future[msgspec.Raw]:
    """A call that has failed already."""
    future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    _note(future)
    return future


def _note(future: asyncio.Future[msgspec.Raw]) -> None:
    """An error of a call that nobody waits for any more is not to be logged by the loop."""
    if not future.cancelled():
        future.exception()


def _gone() -> BrowserCrashedError:
    return BrowserCrashedError("Chromium ended while it was in use (its DevTools pipe closed).")
