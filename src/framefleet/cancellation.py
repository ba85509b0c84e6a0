"""A way to cancel a render from any thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

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

    @contextmanager
    def listening(self, callback: Callable[[], object]) -> Iterator[None]:
        """Call `callback` when the signal is given within this block, or was given before it."""
        with self._lock:
            if is_waiting := not self.is_cancelled:
                self._callbacks.append(callback)
        if not is_waiting:
            callback()
        try:
            yield
        finally:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)


@asynccontextmanager
async def cancelled_by(signal: CancelSignal | None, message: str = "") -> AsyncIterator[None]:
    """Run a block that the signal can end.

    Args:
        message: of the error, where the block is no render.

    Raises:
        RenderCancelledError: it did.
    """
    if signal is None:
        yield
        return
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope:

        def cancel() -> None:
            loop.call_soon_threadsafe(scope.cancel)

        with signal.listening(cancel):
            yield
    if scope.cancelled_caught:
        raise RenderCancelledError(message)
