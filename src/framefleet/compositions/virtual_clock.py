"""Chromium's virtual time: time passes for a page only where it is granted."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import msgspec

from framefleet.browser.page import Page
from framefleet.errors import PageTimeoutError

# The date every page begins at: 2025-01-01T00:00:00Z.
EPOCH_S = 1_735_689_600

# Time stamps a page sees are rounded to 100 us with a random jitter unless they lie on that grid
# already (any-page-clock.md, recipe 2).
GRID_US = 100
# Keeps a double just below a whole microsecond from being cut down.
_BUDGET_NUDGE_MS = 0.0003
_TICKS_NUDGE_MS = 0.00002
# Ends endless message loops: 10, 100 and 1000 were measured to work, unset one hangs for ever.
_STARVATION_COUNT = 1000
_HEALTH_CHECK_S = 0.05


class VirtualClock:
    """The virtual time of one tab, in microseconds since its base on the 100 us grid.

    Args:
        timeout_s: how long one grant may take in real time.
    """

    def __init__(self, page: Page, fps: Fraction, timeout_s: float) -> None:
        self._page = page
        self._fps = fps
        self._timeout_s = timeout_s
        self._base_us = 0
        self.now_us = 0

    async def start(self) -> None:
        """Stop time on a blank page and step onto the grid."""
        answer = await self._page.session.call(
            "Emulation.setVirtualTimePolicy", policy="pause", initialVirtualTime=float(EPOCH_S)
        )
        base_us = round(answer["virtualTimeTicksBase"] * 1000)
        to_grid_us = -base_us % GRID_US
        if to_grid_us:
            await self.grant(to_grid_us)
        self._base_us, self.now_us = base_us + to_grid_us, 0

    def offset_us(self, frame: int) -> int:
        """Time from frame 0 to `frame`, on the grid; from the number, so that nothing adds up."""
        return round(Fraction(frame * 1_000_000, GRID_US) / self._fps) * GRID_US

    def ticks(self) -> dict[str, float]:
        """The times a begin frame sent now carries."""
        return {
            "frameTimeTicks": (self._base_us + self.now_us) / 1000 + _TICKS_NUDGE_MS,
            "interval": float(1000 / self._fps),
        }

    async def grant(self, to_us: int) -> None:
        """Let the page run until `to_us`; pending requests stop its time.

        Raises:
            PageTimeoutError: a request, or a script that does not end, held it too long.
        """
        if to_us <= self.now_us:
            return
        session = self._page.session
        with session.expect("Emulation.virtualTimeBudgetExpired") as expired:
            await session.send(
                "Emulation.setVirtualTimePolicy",
                policy="pauseIfNetworkFetchesPending",
                budget=(to_us - self.now_us) / 1000 + _BUDGET_NUDGE_MS,
                maxVirtualTimeTaskStarvationCount=_STARVATION_COUNT,
            )
            await self._wait(expired)
        self.now_us = to_us

    async def _wait(self, expired: asyncio.Future[msgspec.Raw]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_s
        while not expired.done():
            if self._page.session.failure is not None:
                raise self._page.session.failure
            if loop.time() > deadline:
                raise self._too_long()
            await asyncio.wait([expired], timeout=_HEALTH_CHECK_S)

    def _too_long(self) -> PageTimeoutError:
        pending = self._page.pending_urls
        why = (
            f"It waits for {', '.join(pending)}: make that answer, or remove it."
            if pending
            else "No request is pending: a script of it may run without end."
        )
        return PageTimeoutError(
            f"The page's time stood still for {self._timeout_s:g} s. {why}", pending=pending
        )
