"""One attached target: its calls, its events, its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from framefleet.cdp.connection import Connection, EventHandler
from framefleet.errors import BrowserCrashedError, FramefleetError

T = TypeVar("T")


class Session:
    """A DevTools session of one target. After `fail` every call raises the given error."""

    def __init__(self, connection: Connection, session_id: str) -> None:
        self._connection = connection
        self._id = session_id
        self.failure: FramefleetError | None = None

    def send(self, method: str, **params: Any) -> asyncio.Future[msgspec.Raw]:
        """Send a command without waiting; commands arrive in the order they are sent."""
        if self.failure is not None:
            future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
            future.set_exception(self.failure)
            return future
        return self._connection.call(method, params, session=self._id)

    async def call(self, method: str, *, timeout_s: float = 60.0, **params: Any) -> dict[str, Any]:
        """Send a command and read its result.

        Raises:
            ProtocolError: Chromium refused it.
            BrowserCrashedError: no answer within `timeout_s`, or the browser ended.
        """
        return await self.result(self.send(method, **params), dict[str, Any], method, timeout_s)

    async def result(
        self,
        answer: asyncio.Future[msgspec.Raw],
        kind: type[T],
        method: str,
        timeout_s: float = 60.0,
    ) -> T:
        """Wait for the answer of `send` and decode it as `kind`."""
        try:
            raw = await asyncio.wait_for(answer, timeout_s)
        except TimeoutError as exc:
            raise BrowserCrashedError(
                f"Chromium did not answer {method} within {timeout_s:g} s.", method=method
            ) from exc
        return msgspec.json.decode(raw, type=kind)

    def on(self, method: str, handler: EventHandler) -> Callable[[], None]:
        """Call `handler` with each such event of this session; the answer ends that."""
        return self._connection.on(method, handler, session=self._id)

    @contextlib.contextmanager
    def expect(self, method: str) -> Iterator[asyncio.Future[msgspec.Raw]]:
        """Listen before acting: yields a future for the next such event's params."""
        future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        stop = self.on(method, lambda raw: None if future.done() else future.set_result(raw))
        try:
            yield future
        finally:
            stop()
            future.cancel()

    def fail(self, error: FramefleetError) -> None:
        """Wake every waiting call with `error` and refuse later ones; the first error stays."""
        if self.failure is None:
            self.failure = error
            self._connection.abort(self._id, error)

    def close(self) -> None:
        """Stop listening."""
        self._connection.forget(self._id)
