"""A page on our clock: loaded, started, stepped from frame to frame."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec

from framefleet.browser.camera import Camera, Shot
from framefleet.browser.page import TRANSPARENT, WHITE, Page, PageSetup
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.animated_images import AnimatedImages
from framefleet.compositions.documents import Documents
from framefleet.compositions.page_media import PageMedia
from framefleet.compositions.stage import Scene
from framefleet.compositions.virtual_clock import EPOCH_S, VirtualClock
from framefleet.errors import (
    BrowserCrashedError,
    PageRetryError,
    PageTimeoutError,
    SiteUnreachableError,
)
from framefleet.page_runtime.scripts import script

# Loading is granted in steps, and frame 0 lies so many steps after the load: the order of network
# answers moves the load event by tens of milliseconds from worker to worker.
LOAD_STEP_US = 50_000
ZERO_STEPS = 2
# Kept of each frame for what only ends while time runs: seeks, loads, worker messages. 1 to 6 steps
# of 1 us were enough (any-page-clock.md), so the pauses between them can grow.
RESERVE_US = 90
_PUMPS = 85
_FIRST_PAUSE_S = 0.002
_PAUSE_GROWTH = 1.1
_LONGEST_PAUSE_S = 0.5
# A begin frame sometimes runs no animation frame callbacks; 2 tries were seen in a cold renderer.
_MAX_TICK_TRIES = 20


@dataclass(frozen=True, slots=True)
class PageState:
    """What a page answers after each step."""

    ticks: int
    needs_care: bool
    may_probe: bool


class ClockedPage:
    """Steps one page. Times in microseconds count from the base of its clock; frame 0 is `zero_us`.

    Use `open`.
    """

    def __init__(self, page: Page, scene: Scene) -> None:
        self.page = page
        self.camera = Camera(page, scene.capture)
        self.documents = Documents(page)
        self._images = AnimatedImages(page, scene.site)
        self.media = PageMedia(self.documents, scene)
        self.clock = VirtualClock(page, scene.composition.fps, scene.page.timeout_s)
        self.zero_us = 0
        self.frame = -1
        self._scene = scene
        self._state = PageState(0, False, False)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, browser: BrowserProcess, scene: Scene, zero_us: int | None
    ) -> AsyncIterator[ClockedPage]:
        """Load the scene's page and start its clocks at frame 0.

        Args:
            zero_us: where frame 0 lies; None: right after the load.
        """
        setup = PageSetup(
            width=scene.composition.width,
            height=scene.composition.height,
            scale=scene.capture.scale,
            background=TRANSPARENT if scene.capture.is_transparent else WHITE,
            scripts=_scripts(),
            on_log=scene.on_log,
        )
        async with Page.open(browser, setup) as page:
            clocked = cls(page, scene)
            await clocked._load(zero_us)
            await clocked._start()
            yield clocked

    async def skip(self, frame: int) -> None:
        """Move on to `frame`, the next one, without a picture."""
        await self._advance(frame)
        # Undrawn frames leave animated images behind, and they then run ahead to catch up.
        must_draw = frame == 0 or self._images.are_present
        tick = self._draw if must_draw else self.camera.tick
        if must_draw:
            # The next probe would tell what changed since this frame, not since the last picture.
            self.camera.forget()
        for _ in range(_MAX_TICK_TRIES):
            await tick(**self.clock.ticks())
            if await self._has_ticked():
                return
        raise self._never_ticked()

    async def shoot(self, frame: int) -> Shot:
        """Move on to `frame`, the next one, and photograph it."""
        self.camera.may_probe = self._state.may_probe
        if frame == 0:
            await self.skip(0)
            return await self.camera.shoot(**self.clock.ticks())
        await self._advance(frame)
        # One begin frame runs the callbacks and draws. A plain one first would do for the check,
        # but a second one with display and equal times never answers once something changed.
        shot = await self.camera.shoot(**self.clock.ticks())
        for _ in range(_MAX_TICK_TRIES):
            if await self._has_ticked():
                return shot
            shot = await self.camera.retake(**self.clock.ticks())
        raise self._never_ticked()

    @property
    def needs_care(self) -> bool:
        """Whether the page holds media or workers."""
        return self._state.needs_care

    async def _load(self, zero_us: int | None) -> None:
        url, timeout_s = self._scene.site.url, self._scene.page.timeout_s
        await self.clock.start()
        with self.page.session.expect("Page.loadEventFired") as loaded:
            # Chromium navigates while time stands still, so a slow server costs no page time.
            status = await self.page.navigate(url, timeout_s=timeout_s, wait_for_load=False)
            if status >= 400:
                raise SiteUnreachableError(f"{url} answers with HTTP status {status}.", url=url)
            await self._grant_until(loaded)
        loaded_us = self.clock.now_us
        self.zero_us = loaded_us + ZERO_STEPS * LOAD_STEP_US if zero_us is None else zero_us
        if self.zero_us <= loaded_us:
            raise PageRetryError(
                f"The page took {loaded_us / 1e6:g} s of its own time to load, but frame 0 was "
                f"planned at {self.zero_us / 1e6:g} s. Its requests were answered in another order "
                "than when the render was planned: try again.",
                loaded_s=loaded_us / 1e6,
                zero_s=self.zero_us / 1e6,
            )

    async def _grant_until(self, loaded: asyncio.Future[msgspec.Raw]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._scene.page.timeout_s
        while not loaded.done():
            await self.clock.grant(self.clock.now_us + LOAD_STEP_US)
            if loop.time() > deadline:
                raise PageTimeoutError(
                    f"{self._scene.site.url} did not finish loading within "
                    f"{self._scene.page.timeout_s:g} s.",
                    pending=self.page.pending_urls,
                )

    async def _start(self) -> None:
        """Let the page's clocks begin: this is frame 0."""
        await self._in_documents("__framefleet.media.load()")
        await self.media.measure_rates()
        await self._pump()
        await self.clock.grant(self.zero_us)
        date = await self.page.evaluate("__framefleet.start()")
        start = f"__framefleet.media.load(); __framefleet.start({date})"
        await self._in_documents(start)
        # Documents of frames that come later have no frame 0 of their own to wait for.
        await self.page.session.call("Page.addScriptToEvaluateOnNewDocument", source=start)
        self._state = await self._read_state()

    async def _enter(self, time_s: float, at_us: int) -> None:
        """Bring media and workers to the frame, just before its time comes."""
        await self.clock.grant(at_us - RESERVE_US)
        await self.media.measure_rates()
        await self._in_documents(f"__framefleet.clocked.enter({time_s!r})")
        await self._pump()
        await self._in_documents("__framefleet.clocked.settle()")

    async def _pump(self) -> None:
        """Wait for media and workers: their answers only arrive while the page's time runs."""
        pause_s = _FIRST_PAUSE_S
        for _ in range(_PUMPS):
            if not sum(await self._in_documents("__framefleet.clocked.waiting()")):
                return
            await self.clock.grant(self.clock.now_us + 1)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * _PAUSE_GROWTH, _LONGEST_PAUSE_S)
        raise PageTimeoutError(
            f"Media or a worker of the page was not ready for frame {self.frame + 1} in time.",
            frame=self.frame + 1,
            pending=self.page.pending_urls,
        )

    async def _advance(self, frame: int) -> None:
        at_us = self.zero_us + self.clock.offset_us(frame)
        if self._state.needs_care:
            await self._enter(float(frame / self._scene.composition.fps), at_us)
        await self.clock.grant(at_us)
        self.frame = frame

    async def _draw(self, **ticks: float) -> None:
        """Draw a frame: animations of the page, and of images, do not start without."""
        await self.page.session.call("HeadlessExperimental.beginFrame", **ticks)

    async def _has_ticked(self) -> bool:
        """Whether the last begin frame ran the callbacks; equal times run none twice."""
        before, self._state = self._state, await self._read_state()
        return self._state.ticks > before.ticks

    def _never_ticked(self) -> BrowserCrashedError:
        return BrowserCrashedError(
            f"Chromium ran no animation frame in {_MAX_TICK_TRIES} tries.", frame=self.frame
        )

    async def _read_state(self) -> PageState:
        state: dict[str, Any] = await self.page.evaluate("__framefleet.clocked.state()")
        all_states = [state]
        if self.documents.are_many:
            all_states += await self._in_documents("__framefleet.clocked.state()")
        return PageState(
            state["ticks"],
            any(one["needsCare"] for one in all_states),
            all(one["mayProbe"] for one in all_states),
        )

    async def _in_documents(self, expression: str) -> list[Any]:
        return await self.documents.evaluate(expression, timeout_s=self._scene.page.timeout_s)


def _scripts() -> tuple[str, ...]:
    epoch_ms = EPOCH_S * 1000
    random, date = script("random.js", SEED=""), script("date.js")
    in_workers = "\n".join((random, date, script("worker_clock.js", EPOCH_MS=epoch_ms)))
    return (
        random,
        date,
        script("clock.js", EPOCH_MS=epoch_ms),
        script("workers.js", WORKER_SCRIPTS=in_workers),
        script("blobs.js"),
        script("media.js", PLAYS_BY_ITSELF=True),
        script("refusals.js"),
        script("driver.js"),
    )
