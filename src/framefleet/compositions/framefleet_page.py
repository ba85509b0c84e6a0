"""Filming a framefleet page: `window.framefleet` says what it offers and paints each frame."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from framefleet.browser.camera import Camera, Shot
from framefleet.browser.page import BLACK, TRANSPARENT, Page, PageSetup
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.documents import Documents
from framefleet.compositions.framefleet_metadata import Job, list_compositions, names, select
from framefleet.compositions.page_media import PageMedia
from framefleet.compositions.stage import FilmedFrame, Scene
from framefleet.compositions.virtual_clock import EPOCH_S
from framefleet.domain.sound import FrameSounds
from framefleet.errors import PageScriptError, PageTimeoutError, SiteError, SiteUnreachableError
from framefleet.page_runtime.scripts import script

__all__ = ["FramefleetStage", "list_compositions", "names", "select", "set_stage"]

_POLL_S = 0.002


@contextlib.asynccontextmanager
async def set_stage(browser: BrowserProcess, scene: Scene) -> AsyncIterator[FramefleetStage]:
    """Load the page of `scene` in a new tab and choose the composition.

    Raises:
        SiteError: the page offers no `window.framefleet`.
    """
    setup = PageSetup(
        width=scene.composition.width,
        height=scene.composition.height,
        scale=scene.capture.scale,
        background=TRANSPARENT if scene.capture.is_transparent else BLACK,
        scripts=_scripts(),
        on_log=scene.on_log,
    )
    async with Page.open(browser, setup) as page:
        stage = FramefleetStage(page, scene)
        await stage.load()
        yield stage


class FramefleetStage:
    """Seeks by `window.framefleet.seek`, in any order.

    The frame that draws the picture also runs the animation frame callbacks a seek asked for
    (P2 of capture.md); fonts and images are looked at after it, and where one was missing the
    picture is taken again.
    """

    def __init__(self, page: Page, scene: Scene) -> None:
        self._page = page
        self._scene = scene
        self._camera = Camera(page, scene.capture)
        self._job = Job(page, self._camera, scene.page.timeout_s)
        self._media = PageMedia(Documents(page), scene)
        self._frame = -1
        self._has_motion = False

    @property
    def camera(self) -> Camera:
        """What photographs the page."""
        return self._camera

    async def load(self) -> None:
        """Load the page and hand it its composition and props."""
        url, timeout_s = self._scene.site.url, self._scene.page.timeout_s
        status = await self._page.navigate(url, timeout_s=timeout_s)
        if status >= 400:
            raise SiteUnreachableError(f"{url} answers with HTTP status {status}.", url=url)
        if not await self._page.evaluate("Boolean(window.framefleet?.seek)"):
            raise SiteError(
                f"{url} is not a framefleet page: window.framefleet.seek is not there once the "
                "page has loaded.",
                url=url,
            )
        composition = self._scene.composition.to_dict()
        known = ("id", "width", "height", "fps", "durationInFrames", "defaultProps")
        given = {name: composition[name] for name in known}
        await self._page.call("__framefleet.page.show", given, composition["props"])

    async def film(self, frame: int) -> FilmedFrame:
        """Seek, photograph and collect what sounds."""
        return await self._at(frame, self._shoot)

    async def listen(self, frame: int) -> FilmedFrame:
        """Seek and collect what sounds."""
        return await self._at(frame, self._tick)

    async def _at(self, frame: int, show: Callable[[int], Awaitable[Shot | None]]) -> FilmedFrame:
        try:
            return await self._seek(frame, show)
        except PageScriptError as exc:
            if "frame" in exc.context:
                raise
            named = PageScriptError(f"At frame {frame}: {exc}", frame=frame, **exc.context)
            named.stack = exc.stack
            raise named from exc

    async def _seek(self, frame: int, show: Callable[[int], Awaitable[Shot | None]]) -> FilmedFrame:
        time_s = float(frame / self._scene.composition.fps)
        if self._has_motion and frame < self._frame:
            # Chromium keeps the resolution it drew a scaled layer at: going back shows it.
            await self.load()
        self._frame = frame
        seconds = json.dumps({"seconds": time_s})
        sought = await self._job.run(
            f"__framefleet.page.seek({frame}, {seconds})", f"seek({frame})", frame=frame
        )
        state = sought.get("arranged") or await self._arrange(time_s)
        if state["hasMedia"]:
            await self._wait_for_media(time_s, frame)
        self._has_motion = state["hasMotion"]
        self._camera.may_probe = state["mayProbe"]
        shot = await show(frame)
        sounds = await self._media.sounds(frame) if state["hasMedia"] else FrameSounds(frame=frame)
        return FilmedFrame(shot=shot, sounds=sounds)

    async def _shoot(self, frame: int) -> Shot:
        shot = await self._camera.shoot()
        deadline = self._deadline()
        while (lacked := await self._page.evaluate("__framefleet.page.lacked()")) != []:
            self._check(deadline, frame, lacked or ["an animation frame"])
            while missing := await self._page.evaluate("__framefleet.page.missing()"):
                self._check(deadline, frame, missing)
                await self._camera.tick()
                await asyncio.sleep(_POLL_S)
            await self._page.evaluate("__framefleet.page.expectFrame()")
            shot = await self._camera.retake()
        return shot

    async def _tick(self, _: int) -> None:
        """A seek may leave work to the animation frame that would have been drawn."""
        await self._camera.tick()

    async def _wait_for_media(self, time_s: float, frame: int) -> None:
        await self._media.measure_rates()
        deadline = self._deadline()
        while (await self._arrange(time_s))["waiting"]:
            self._check(deadline, frame, ["a video or its seek", *self._page.pending_urls])
            await asyncio.sleep(_POLL_S)

    async def _arrange(self, time_s: float) -> dict[str, Any]:
        state: dict[str, Any] = await self._page.evaluate(
            f"__framefleet.page.arrange({json.dumps(time_s)})"
        )
        return state

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._scene.page.timeout_s

    def _check(self, deadline: float, frame: int, missing: list[str]) -> None:
        if asyncio.get_running_loop().time() > deadline:
            raise PageTimeoutError(
                f"Frame {frame} was not complete within {self._scene.page.timeout_s:g} s: it still "
                f"waits for {', '.join(missing)}.",
                frame=frame,
                pending=missing,
            )


def _scripts() -> tuple[str, ...]:
    return (
        script("random.js", SEED=""),
        script("date.js"),
        script("frozen_time.js", EPOCH_MS=EPOCH_S * 1000),
        script("animations.js"),
        script("blobs.js"),
        script("media.js", PLAYS_BY_ITSELF=False),
        script("framefleet_page.js"),
    )
