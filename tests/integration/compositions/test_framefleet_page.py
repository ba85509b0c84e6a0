"""framefleet pages: what they offer, and seeking them in any order."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framefleet.browser.camera import Camera
from framefleet.browser.page import Page, PageSetup
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.framefleet_page import (
    FramefleetStage,
    list_compositions,
    select,
    set_stage,
)
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.site import open_site
from framefleet.compositions.stage import Scene
from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.output import CaptureOptions, ImageFormat
from framefleet.domain.plan import PageOptions
from framefleet.errors import (
    CompositionError,
    CompositionNotFoundError,
    PageScriptError,
    PageTimeoutError,
)
from tests.services.serving import serving

pytestmark = pytest.mark.anyio

PLAIN = Composition(
    id="plain",
    kind=CompositionKind.FRAMEFLEET,
    width=320,
    height=240,
    fps=Fraction(30),
    duration_in_frames=60,
)


@contextlib.asynccontextmanager
async def loaded(browser: BrowserProcess, page: Path) -> AsyncIterator[Page]:
    async with (
        open_site(SiteLocation.parse(str(page))) as site,
        Page.open(browser, PageSetup(width=320, height=180)) as tab,
    ):
        await tab.navigate(site.url, timeout_s=5)
        yield tab


@contextlib.asynccontextmanager
async def stage_of(
    browser: BrowserProcess,
    page: Path,
    composition: Composition = PLAIN,
    *,
    image_format: ImageFormat = ImageFormat.PNG,
) -> AsyncIterator[FramefleetStage]:
    async with open_site(SiteLocation.parse(str(page))) as site:
        scene = Scene(
            site=site,
            composition=composition,
            input_props="{}",
            capture=CaptureOptions(image_format=image_format, jpeg_quality=100),
            page=PageOptions(timeout_s=1.0),
        )
        async with set_stage(browser, scene) as stage:
            yield stage


def page_with(seek: str, body: str = "", **more: str) -> str:
    others = "".join(f"{name}: {text}," for name, text in more.items())
    entry = "{id: 'plain', width: 320, height: 240, fps: 30, durationInFrames: 60}"
    more_entries = f"compositions: [{entry}]," if "compositions" not in more else ""
    return f"{body}<script>window.framefleet = {{{more_entries}{others} seek: {seek}}}</script>"


def row(picture: bytes, y: int) -> np.ndarray:
    picture_rows = np.array(Image.open(io.BytesIO(picture)).convert("L"))
    return np.asarray(picture_rows[y])


def dark(picture: bytes, y: int) -> int:
    return int((row(picture, y) < 128).sum())


def read_stamp(picture: bytes, y: int = 10) -> int:
    return sum(int(row(picture, y)[bit * 20 + 10] > 128) << bit for bit in range(16))


async def film(stage: FramefleetStage, frame: int) -> bytes:
    shot = (await stage.film(frame)).shot
    assert isinstance(shot, bytes)
    return shot


async def test_compositions_are_listed_and_resolved(browser, page_folder):
    async with loaded(browser, page_folder / "stamped.html") as page:
        [plain] = await list_compositions(page, input_props="{}", timeout_s=5)
        changed = await select(
            page, "stamped", '{"durationInFrames": 12, "fps": 29.97, "width": 700}', 5
        )
        with pytest.raises(CompositionNotFoundError, match="Available compositions: stamped"):
            await select(page, "other", "{}", 5)
    assert (plain.width, plain.height, plain.duration_in_frames) == (640, 360, 90)
    assert plain.fps == 30
    assert plain.props == plain.default_props == '{"color":"#36c"}'
    assert (changed.width, changed.fps) == (700, Fraction("29.97"))
    assert changed.duration_in_frames == 12
    assert json.loads(changed.props)["color"] == "#36c"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"compositions": "5"}, "must be an array"),
        ({"compositions": "[{width: 1}]"}, '"id" of composition number 0'),
        ({"compositions": "[{id: 'a'}, {id: 'a'}]"}, 'Two compositions have the id "a"'),
        ({"compositions": "[{id: 'a'}]"}, '"width" of composition "a" must be a whole number'),
        (
            {"compositions": "[{id: 'a', width: 2, height: 2, fps: 0, durationInFrames: 1}]"},
            '"fps" of composition "a" must be a finite number above 0',
        ),
        ({"calculateMetadata": "() => ({durationInFrames: 1.5})"}, '"durationInFrames"'),
        ({"calculateMetadata": "async () => { throw new Error('no rows') }"}, "no rows"),
        ({"calculateMetadata": "() => 5"}, "What calculateMetadata returns must be an object"),
    ],
)
async def test_what_cannot_be_rendered_is_explained(browser, page_of, more, message):
    async with loaded(browser, page_of(page_with("() => {}", **more))) as page:
        with pytest.raises(CompositionError, match=message):
            await list_compositions(page, input_props="{}", timeout_s=5)


async def test_metadata_that_never_comes_is_a_timeout(browser, page_of):
    html = page_with("() => {}", calculateMetadata="() => new Promise(() => {})")
    async with loaded(browser, page_of(html)) as page:
        with pytest.raises(PageTimeoutError, match="calculateMetadata"):
            await list_compositions(page, input_props="{}", timeout_s=0.2)


async def test_frames_carry_their_number_in_any_order(browser, page_folder):
    async with loaded(browser, page_folder / "stamped.html") as page:
        composition = await select(page, "stamped", "{}", 5)
    pictures: dict[int, set[bytes]] = {}
    for order in ((0, 1, 2, 3, 40, 89), (89, 3, 40, 2, 0, 1)) * 5:
        async with stage_of(browser, page_folder / "stamped.html", composition) as stage:
            for frame in order:
                shot = await film(stage, frame)
                assert read_stamp(shot) == frame
                pictures.setdefault(frame, set()).add(shot)
    assert {frame: len(found) for frame, found in pictures.items()} == dict.fromkeys(pictures, 1)


async def test_declared_motion_follows_the_frame(browser, page_folder):
    pictures: dict[int, set[bytes]] = {}
    for order in ((1, 9, 20, 45), (45, 20, 9, 1), (20,)):
        async with stage_of(browser, page_folder / "seek_css.html") as stage:
            for frame in order:
                pictures.setdefault(frame, set()).add(await film(stage, frame))
    assert {frame: len(found) for frame, found in pictures.items()} == dict.fromkeys(pictures, 1)
    found = {frame: next(iter(shots)) for frame, shots in pictures.items()}
    # The bar of CSS, the one with data-start 0.5, the transition, the SVG bar, the video's number.
    assert [dark(found[9], y) for y in (10, 30, 50)] == [30, 0, 30]
    assert [dark(found[45], y) for y in (10, 30, 50, 70)] == [150, 100, 100, 150]
    assert read_stamp(found[9], 80) == 5
    assert read_stamp(found[20], 120) == int(25 * (0.2 + 20 / 30 - 0.5))


async def test_media_sounds_by_its_attributes(browser, page_folder):
    async with stage_of(browser, page_folder / "seek_css.html") as stage:
        sounds = {frame: (await stage.film(frame)).sounds.sounds for frame in (14, 44, 15, 45)}
    assert sounds[14] == sounds[45] == ()
    assert [sounds[frame][0].media_time_s for frame in (15, 44)] == pytest.approx(
        [0.2, 0.2 + 44 / 30 - 0.5]
    )
    assert sounds[15][0].id == sounds[44][0].id
    assert sounds[15][0].media_end_s == pytest.approx(1.2)


async def test_an_image_set_without_waiting_is_there(browser, page_of):
    seek = """(frame) => {
      const svg = `<svg xmlns='http://www.w3.org/2000/svg' width='320' height='240'>` +
        `<rect width='${frame * 10}' height='240'/></svg>`;
      document.querySelector('img').src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
    }"""
    page = page_of(page_with(seek, "<body style='margin:0;background:white'><img>"))
    async with stage_of(browser, page) as stage:
        for frame in (1, 5, 2, 30, 3):
            assert dark(await film(stage, frame), 100) == frame * 10


@pytest.fixture
def slow_image() -> Iterator[str]:
    """The address of an image that takes 0.2 s, and shows the number of its query as a width."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(0.2)
            svg = "<svg xmlns='http://www.w3.org/2000/svg' width='320' height='240'>"
            svg += f"<rect width='{self.path.partition('?')[2]}' height='240'/></svg>"
            self.send_response(200)
            self.send_header("Content-Type", "image/svg+xml")
            self.end_headers()
            self.wfile.write(svg.encode())

        def log_message(self, *args: object) -> None: ...

    with serving(Handler) as url:
        yield f"{url}/"


