"""Filming any animated page: it runs on a clock that only we advance (any-page-clock.md)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from framefleet.browser.camera import Camera
from framefleet.browser.executable import INSTALL_HINT
from framefleet.browser.page import Page
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.clocked_page import ClockedPage
from framefleet.compositions.stage import FilmedFrame, Scene
from framefleet.domain.sound import FrameSounds
from framefleet.errors import BrowserNotFoundError


@contextlib.asynccontextmanager
async def set_stage(browser: BrowserProcess, scene: Scene) -> AsyncIterator[AnyPageStage]:
    """Load the page of `scene` in a new tab and stop it at frame 0.

    Raises:
        BrowserNotFoundError: this browser cannot be stepped frame by frame.
        PageRetryError: the page took longer to load than `scene.zero_s` allows.
    """
    if not browser.has_frame_control:
        raise BrowserNotFoundError(
            f"{browser.executable.path} cannot film this page: only chromium-headless-shell can "
            f"step a page that keeps its own time. {INSTALL_HINT}"
        )
    async with contextlib.AsyncExitStack() as tabs:
        stage = AnyPageStage(browser, scene, tabs)
        await stage.rewind()
        yield stage


async def measure_zero(browser: BrowserProcess, scene: Scene) -> float:
    """The page time of frame 0, in seconds, that every worker is to use."""
    async with set_stage(browser, scene) as stage:
        return stage.zero_s


class AnyPageStage:
    """Steps through every frame up to the one wanted: a page's state is all that came before.

    Going back loads the page anew.
    """

    def __init__(
        self, browser: BrowserProcess, scene: Scene, tabs: contextlib.AsyncExitStack
    ) -> None:
        self._browser = browser
        self._scene = scene
        self._tabs = tabs
        self._page: ClockedPage | None = None

    @property
    def camera(self) -> Camera:
        """What photographs the page."""
        return self._clocked.camera

    @property
    def zero_s(self) -> float:
        """The page time of frame 0."""
        return self._clocked.zero_us / 1e6

    @property
    def page(self) -> Page:
        """The tab it runs in; a step back opens another."""
        return self._clocked.page

    async def rewind(self) -> None:
        """Begin again at frame 0, in a new tab."""
        zero_s = self._scene.zero_s if self._page is None else self.zero_s
        await self._tabs.aclose()
        self._page = await self._tabs.enter_async_context(
            ClockedPage.open(
                self._browser, self._scene, None if zero_s is None else round(zero_s * 1e6)
            )
        )

    async def film(self, frame: int) -> FilmedFrame:
        """Step to `frame`, photograph it and collect what sounds."""
        page = await self._before(frame)
        return FilmedFrame(shot=await page.shoot(frame), sounds=await self._sounds(frame))

    async def listen(self, frame: int) -> FilmedFrame:
        """Step to `frame` and collect what sounds."""
        page = await self._before(frame)
        await page.skip(frame)
        return FilmedFrame(shot=None, sounds=await self._sounds(frame))

    async def _before(self, frame: int) -> ClockedPage:
        """The page, at the frame before `frame`."""
        if frame <= self._clocked.frame:
            await self.rewind()
        page = self._clocked
        while page.frame < frame - 1:
            await page.skip(page.frame + 1)
        return page

    async def _sounds(self, frame: int) -> FrameSounds:
        page = self._clocked
        return await page.media.sounds(frame) if page.needs_care else FrameSounds(frame=frame)

    @property
    def _clocked(self) -> ClockedPage:
        if self._page is None:
            raise RuntimeError("the stage is not set")
        return self._page
