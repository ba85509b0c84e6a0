"""Browsers that outlive a render, for programs that render one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from framefleet.browser.flags import BrowserOptions
from framefleet.browser.supervisor import BrowserSupervisor

# Kinds of browsers that wait for a render, each with its own switches: the memory of a function has
# no room for all that callers think of.
_MOST_KINDS = 3
# A browser's pipe belongs to the event loop it was opened in, and so do those who may share it.
_kept: dict[asyncio.AbstractEventLoop, dict[BrowserOptions, BrowserSupervisor]] = {}


@asynccontextmanager
async def warm_browsers() -> AsyncIterator[None]:
    """Within this block renders of the same event loop leave their browsers to each other.

    A warm browser saves a render the start of one, about 0.3 s of it. All end with the block; only
    worker processes start browsers of their own. Outside of such a block each render does.
    """
    loop = asyncio.get_running_loop()
    if loop in _kept:
        yield
        return
    _kept[loop] = {}
    try:
        yield
    finally:
        for supervisor in _kept.pop(loop).values():
            await supervisor.aclose()


@asynccontextmanager
async def supervised(options: BrowserOptions) -> AsyncIterator[BrowserSupervisor]:
    """Browsers for one render: warm ones where they are kept, else new ones that end with it."""
    kept = _kept.get(asyncio.get_running_loop())
    if kept is None:
        async with BrowserSupervisor(options) as supervisor:
            yield supervisor
        return
    # Any browser can be told how long to wait for its answers.
    kind = replace(options, answer_timeout_s=BrowserOptions().answer_timeout_s)
    # The last in use comes last.
    kept[kind] = kept.pop(kind) if kind in kept else BrowserSupervisor(kind)
    for supervisor in list(kept.values())[:-_MOST_KINDS]:
        await supervisor.end_idle()
    yield kept[kind].answering_within(options.answer_timeout_s)
