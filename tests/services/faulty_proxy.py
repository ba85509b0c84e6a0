"""A proxy before a server of the tests: it passes on every byte, keeps records, breaks things.

The client's Host header reaches the server unchanged, so signatures made for the proxy hold.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskStatus
from anyio.from_thread import start_blocking_portal

from tests.services.faults import (
    Answer,
    CutAnswer,
    DamageRequest,
    Fault,
    LoseAnswer,
    ResetRequest,
    StallAnswer,
    StallRequest,
)
from tests.services.http_stream import Framing, Head, Piece, Reader, pass_on

GONE = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)
# Linux tells of a client that has hung up while its bytes are still unread.
HUNG_UP = getattr(select, "POLLRDHUP", 0)


@dataclass
class SeenRequest:
    """A request and what became of it."""

    method: str
    target: str
    """Path and query as they were sent."""
    headers: dict[str, str]
    """Names in lower case."""
    body_bytes: int = 0
    """What came of the body, without the framing of chunks."""
    status: int | None = None
    """None if the client was not answered."""
    server_status: int | None = None
    """None if the server did not answer, or was not asked."""
    answer_headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    """What was done to it; None as long as a fault waits for bytes that have not come."""
    began_s: float = field(default_factory=time.monotonic)
    ended_s: float | None = None

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


class Guard(Protocol):
    """Rules of the real server that the one behind the proxy does not know."""

    def admit(
        self, request: SeenRequest, peek: Callable[[int], Awaitable[bytes]]
    ) -> AbstractAsyncContextManager[Answer | None]:
        """The refusal of a request, or None; left when the request has been answered.

        Args:
            peek: the first bytes of the request's body, up to that many.
        """
        ...


@dataclass
class _Rule:
    fault: Fault
    method: str | None
    target: str
    times: int | None

    def take(self, request: SeenRequest) -> bool:
        if self.times == 0 or not _matches(request, self.method, self.target):
            return False
        if self.times is not None:
            self.times -= 1
        return True


def _matches(request: SeenRequest, method: str | None, target: str) -> bool:
    return method in (None, request.method) and target in request.target


class FaultyProxy:
    """A reverse proxy for HTTP/1.1; its methods may be called from any thread."""

    def __init__(self, upstream: str, *, guard: Guard | None = None) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 80)
        self._guard = guard
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self.endpoint = ""
        self.requests: list[SeenRequest] = []
        """All of them, in the order in which they began."""

    def inject(
        self, fault: Fault, *, method: str | None = None, target: str = "", times: int | None = 1
    ) -> None:
        """Do this to the next `times` requests that match; None means to all.

        A request suffers one fault, the first injected of those that match.

        Args:
            target: a part of the path and query as they are sent, that is, escaped.
        """
        with self._lock:
            self._rules.append(_Rule(fault, method, target, times))

    def clear(self) -> None:
        """Forget the faults and the requests."""
        with self._lock:
            self._rules.clear()
            self.requests.clear()

    def seen(self, method: str | None = None, target: str = "") -> list[SeenRequest]:
        """The requests that match, as with `inject`."""
        with self._lock:
            return [request for request in self.requests if _matches(request, method, target)]

    def most_at_once(self, method: str | None = None, target: str = "") -> int:
        """How many of the requests that match were under way at the same time, at most."""
        changes = []
        for request in self.seen(method, target):
            changes.append((request.began_s, 1))
            if request.ended_s is not None:
                changes.append((request.ended_s, -1))
        most = now = 0
        for _, change in sorted(changes):
            now += change
            most = max(most, now)
        return most

    async def serve(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Serve at `endpoint` until cancelled; started as soon as it is known."""
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(SocketAttribute.local_port)
        self.endpoint = f"http://127.0.0.1:{port}"
        async with listener:
            task_status.started()
            await listener.serve(self._serve_client)

    async def _serve_client(self, stream: SocketStream) -> None:
        async with stream:
            reader = Reader(stream)
            with contextlib.suppress(*GONE):
                while (head := await reader.head()) and await self._serve_request(
                    head, reader, stream
                ):
                    pass

    async def _serve_request(self, head: Head, reader: Reader, stream: SocketStream) -> bool:
        """Whether another request may come on the same connection."""
        method, target, _ = head.first
        request = SeenRequest(method, target, head.headers)
        with self._lock:
            self.requests.append(request)
            rule = next((rule for rule in self._rules if rule.take(request)), None)
        exchange = _Exchange(request, head, reader, stream, rule.fault if rule else None)
        try:
            if isinstance(exchange.fault, Answer):
                request.fault = exchange.fault
                return await exchange.answer(exchange.fault)
            await exchange.set_out()
            if self._guard is None:
                return await exchange.forward(self._upstream)
            async with self._guard.admit(request, exchange.peek) as refusal:
                if refusal:
                    return await exchange.answer(refusal)
                return await exchange.forward(self._upstream)
        finally:
            exchange.end()


