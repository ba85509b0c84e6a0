"""Browsers to borrow: started when wanted or before, kept warm, replaced when they break."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Self

import anyio

from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.process import BrowserProcess
from framefleet.errors import BrowserStartError, FramefleetError

logger = logging.getLogger(__name__)

# Chromium's memory creeps with every page; a fresh process costs 0.3 s.
MAX_LEASES = 50
START_ATTEMPTS = 3


@dataclass(slots=True)
class _Kept:
    browser: BrowserProcess
    leases: int = 0


@dataclass(slots=True)
class BrowserSupervisor:
    """Lends browsers, each to one borrower at a time; ends all of them with its context.

    A browser that died while it was lent, or has served `max_leases` times, is not lent again.
    """

    options: BrowserOptions
    max_leases: int = MAX_LEASES
    _idle: list[_Kept] = field(default_factory=list)
    _starting: list[asyncio.Task[_Kept]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End all browsers that are not lent; a cancelled caller still waits for that."""
        with anyio.CancelScope(shield=True):
            await self.end_idle()

    def answering_within(self, timeout_s: float) -> Self:
        """The same browsers for somebody who gives their answers so many seconds."""
        return replace(self, options=replace(self.options, answer_timeout_s=timeout_s))

    async def prestart(self, count: int = 1) -> None:
        """See to it that `count` browsers are there or on their way, and go on meanwhile.

        One that does not start is an error for whoever borrows it.
        """
        while len(self._idle) + len(self._starting) < count:
            self._starting.append(asyncio.create_task(self._start()))
        # The processes are started before anything else is done.
        await asyncio.sleep(0)

    async def end_idle(self) -> None:
        """End the browsers nobody has borrowed, where none will be wanted for a while."""
        starting = list(self._starting)
        self._starting.clear()
        for task in starting:
            task.cancel()
            with suppress(asyncio.CancelledError, FramefleetError):
                self._idle.append(await task)
        while self._idle:
            await self._idle.pop().browser.aclose()

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[BrowserProcess]:
        """Borrow a browser that is alive.

        Raises:
            BrowserNotFoundError: there is none on this machine.
            BrowserStartError: it did not start, several times.
        """
        kept = await self._take()
        kept.leases += 1
        kept.browser.answer_timeout_s = self.options.answer_timeout_s
        try:
            yield kept.browser
        except BaseException:
            # What went wrong may have left the browser in any state.
            await kept.browser.aclose()
            raise
        if kept.browser.is_alive and kept.leases < self.max_leases:
            self._idle.append(kept)
        else:
            await kept.browser.aclose()

    async def _take(self) -> _Kept:
        while self._idle or self._starting:
            kept = self._idle.pop() if self._idle else await self._started()
            if kept.browser.is_alive:
                return kept
            await kept.browser.aclose()
        return await self._start()

    async def _started(self) -> _Kept:
        task = self._starting.pop(0)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            # The start goes on: for another borrower, or to its end in `end_idle`.
            self._starting.append(task)
            raise

    async def _start(self) -> _Kept:
        executable = find_browser(self.options.executable)
        for attempt in range(1, START_ATTEMPTS):
            try:
                return _Kept(await BrowserProcess.start(executable, self.options))
            except BrowserStartError as exc:
                logger.warning("browser_start_failed", extra={"attempt": attempt, "why": str(exc)})
        return _Kept(await BrowserProcess.start(executable, self.options))
