"""Functions of callers that hear of a render: plain ones, and asynchronous ones."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

Callback = Callable[[T], Awaitable[None] | None]


async def call_back(callback: Callback[T] | None, fact: T) -> None:
    """Tell a caller who wants to hear it, and wait until it is heard."""
    if callback is None:
        return
    told = callback(fact)
    if inspect.isawaitable(told):
        await told