async def test_an_image_that_comes_after_the_picture_is_missed(browser, page_of, slow_image):
    """When the page is asked the image is there, but it was not when the frame was drawn."""
    seek = f"(frame) => {{ document.querySelector('img').src = '{slow_image}?' + frame * 10; }}"
    page = page_of(page_with(seek, "<body style='margin:0;background:white'><img>"))

    class SlowCamera(Camera):
        async def shoot(self, **ticks: float):
            shot = await super().shoot(**ticks)
            await asyncio.sleep(0.4)
            return shot

    async with stage_of(browser, page) as stage:
        stage.camera.__class__ = SlowCamera
        for frame in (1, 5):
            assert dark(await film(stage, frame), 100) == frame * 10


async def test_the_clock_stands_at_the_frame(browser, page_of):
    seek = """(frame) => {
      document.body.textContent =
        [Date.now(), performance.now(), Math.random(), crypto.randomUUID()].join(' ');
      if (Math.abs(performance.now() - frame * 1000 / 30) > 1e-9) throw new Error('performance');
      if (Date.now() % 100000 !== Math.round(frame * 1000 / 30)) throw new Error('Date');
    }"""
    page = page_of(page_with(seek))
    pictures = []
    for order in ((0, 3, 30), (30, 3)):
        async with stage_of(browser, page) as stage:
            pictures.append([await film(stage, frame) for frame in order])
    assert pictures[0][1:] == pictures[1][::-1]
    assert pictures[0][0] != pictures[0][1]


