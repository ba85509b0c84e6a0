"""Frames of one page: step them, photograph them, notice when nothing changed."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any, Final

import msgspec
import pybase64

from framefleet.browser.page import Page
from framefleet.domain.output import CaptureOptions, ImageFormat
from framefleet.errors import BrowserCrashedError

# The first screenshots after a load come back empty (capture.md 3): more than a few is a fault.
MAX_EMPTY_SCREENSHOTS = 100
# A PDF measures in CSS pixels of this many an inch.
CSS_PIXELS_PER_INCH = 96
# How long a page without begin-frame control is left to draw by itself.
FREE_RUNNING_TICK_S = 0.004


class Unchanged(Enum):
    """The page shows what it showed in the frame before."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED
Shot = bytes | Unchanged


class _Frame(msgspec.Struct, rename="camel"):
    has_damage: bool = True
    screenshot_data: msgspec.Raw = msgspec.Raw()


class _Picture(msgspec.Struct):
    data: msgspec.Raw


class Camera:
    """Photographs one page.

    With begin-frame control a frame is drawn when `shoot` asks for it, and repeated frames cost a
    probe. Without it Chromium draws by itself and each picture is an ordinary screenshot.

    Args:
        may_probe: whether Chromium's damage flag can be trusted on this page: not where it holds a
            `<video>` or an opaque iframe (capture.md 3). It can be set at any time.
    """

    def __init__(self, page: Page, options: CaptureOptions) -> None:
        self._page = page
        self._options = options
        self._last: bytes | None = None
        self._before: bytes | None = None
        self._probing = False
        self.may_probe = True
        self.probes = 0
        self.screenshots = 0

    @property
    def has_frame_control(self) -> bool:
        """Whether frames are drawn only when asked for."""
        return self._page.browser.has_frame_control

    def send_tick(self, **ticks: float) -> asyncio.Future[msgspec.Raw]:
        """Run the page's animation frame callbacks without drawing."""
        return self._page.session.send(
            "HeadlessExperimental.beginFrame", noDisplayUpdates=True, **ticks
        )

    async def tick(self, **ticks: float) -> None:
        """Run the page's animation frame callbacks once, without drawing."""
        if self.has_frame_control:
            await self._frame(self.send_tick(**ticks))
        else:
            await asyncio.sleep(FREE_RUNNING_TICK_S)

    async def draw(self, **ticks: float) -> None:
        """Draw one frame without a picture, so that surfaces of their own, as videos', catch up."""
        if self.has_frame_control:
            await self._draw(**ticks)
        else:
            await asyncio.sleep(FREE_RUNNING_TICK_S)

    async def shoot(self, **ticks: float) -> Shot:
        """Draw one frame and photograph it, or find that it is the same as the last one.

        A PDF is never the same.
        """
        self._before = self._last
        if self._options.image_format is ImageFormat.PDF:
            await self.draw(**ticks)
            return await self._print()
        if not self.has_frame_control:
            return self._compare(await self._screenshot())
        if self._probing and self.may_probe and not (await self._draw(**ticks)).has_damage:
            self.probes += 1
            return UNCHANGED
        shot = self._compare(await self._photograph(**ticks))
        self._probing = shot is UNCHANGED and self.may_probe
        if self._probing:
            # The screenshot leaves damage behind. Clear it now: the next frame's own change
            # must not be taken for it.
            await self._draw(**ticks)
        return shot

    async def retake(self, **ticks: float) -> Shot:
        """Drop the last picture and take it again, as if it had never been taken."""
        self._last, self._probing = self._before, False
        return await self.shoot(**ticks)

    def forget(self) -> None:
        """Take the next picture whatever it shows."""
        self._last, self._probing = None, False

    def _compare(self, data: bytes) -> Shot:
        if data == self._last:
            return UNCHANGED
        self._last = data
        return data

    async def _draw(self, **ticks: float) -> _Frame:
        return await self._frame(
            self._page.session.send("HeadlessExperimental.beginFrame", **ticks)
        )

    async def _photograph(self, **ticks: float) -> bytes:
        for _ in range(MAX_EMPTY_SCREENSHOTS):
            frame = await self._frame(
                self._page.session.send(
                    "HeadlessExperimental.beginFrame", screenshot=self._format(), **ticks
                )
            )
            if frame.screenshot_data:
                self.screenshots += 1
                return _decode(frame.screenshot_data)
        raise BrowserCrashedError(
            f"Chromium gave no picture in {MAX_EMPTY_SCREENSHOTS} tries. "
            "It may have run out of memory: lower --concurrency."
        )

    async def _screenshot(self) -> bytes:
        answer = self._page.session.send(
            "Page.captureScreenshot",
            captureBeyondViewport=False,
            fromSurface=True,
            **self._format(),
        )
        shot = await self._page.session.result(answer, _Picture, "Page.captureScreenshot")
        self.screenshots += 1
        return _decode(shot.data)

    async def _print(self) -> bytes:
        """The page as a PDF of one sheet, which has the composition's size at any scale."""
        setup = self._page.setup
        answer = self._page.session.send(
            "Page.printToPDF",
            paperWidth=setup.width / CSS_PIXELS_PER_INCH,
            paperHeight=setup.height / CSS_PIXELS_PER_INCH,
            marginTop=0,
            marginBottom=0,
            marginLeft=0,
            marginRight=0,
            printBackground=True,
            pageRanges="1",
        )
        return _decode((await self._page.session.result(answer, _Picture, "Page.printToPDF")).data)

    async def _frame(self, answer: asyncio.Future[msgspec.Raw]) -> _Frame:
        return await self._page.session.result(answer, _Frame, "HeadlessExperimental.beginFrame")

    def _format(self) -> dict[str, Any]:
        form: dict[str, Any] = {
            "format": self._options.image_format.value,
            "optimizeForSpeed": True,
        }
        if self._options.image_format is ImageFormat.JPEG:
            form["quality"] = self._options.jpeg_quality
        return form


def _decode(text: msgspec.Raw) -> bytes:
    return pybase64.b64decode(memoryview(text)[1:-1], validate=False)
