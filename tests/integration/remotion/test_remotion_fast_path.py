"""The fast path of filming gives the pictures of the slow one, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from framefleet.browser.camera import UNCHANGED, Camera
from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.page import PageLog
from framefleet.browser.process import BrowserProcess
from framefleet.compositions import remotion
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.opening import Listing, select_composition
from framefleet.compositions.site import OpenSite, open_site
from framefleet.compositions.stage import Scene
from framefleet.domain.output import CaptureOptions
from framefleet.domain.overrides import Overrides
from framefleet.domain.plan import PageOptions

pytestmark = pytest.mark.anyio

NEVER = -(10**9)
SCALE = 0.5


class NeverProbingCamera(Camera):
    """Takes every picture, and so can say what a probe should have said."""

    @property
    def may_probe(self):
        return False

    @may_probe.setter
    def may_probe(self, value):
        pass


class CountingCamera(Camera):
    """Counts pictures that were taken a second time."""

    retakes = 0

    async def retake(self, **ticks: float):
        type(self).retakes += 1
        return await super().retake(**ticks)


class SlowCamera(Camera):
    """Hands over its pictures late, so that by then the page is ready for what they lack."""

    async def shoot(self, **ticks: float):
        shot = await super().shoot(**ticks)
        await asyncio.sleep(0.3)
        return shot


@pytest.fixture
async def browser() -> AsyncIterator[BrowserProcess]:
    process = await BrowserProcess.start(find_browser(), BrowserOptions())
    yield process
    await process.aclose()


@pytest.fixture
async def site(remotion_site: Path) -> AsyncIterator[OpenSite]:
    async with open_site(SiteLocation.parse(str(remotion_site))) as opened:
        yield opened


async def scene_of(browser: BrowserProcess, site: OpenSite, composition: str) -> Scene:
    logs: list[PageLog] = []
    listing = Listing(
        input_props="{}", page=PageOptions(), overrides=Overrides(), on_log=logs.append
    )
    return Scene(
        site=site,
        composition=await select_composition(browser, site, composition, listing),
        input_props="{}",
        capture=CaptureOptions(scale=SCALE),
        page=PageOptions(),
    )


async def pictures(
    browser: BrowserProcess,
    scene: Scene,
    frames: range,
    *,
    trust: int | None = None,
    camera: type[Camera] = Camera,
) -> tuple[list[bytes], Camera]:
    """The JPEG of each frame as it would be encoded, repeats filled in, and what took them."""
    found: list[bytes] = []
    async with remotion.set_stage(browser, replace(scene, first_frame=frames.start)) as stage:
        assert isinstance(stage, remotion.RemotionStage)
        stage.camera.__class__ = camera
        for frame in frames:
            if trust is not None:
                stage._trust = trust
            shot = (await stage.film(frame)).shot
            assert shot is not None
            found.append(found[-1] if shot is UNCHANGED else shot)
        return found, stage.camera


@pytest.mark.parametrize(
    ("composition", "frames"),
    [
        ("Hello", range(3, 15)),
        ("Stamped", range(10)),
        ("Clip", range(20, 32)),
        ("Holds", range(14, 28)),
        ("Delayed", range(6)),
        ("Suspended", range(4)),
        ("LottieTitle", range(10, 20)),
        ("Html5Clip", range(20, 26)),
    ],
)
async def test_the_fast_path_gives_the_pictures_of_the_slow_one(browser, site, composition, frames):
    scene = await scene_of(browser, site, composition)
    fast, _ = await pictures(browser, scene, frames)
    slow, _ = await pictures(browser, scene, frames, trust=NEVER)
    assert [a == b for a, b in zip(fast, slow, strict=True)] == [True] * len(frames)
    assert len(set(fast)) > 3


async def test_what_came_after_the_picture_is_not_taken_for_its_content(browser, site):
    """On a busy machine an image that was mounted when the frame was drawn was missing in it."""
    scene = await scene_of(browser, site, "LateCanvas")
    fast, _ = await pictures(
        browser, scene, range(1, 4), trust=remotion.FRAMES_TO_TRUST, camera=SlowCamera
    )
    slow, _ = await pictures(browser, scene, range(1, 4), trust=NEVER)
    assert fast == slow
    assert len(set(fast)) == 3


async def test_a_still_page_is_filmed_by_probes_alone_and_alike(browser, site):
    scene = await scene_of(browser, site, "Holds")
    frames = range(14, 40)
    probed, camera = await pictures(browser, scene, frames)
    taken, never = await pictures(browser, scene, frames, camera=NeverProbingCamera)
    assert probed == taken
    # It moves up to frame 20; one more picture tells that it stands.
    assert camera.probes >= len(frames) - 9
    assert (never.probes, never.screenshots) == (0, len(frames))


async def test_a_composition_that_is_ready_at_once_is_photographed_once(browser, site):
    scene = await scene_of(browser, site, "Stamped")
    CountingCamera.retakes = 0
    _, camera = await pictures(browser, scene, range(30), camera=CountingCamera)
    # The machine may be busy: a frame or two that React was late for are taken again.
    assert CountingCamera.retakes <= 3
    assert camera.screenshots <= 33