@dataclass
class _Exchange:
    """One request of a client and its answer."""

    request: SeenRequest
    head: Head
    reader: Reader
    client: SocketStream
    fault: Fault | None
    is_continued: bool = False
    """Whether the client has been told to send a body that it announced with Expect."""

    def end(self) -> None:
        if self.request.ended_s is None:
            self.request.ended_s = time.monotonic()

    async def peek(self, count: int) -> bytes:
        framing = self.head.framing
        return await self.reader.peek(min(count, framing) if isinstance(framing, int) else count)

    @property
    def _withholds_body(self) -> bool:
        expects = self.head.says("expect", "100-continue")
        return expects and not self.is_continued and not self.request.body_bytes

    async def _pass_on_body(self, sink: Callable[[Piece], Awaitable[None]]) -> None:
        await pass_on(self.reader, self.head.framing or 0, sink)

    async def answer(self, answer: Answer) -> bool:
        """Answer in the server's place, once the body has been read."""

        async def drop(piece: Piece) -> None:
            self.request.body_bytes += len(piece.raw) if piece.content else 0

        keeps = not self._withholds_body and not self.head.says("connection", "close")
        if not self._withholds_body:
            await self._pass_on_body(drop)
        headers = {**answer.headers, "Content-Length": str(len(answer.body))}
        if not keeps:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.request.status = answer.status
        self.end()
        await self.client.send(head + (b"" if self.request.method == "HEAD" else answer.body))
        return keeps

    async def set_out(self) -> None:
        """Suffer what happens before the server hears of the request."""
        if isinstance(self.fault, ResetRequest | StallRequest) and not self.fault.after_bytes:
            await self._suffer()

    async def forward(self, upstream: tuple[str, int]) -> bool:
        """Pass the request on, and the answer back; whether the connection may be kept."""
        keeps = False
        async with await anyio.connect_tcp(*upstream) as server:
            try:
                await server.send(self.head.raw)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._send_body, server)
                    keeps = await self._return_answer(server)
                    if self._withholds_body:
                        keeps = False
                        tasks.cancel_scope.cancel()
            except* _Cut:
                _reset_when_closed(server)
            except* GONE:
                # Whoever broke it, the other side must not take what it has for the whole.
                _reset_when_closed(server)
                _reset_when_closed(self.client)
        return keeps

    async def _send_body(self, server: SocketStream) -> None:
        server_reads = True

        async def send(piece: Piece) -> None:
            nonlocal server_reads
            if piece.content:
                self.request.body_bytes += len(piece.raw)
                piece = self._damaged(piece)
            if server_reads:
                try:
                    await server.send(piece.raw)
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    # It may have answered nevertheless, and the client must get to read that.
                    server_reads = False

        watched = isinstance(self.fault, ResetRequest | StallRequest)
        await self._pass_on_body(self._watch(send) if watched else send)

    def _damaged(self, piece: Piece) -> Piece:
        if not isinstance(self.fault, DamageRequest) or self.request.fault or not piece.raw:
            return piece
        self.request.fault = self.fault
        return replace(piece, raw=bytes([piece.raw[0] ^ 1]) + piece.raw[1:])

    async def _return_answer(self, server: SocketStream) -> bool:
        reader = Reader(server)
        while True:
            head = await reader.head()
            if head is None:
                raise ConnectionError("the server closed the connection without an answer")
            status = int(head.first[1])
            if status >= 200:
                break
            self.is_continued = True
            await self.client.send(head.raw)
        self.request.server_status, self.request.answer_headers = status, head.headers
        if isinstance(self.fault, LoseAnswer):
            await self._suffer()
        framing = head.framing
        if self.request.method == "HEAD" or status in (204, 304):
            framing = 0
        elif framing is None:
            framing = Framing.UNTIL_CLOSE
        self.request.status = status
        if framing == 0:
            self.end()
        await self.client.send(head.raw)

        async def send(piece: Piece) -> None:
            if piece.is_last:
                self.end()
            await self.client.send(piece.raw)

        watched = isinstance(self.fault, CutAnswer | StallAnswer)
        await pass_on(reader, framing, self._watch(send) if watched else send)
        is_old = head.first[0] != "HTTP/1.1"
        closes = head.says("connection", "close") or self.head.says("connection", "close")
        return not (is_old or closes or framing is Framing.UNTIL_CLOSE)

    def _watch(
        self, sink: Callable[[Piece], Awaitable[None]]
    ) -> Callable[[Piece], Awaitable[None]]:
        """The sink, with the fault after so many bytes."""
        assert isinstance(self.fault, ResetRequest | StallRequest | CutAnswer | StallAnswer)
        left = self.fault.after_bytes

        async def watched(piece: Piece) -> None:
            nonlocal left
            if self.request.fault is None and piece.content and len(piece.raw) >= left:
                await sink(Piece(piece.raw[:left]))
                piece = Piece(piece.raw[left:], is_last=piece.is_last)
                await self._suffer()
            elif piece.content:
                left -= len(piece.raw)
            await sink(piece)

        return watched

    async def _suffer(self) -> None:
        self.request.fault = self.fault
        match self.fault:
            case CutAnswer():
                raise _Cut
            case ResetRequest() | LoseAnswer():
                _reset_when_closed(self.client)
                raise ConnectionResetError("as the test wants it")
            case StallRequest(seconds=seconds) | StallAnswer(seconds=seconds):
                await self._wait_for_the_client_to_leave(seconds)

    async def _wait_for_the_client_to_leave(self, seconds: float | None) -> None:
        poll = select.poll()
        poll.register(self.client.extra(SocketAttribute.raw_socket).fileno(), HUNG_UP)
        with anyio.move_on_after(seconds):
            while not poll.poll(0):  # noqa: ASYNC110 - the kernel has no event for it to await
                await anyio.sleep(0.02)
            raise ConnectionResetError("the client gave up")


class _Cut(Exception):
    """The client gets no more of the answer."""


def _reset_when_closed(stream: SocketStream) -> None:
    linger_for_no_time = struct.pack("ii", 1, 0)
    with contextlib.suppress(OSError):
        stream.extra(SocketAttribute.raw_socket).setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger_for_no_time
        )


@contextlib.contextmanager
def faulty_proxy(upstream: str, *, guard: Guard | None = None) -> Iterator[FaultyProxy]:
    """A proxy before the server at `upstream`, in a thread of its own."""
    proxy = FaultyProxy(upstream, guard=guard)
    with start_blocking_portal("asyncio") as portal:
        serving, _ = portal.start_task(proxy.serve)
        try:
            yield proxy
        finally:
            if not serving.cancel():
                serving.result()