@pytest.mark.parametrize(
    ("seek", "error", "message"),
    [
        ("(frame) => { if (frame === 7) throw new Error('bad row') }", PageScriptError, "bad row"),
        ("async (frame) => { if (frame === 7) throw 'odd' }", PageScriptError, "odd"),
        (
            "(frame) => { if (frame === 7) setTimeout(() => { throw new Error('late') }) }",
            PageScriptError,
            "late",
        ),
        ("(frame) => frame === 7 && new Promise(() => {})", PageTimeoutError, r"seek\(7\)"),
    ],
)
async def test_a_failing_seek_names_its_frame(browser, page_of, seek, error, message):
    async with stage_of(browser, page_of(page_with(seek))) as stage:
        await stage.film(6)
        with pytest.raises(error, match=message) as caught:  # noqa: PT012 (late ones come late)
            for frame in (7, 8, 9):
                await stage.film(frame)
    assert caught.value.context["frame"] in (7, 8)


async def test_what_the_page_leaves_bare(browser, page_of):
    page = page_of(page_with("() => {}"))
    async with stage_of(browser, page, image_format=ImageFormat.JPEG) as stage:
        assert row(await film(stage, 0), 5).max() == 0
    async with stage_of(browser, page) as stage:
        alpha = Image.open(io.BytesIO(await film(stage, 0))).convert("RGBA").getchannel("A")
        assert alpha.getextrema() == (0, 0)


async def test_repeated_frames_are_unchanged(browser, page_of):
    page = page_of(page_with("(frame) => { document.body.textContent = frame >> 3 }"))
    async with stage_of(browser, page, replace(PLAIN, duration_in_frames=24)) as stage:
        shots = [(await stage.film(frame)).shot for frame in range(24)]
    assert [n for n, shot in enumerate(shots) if isinstance(shot, bytes)] == [0, 8, 16]
