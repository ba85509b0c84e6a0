"""Where a worker films: one site, one browser at a time, one stage kept from chunk to chunk."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Self

from framefleet.browser.page import PageLog
from framefleet.browser.supervisor import BrowserSupervisor
from framefleet.compositions.opening import set_stage
from framefleet.compositions.site import OpenSite
from framefleet.compositions.source_maps import SourceMaps, log_event
from framefleet.compositions.stage import FilmedFrame, Scene, Stage
from framefleet.domain.events import Log
from framefleet.domain.output import ImageFormat
from framefleet.domain.plan import Plan
from framefleet.domain.sound import FrameSounds
from framefleet.domain.timing import FrameRange
from framefleet.errors import PageRetryError, PageScriptError, PageTimeoutError

logger = logging.getLogger(__name__)

# `delayRender(label, {retries})` promises a number of tries; a handle opened while mounting would
# be retried for ever (spec/remotion-page-contract.md 4.6).
MAX_PAGE_ATTEMPTS = 6


class Studio:
    """Films frames of one plan's composition. Leaving its context closes page and browser."""

    def __init__(
        self,
        plan: Plan,
        site: OpenSite,
        supervisor: BrowserSupervisor,
        *,
        on_log: Callable[[Log], None] = lambda log: None,
    ) -> None:
        self._plan = plan
        self._site = site
        self._supervisor = supervisor
        self._on_log = on_log
        self._maps = SourceMaps(site)
        self._set = AsyncExitStack()
        self._stage: Stage | None = None
        self._shown = -1
        self._is_filming = plan.capture.image_format is not ImageFormat.NONE

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self._strike(error)

    async def film(self, frames: FrameRange) -> AsyncIterator[FilmedFrame]:
        """Film `frames` in order; the first is always a whole picture.

        Where the plan's image format is none, frames are listened to: `shot` is None. So it is for
        the frames that a step leaves out while the page makes sound of its own, which is not to be
        had otherwise; they come with nothing else.

        Raises:
            PageError: the page failed, after the tries it asked for.
            BrowserCrashedError: the browser did; the next call starts another.
        """
        if self._shown == frames.start:
            # Remotion registers nothing for a frame that is shown already.
            await self._strike()
        if self._stage is not None:
            self._stage.camera.forget()
        for frame in frames:
            filmed = await self._show(frame, is_filmed=self._is_filming)
            yield filmed
            if filmed.sounds.inline:
                end = min(frame + frames.step, self._plan.composition.duration_in_frames)
                for skipped in range(frame + 1, end):
                    heard = await self._show(skipped, is_filmed=False)
                    yield FilmedFrame(
                        shot=None,
                        sounds=FrameSounds(frame=skipped, inline=heard.sounds.inline),
                    )

    async def _show(self, frame: int, *, is_filmed: bool) -> FilmedFrame:
        for attempt in range(1, MAX_PAGE_ATTEMPTS + 1):
            try:
                stage = self._stage or await self._set_up(frame, attempt)
                self._shown = frame
                return await (stage.film(frame) if is_filmed else stage.listen(frame))
            except PageRetryError as exc:
                await self._strike()
                if attempt == MAX_PAGE_ATTEMPTS:
                    raise PageTimeoutError(
                        f"Frame {frame} was tried {attempt} times. {exc}", frame=frame
                    ) from exc
                logger.info("page_retry", extra={"frame": frame, "attempt": attempt})
                # The new page's first picture follows that of the old one: never *unchanged*.
            except PageScriptError as exc:
                await self._strike(exc)
                raise await self._maps.explain(exc) from exc
            except BaseException as exc:
                await self._strike(exc)
                raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _set_up(self, frame: int, attempt: int) -> Stage:
        plan = self._plan
        scene = Scene(
            site=self._site,
            composition=plan.composition,
            input_props=plan.input_props,
            capture=plan.capture,
            page=plan.page,
            muted=plan.audio.muted,
            sample_rate=plan.audio.sample_rate,
            first_frame=frame,
            attempt=attempt,
            zero_s=plan.zero_s,
            on_log=self._log,
        )
        try:
            browser = await self._set.enter_async_context(self._supervisor.lease())
            self._stage = await self._set.enter_async_context(set_stage(browser, scene))
        except BaseException as exc:
            await self._strike(exc)
            raise
        return self._stage

    def _log(self, log: PageLog) -> None:
        self._on_log(log_event(log, self._maps))

    async def _strike(self, error: BaseException | None = None) -> None:
        """Take the stage down. After an error the browser under it is ended, else given back."""
        self._stage, self._shown = None, -1
        stack, self._set = self._set, AsyncExitStack()
        try:
            await stack.__aexit__(type(error) if error else None, error, None)
        except BaseException as exc:
            if exc is not error:
                raise
