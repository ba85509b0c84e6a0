"""The public API for synchronous callers: each function of `aio`, run to its end."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from framefleet import aio

P = ParamSpec("P")
T = TypeVar("T")

# The event loop of `warm_browsers`, while one is running.
_warm: BlockingPortal | None = None


def blocking(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """The same function for callers who wait for it."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        work = functools.partial(function, *args, **kwargs)
        return anyio.run(work) if _warm is None else _run_in(_warm, work)

    return run


def _run_in(portal: BlockingPortal, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    ended = threading.Event()

    async def whole() -> T:
        try:
            return await work()
        finally:
            ended.set()

    future = portal.start_task_soon(whole)
    try:
        return future.result()
    except BaseException:
        # Ctrl-C reaches us, not the loop: end the work, and go on only when it has ended.
        if future.cancel():
            ended.wait()
        raise


@contextmanager
def warm_browsers() -> Iterator[None]:
    """Within this block renders leave their browsers to each other.

    A warm browser saves a render the start of one, about 0.3 s of it. All end with the block.
    """
    global _warm
    if _warm is not None:
        yield
        return
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(aio.warm_browsers()),
    ):
        _warm = portal
        try:
            yield
        finally:
            _warm = None


get_compositions = blocking(aio.get_compositions)
select_composition = blocking(aio.select_composition)
render_media = blocking(aio.render_media)
render_frames = blocking(aio.render_frames)
render_still = blocking(aio.render_still)
