"""One attached target: its calls, its events, its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from framefleet.cdp.connection import Connection, EventHandler, failed
from framefleet.errors import BrowserCrashedError, FramefleetError, PageTimeoutError

T = TypeVar("T")

# How long a browser or a page that is not stuck may take to say so.
_HEALTH_TIMEOUT_S = 2.0


class Session:
    """A DevTools session of one target. After `fail` every call raises the given error."""

    def __init__(self, connection: Connection, session_id: str, *, timeout_s: float = 60.0) -> None:
        self._connection = connection
        self.id = session_id
        self.timeout_s = timeout_s
        self.failure: Exception | None = None

    def send(self, method: str, **params: Any) -> asyncio.Future[msgspec.Raw]:
        """Send a command without waiting; commands arrive in the order they are sent."""
        if self.failure is not None:
            return failed(self.failure)
        return self._connection.call(method, params, session=self.id)

    async def call(
        self, method: str, *, timeout_s: float | None = None, **params: Any
    ) -> dict[str, Any]:
        """Send a command and read its result.

        Raises:
            ProtocolError: Chromium refused it.
            PageTimeoutError: no answer within `timeout_s`, as the page's script does not yield.
            BrowserCrashedError: no answer for another reason, or the browser ended.
        """
        return await self.result(self.send(method, **params), dict[str, Any], method, timeout_s)

    async def result(
        self,
        answer: asyncio.Future[msgspec.Raw],
        kind: type[T],
        method: str,
        timeout_s: float | None = None,
    ) -> T:
        """Wait for the answer of `send` and decode it as `kind`."""
        timeout_s = self.timeout_s if timeout_s is None else timeout_s
        try:
            raw = await asyncio.wait_for(answer, timeout_s)
        except TimeoutError as exc:
            raise await self._unanswered(method, timeout_s) from exc
        return msgspec.json.decode(raw, type=kind)

    async def _unanswered(self, method: str, timeout_s: float) -> FramefleetError:
        """Whose fault a missing answer is: a page runs in a process of its own."""
        browser = self._connection.call("Browser.getVersion")
        page = self.send("Runtime.evaluate", expression="1")
        await asyncio.wait([browser, page], timeout=_HEALTH_TIMEOUT_S)
        is_browser_well, is_page_well = _is_answered(browser), _is_answered(page)
        if is_browser_well and (method.startswith("Runtime.") or not is_page_well):
            return PageTimeoutError(
                f"The page did not answer within {timeout_s:g} s: a script of it may run without "
                "end.",
                method=method,
            )
        return BrowserCrashedError(
            f"Chromium did not answer {method} within {timeout_s:g} s.", method=method
        )

    def on(self, method: str, handler: EventHandler) -> Callable[[], None]:
        """Call `handler` with each such event of this session; the answer ends that."""
        return self._connection.on(method, handler, session=self.id)

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

    def fail(self, error: Exception) -> None:
        """Wake every waiting call with `error` and refuse later ones; the first error stays."""
        if self.failure is None:
            self.failure = error
            self._connection.abort(self.id, error)

    def close(self) -> None:
        """Stop listening."""
        self._connection.forget(self.id)


def _is_answered(answer: asyncio.Future[msgspec.Raw]) -> bool:
    return not answer.cancel() and answer.exception() is None
