"""Filming a composition of a Remotion site (spec/remotion-page-contract.md 4)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from framefleet.browser.camera import UNCHANGED, Camera, Shot
from framefleet.browser.page import Page
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.blobs import BLOB_SCHEME, blob_source
from framefleet.compositions.remotion_page import (
    cancelled,
    open_remotion_page,
    wait_until_ready,
)
from framefleet.compositions.remotion_sounds import read_artifacts, read_sounds
from framefleet.compositions.stage import FilmedFrame, Scene, Stage
from framefleet.errors import BrowserCrashedError, PageScriptError, PageTimeoutError

# After so many frames that were ready at once, the picture is again taken before asking.
FRAMES_TO_TRUST = 8
MAX_WAITS = 50
# A page that changes by itself all the time is filmed as it is.
MAX_LATE_PICTURES = 3
# Without it 7 of 96 pages lacked their video in the first picture, eight pages at a time on two
# cores; with it none of 116.
VIDEO_SETTLE_S = 0.1


@contextlib.asynccontextmanager
async def set_stage(browser: BrowserProcess, scene: Scene) -> AsyncIterator[Stage]:
    """Mount the composition of `scene` in a new tab."""
    async with open_remotion_page(browser, scene) as page:
        await page.call(
            "(mode, background) => { window.remotion_setBundleMode(mode);"
            " document.body.style.background = background; }",
            _bundle_mode(scene),
            "transparent" if scene.capture.is_transparent else "black",
        )
        try:
            state = await wait_until_ready(page, scene.page.timeout_s, frame=None)
        except PageScriptError as exc:
            raise await _reason(page, exc, scene.first_frame) from exc
        stage = RemotionStage(page, scene)
        stage.camera.may_probe = state["mayProbe"]
        yield stage


class RemotionStage:
    """Seeks by `remotion_setFrame`.

    The fast path is one round trip: a seek makes the page ready within one animation frame, so the
    frame that draws the picture also makes it ready (P2 of capture.md). Where the page turns out
    not to have been ready, or changed after the picture, the picture is taken again; a page that
    does this often is asked first.
    """

    def __init__(self, page: Page, scene: Scene) -> None:
        self._page = page
        self._scene = scene
        self._camera = Camera(page, scene.capture)
        self._trust = FRAMES_TO_TRUST
        self._picture: bytes | None = None
        self._blobs: dict[str, str] = {}

    @property
    def camera(self) -> Camera:
        """What photographs the page."""
        return self._camera

    async def film(self, frame: int) -> FilmedFrame:
        """Seek, photograph and collect what sounds."""
        return await self._at(frame, self._film)

    async def listen(self, frame: int) -> FilmedFrame:
        """Seek and collect what sounds; a thumbnail the page emits is dropped."""
        return await self._at(frame, self._listen)

    async def _at(
        self, frame: int, show: Callable[[int], Awaitable[tuple[Shot | None, dict[str, Any]]]]
    ) -> FilmedFrame:
        name = json.dumps(self._scene.composition.id)
        # The tries of the frame this page was opened for do not count against later ones.
        attempt = self._scene.attempt if frame == self._scene.first_frame else 1
        try:
            await self._page.evaluate(
                f"window.__framefleet.seek({frame}, {name}, {attempt})", await_promise=True
            )
            shot, state = await show(frame)
        except PageScriptError as exc:
            raise await _reason(self._page, exc, frame) from exc
        if isinstance(shot, bytes):
            self._picture = shot
        assets = state["assets"]
        await self._name_blobs(assets)
        return FilmedFrame(
            shot=shot,
            sounds=read_sounds(
                assets, frame=frame, fps=self._scene.composition.fps, site=self._scene.site
            ),
            artifacts=read_artifacts(
                assets,
                frame=frame,
                picture=None if shot is None else self._picture,
                runtime=state["runtime"],
            ),
        )

    async def _name_blobs(self, assets: list[dict[str, Any]]) -> None:
        for asset in assets:
            url = asset.get("src", "")
            if url.startswith(BLOB_SCHEME):
                if url not in self._blobs:
                    data = await self._page.call("__framefleet.readBlob", url)
                    self._blobs[url] = blob_source(url, data)
                asset["src"] = self._blobs[url]

    async def _film(self, frame: int) -> tuple[Shot, dict[str, Any]]:
        camera = self._camera
        shot: Shot | None = None
        if self._trust >= FRAMES_TO_TRUST and camera.may_probe:
            shot = await camera.shoot()
        else:
            await camera.tick()
        state = await self._collect(taken=shot is not None)
        if shot is not None and state["assets"] is not None and not state["hasNewVideo"]:
            return shot, state
        self._trust = self._trust + 1 if state["assets"] is not None else 0
        state = await self._settled(frame, state)
        # Only now is the page known to show the whole frame.
        if state["hasNewVideo"]:
            await self._settle()
            shot = None
        return await self._shoot(frame, again=shot is not None), state

    async def _listen(self, frame: int) -> tuple[None, dict[str, Any]]:
        await self._camera.tick()
        return None, await self._settled(frame, await self._collect(taken=False))

    async def _settled(self, frame: int, state: dict[str, Any]) -> dict[str, Any]:
        """Wait until the page is ready and tells what sounds, which it does once a frame."""
        for _ in range(MAX_WAITS):
            if state["assets"] is not None:
                return state
            await wait_until_ready(self._page, self._scene.page.timeout_s, frame=frame)
            await self._camera.tick()
            state = await self._collect(taken=False)
        raise PageTimeoutError(
            f"Frame {frame} never settled: each time it was ready, the composition called "
            "delayRender() again.",
            frame=frame,
        )

    async def _settle(self) -> None:
        """Draw until the surface of a new `<video>` has joined the page's. Nothing tells when."""
        camera = self._camera
        loop = asyncio.get_running_loop()
        until = loop.time() + VIDEO_SETTLE_S
        while loop.time() < until:
            await camera.draw()
            await asyncio.sleep(VIDEO_SETTLE_S / 10)
        for _ in range(MAX_WAITS):
            if await camera.shoot() is UNCHANGED:
                break
            await asyncio.sleep(VIDEO_SETTLE_S / 2)
        camera.forget()

    async def _shoot(self, frame: int, *, again: bool) -> Shot:
        """Photograph the page until a picture shows it drawn, ready and as it stays."""
        page, camera = self._page, self._camera
        for attempt in range(MAX_WAITS):
            await page.evaluate("window.__framefleet.expectFrame()")
            if not camera.may_probe:
                # A video's picture is a surface of its own, which may come one draw late.
                await camera.draw()
            shot = await (camera.retake() if again else camera.shoot())
            seen = await page.evaluate("window.__framefleet.check()", await_promise=True)
            if not (seen["ready"] and seen["fonts"]):
                await wait_until_ready(page, self._scene.page.timeout_s, frame=frame)
            elif seen["drawn"] and (not seen["late"] or attempt >= MAX_LATE_PICTURES):
                return shot
            again = True
        raise BrowserCrashedError(f"Chromium drew no frame of the page in {MAX_WAITS} tries.")

    async def _collect(self, *, taken: bool) -> dict[str, Any]:
        state: dict[str, Any] = await self._page.evaluate(
            f"window.__framefleet.collect({json.dumps(taken)})", await_promise=True
        )
        if state["cancelled"] is not None:
            raise cancelled(state["cancelled"])
        self._camera.may_probe = state["mayProbe"]
        return state


async def _reason(page: Page, error: PageScriptError, frame: int) -> Exception:
    """`cancelRender()` throws as well: tell the two apart, and name the frame."""
    stack = await page.peek("window.remotion_cancelledError ?? null")
    if isinstance(stack, str):
        return cancelled(stack)
    named = PageScriptError(f"At frame {frame}: {error}", frame=frame, **error.context)
    named.stack = error.stack
    return named


def _bundle_mode(scene: Scene) -> dict[str, Any]:
    composition = scene.composition
    fps = composition.fps
    return {
        "type": "composition",
        "compositionName": composition.id,
        "serializedResolvedPropsWithSchema": composition.props,
        "compositionDurationInFrames": composition.duration_in_frames,
        "compositionFps": int(fps) if fps.denominator == 1 else float(fps),
        "compositionHeight": composition.height,
        "compositionWidth": composition.width,
        "compositionDefaultCodec": composition.default_codec,
        "compositionDefaultOutName": composition.default_out_name,
        "compositionDefaultVideoImageFormat": composition.default_video_image_format,
        "compositionDefaultPixelFormat": composition.default_pixel_format,
        "compositionDefaultProResProfile": composition.default_prores_profile,
        "compositionDefaultSampleRate": composition.default_sample_rate,
    }
