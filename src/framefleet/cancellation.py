"""A way to cancel a render from any thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from framefleet.errors import RenderCancelledError


class CancelSignal:
    """Give it to a render as `cancel_signal`; `cancel()` then ends that render.

    The render raises RenderCancelledError once everything it started has ended.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], object]] = []
        self.is_cancelled = False

    def cancel(self) -> None:
        """End the renders that were given this signal; may be called from any thread."""
        with self._lock:
            self.is_cancelled = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def _on_cancel(self, callback: Callable[[], object]) -> None:
        with self._lock:
            if not self.is_cancelled:
                self._callbacks.append(callback)
                return
        callback()


@asynccontextmanager
async def cancelled_by(signal: CancelSignal | None) -> AsyncIterator[None]:
    """Run a block that the signal can end.

    Raises:
        RenderCancelledError: it did.
    """
    if signal is None:
        yield
        return
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope:
        signal._on_cancel(lambda: loop.call_soon_threadsafe(scope.cancel))
        yield
    if scope.cancelled_caught:
        raise RenderCancelledError
