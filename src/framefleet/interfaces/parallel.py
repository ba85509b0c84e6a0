"""Several pieces of work at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import anyio

from framefleet.errors import root_error

T = TypeVar("T")


async def each(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int) -> None:
    """Do `work` for every item; the first error ends the others, and comes out alone."""
    left = iter(items)

    async def run() -> None:
        for item in left:
            await work(item)

    try:
        async with anyio.create_task_group() as group:
            for _ in range(at_once):
                group.start_soon(run)
    except BaseExceptionGroup as group_error:
        raise root_error(group_error) from group_error
