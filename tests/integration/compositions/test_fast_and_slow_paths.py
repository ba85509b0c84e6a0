"""Pages are filmed in one round trip and by probes; patience gives the same pictures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from framefleet.browser.camera import UNCHANGED, Camera, Shot
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.opening import set_stage
from framefleet.compositions.site import open_site
from framefleet.compositions.stage import Scene, Stage
from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.output import CaptureOptions, ImageFormat
from framefleet.domain.plan import PageOptions

pytestmark = pytest.mark.anyio

PLAIN_PAGES = (
    "animated_images",
    "canvas",
    "css_keyframes",
    "css_transitions",
    "gsap",
    "lottie",
    "raf",
    "svg_smil",
    "timers",
    "video",
    "waapi",
    "workers",
)
HELD = """<!doctype html><body style="margin:0;background:#fff"><p id="p">still</p><script>
  window.framefleet = {
    compositions: [{id: 'held', width: 320, height: 180, fps: 30, durationInFrames: 90}],
    seek(frame) {
      const step = Math.floor(frame / 10);
      if (step === 4) p.textContent = 'said again each time';
      p.style.transform = `translateX(${step}px)`;
    },
  };
</script>"""


class PatientCamera(Camera):
    """Never probes, and gives the page time before each picture."""

    @property
    def may_probe(self):
        return False

    @may_probe.setter
    def may_probe(self, value):
        pass

    async def shoot(self, **ticks: float) -> Shot:
        if not ticks:  # on our clock a page is drawn once at a time
            for _ in range(3):
                await self.draw()
                await asyncio.sleep(0.005)
        return await super().shoot(**ticks)


@asynccontextmanager
async def stage_of(
    browser: BrowserProcess, page: Path, kind: CompositionKind
) -> AsyncIterator[Stage]:
    names = {"seek_css": "mixed", "stamped": "stamped"}
    async with open_site(SiteLocation.parse(str(page))) as site:
        scene = Scene(
            site=site,
            composition=Composition(
                id=names.get(page.stem, "held"),
                kind=kind,
                width=320,
                height=180,
                fps=Fraction(30),
                duration_in_frames=300,
            ),
            input_props="{}",
            capture=CaptureOptions(image_format=ImageFormat.PNG),
            page=PageOptions(timeout_s=10.0),
        )
        async with set_stage(browser, scene) as stage:
            yield stage


async def pictures(
    browser: BrowserProcess,
    page: Path,
    kind: CompositionKind,
    frames: Iterable[int],
    camera: type[Camera] = Camera,
) -> tuple[list[bytes], Camera]:
    found: list[bytes] = []
    async with stage_of(browser, page, kind) as stage:
        stage.camera.__class__ = camera
        for frame in frames:
            shot = (await stage.film(frame)).shot
            assert shot is not None
            found.append(found[-1] if shot is UNCHANGED else shot)
        return found, stage.camera


@pytest.mark.parametrize("name", PLAIN_PAGES)
async def test_a_page_on_our_clock(browser, page_folder, name):
    page = page_folder / f"{name}.html"
    fast, _ = await pictures(browser, page, CompositionKind.PAGE, range(25))
    slow, camera = await pictures(browser, page, CompositionKind.PAGE, range(25), PatientCamera)
    assert [a == b for a, b in zip(fast, slow, strict=True)] == [True] * 25
    assert camera.probes == 0


@pytest.mark.parametrize("name", ["stamped", "seek_css"])
async def test_a_framefleet_page(browser, page_folder, name):
    page = page_folder / f"{name}.html"
    fast, _ = await pictures(browser, page, CompositionKind.FRAMEFLEET, range(15, 40))
    slow, _ = await pictures(
        browser, page, CompositionKind.FRAMEFLEET, range(15, 40), PatientCamera
    )
    assert [a == b for a, b in zip(fast, slow, strict=True)] == [True] * 25
    assert len(set(fast)) > 10


async def test_a_framefleet_page_that_stands_still(browser, tmp_path):
    page = tmp_path / "held.html"
    page.write_text(HELD)
    fast, camera = await pictures(browser, page, CompositionKind.FRAMEFLEET, range(70))
    slow, _ = await pictures(browser, page, CompositionKind.FRAMEFLEET, range(70), PatientCamera)
    assert fast == slow
    assert len(set(fast)) == 7
    # Two pictures a step tell that it stands; one step says the same again each time.
    assert camera.screenshots <= 2 * 6 + 10
