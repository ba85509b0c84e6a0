"""Every kind of page in every image format, at any scale, with and without frame control."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from framefleet.domain.composition import CompositionKind
from framefleet.domain.output import AudioOptions, CaptureOptions, ImageFormat
from framefleet.domain.timing import FrameRange
from framefleet.rendering.still import render_still

pytestmark = pytest.mark.anyio

# The site's own content hidden: what is left is bare but for a box of half a red.
HALF_RED = """
<style>
  #video-container { visibility: hidden }
  #half { position: fixed; left: 40px; top: 20px; width: 100px; height: 50px; z-index: 9;
          background: rgba(255, 0, 0, 0.5) }
</style>
<div id=half></div>
"""
INSIDE, OUTSIDE = (90, 45), (300, 150)
# Its box is a pixel wider with each frame.
GROWING = """
<style>body { background: white } #box { width: 0; height: 20px; background: blue }</style>
<div id=box></div>
<script>
  window.show = (frame) => { box.style.width = `${frame}px` };
  if (PLAYS) requestAnimationFrame((start) => {
    const from = (ms) => { show(Math.round((ms - start) * 0.03)); requestAnimationFrame(from) };
    from(start);
  });
</script>
"""
WITHOUT_FRAME_CONTROL = (CompositionKind.REMOTION, CompositionKind.FRAMEFLEET)
POINTS_A_PIXEL = 72 / 96
# Chromium prints at 300 dots an inch and rounds a sheet up to whole dots.
DOT = 72 / 300


def pixels(picture: bytes, scale: float, *places: tuple[int, int]) -> list[tuple[int, ...]]:
    """The colours, RGBA with straight alpha, at places given in CSS pixels."""
    image = np.asarray(Image.open(io.BytesIO(picture)).convert("RGBA")).astype(int)
    return [tuple(image[round(y * scale), round(x * scale)].tolist()) for x, y in places]


def capture(name: str, scale: float = 1, **more) -> CaptureOptions:
    return CaptureOptions(image_format=ImageFormat(name), scale=scale, **more)


class Pdf:
    """What a PDF says of itself and draws."""

    def __init__(self, data: bytes) -> None:
        assert data.startswith(b"%PDF-")
        assert data.rstrip().endswith(b"%%EOF")
        self.pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", data))
        [box] = re.findall(rb"/MediaBox\s*\[([^\]]*)\]", data)
        self.box = tuple(map(float, box.split()))
        streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
        self.drawn = b"\n".join(self._unpacked(stream) for stream in streams).decode("latin-1")

    @staticmethod
    def _unpacked(stream: bytes) -> bytes:
        try:
            return zlib.decompress(stream)
        except zlib.error:
            return b""


@pytest.mark.parametrize("scale", [0.5, 1, 1.5])
@pytest.mark.parametrize(("name", "magic"), [("png", b"\x89PNG"), ("webp", b"RIFF")])
async def test_what_is_bare_is_transparent(kind, site_of, studio_of, name, magic, scale):
    # checklist 71, 72
    site = site_of(kind, HALF_RED)
    async with studio_of(site, site.plan(capture=capture(name, scale))) as studio:
        picture = (await render_still(site.plan(), 3, studio)).picture
    assert picture.startswith(magic)
    assert Image.open(io.BytesIO(picture)).size == (320 * scale, 180 * scale)
    inside, outside = pixels(picture, scale, INSIDE, OUTSIDE)
    assert outside[3] == 0
    assert inside == pytest.approx((255, 0, 0, 128), abs=1 if name == "png" else 4)


async def test_what_is_bare_is_opaque_under_a_jpeg(kind, site_of, studio_of):
    # checklist 71; a page that knows nothing of us looks as it does in a browser
    bare = (255, 255, 255) if kind is CompositionKind.PAGE else (0, 0, 0)
    site = site_of(kind, HALF_RED)
    plan = site.plan(capture=capture("jpeg", jpeg_quality=100))
    async with studio_of(site, plan) as studio:
        inside, outside = pixels((await render_still(plan, 3, studio)).picture, 1, INSIDE, OUTSIDE)
    assert outside == (*bare, 255)
    mixed = ((255 + bare[0]) / 2, bare[1] / 2, bare[2] / 2)
    assert inside == pytest.approx((*mixed, 255), abs=2)


async def test_the_quality_of_a_jpeg_is_the_one_asked_for(site_of, studio_of):
    site = site_of(CompositionKind.FRAMEFLEET, HALF_RED)
    sizes = []
    for quality in (10, 90):
        plan = site.plan(capture=capture("jpeg", jpeg_quality=quality))
        async with studio_of(site, plan) as studio:
            sizes.append(len((await render_still(plan, 0, studio)).picture))
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize("scale", [1, 2])
async def test_a_pdf_is_one_sheet_of_the_size_of_the_page(kind, site_of, studio_of, scale):
    # checklist 72
    site = site_of(kind, f"{HALF_RED}<div style='height: 2000px'></div>")
    async with studio_of(site, site.plan(capture=capture("pdf", scale))) as studio:
        pdf = Pdf((await render_still(site.plan(), 3, studio)).picture)
    assert pdf.pages == 1
    assert pdf.box == pytest.approx((0, 0, 320 * POINTS_A_PIXEL, 180 * POINTS_A_PIXEL), abs=DOT)
    # Its box at (40, 20), in dots, of half a red.
    assert "3.125 0 0 3.125 125 62.5 cm\n1 0 0 RG 1 0 0 rg" in pdf.drawn
    assert "0 0 100 50 re" in pdf.drawn
    # Nothing is painted behind it: no black and no white.
    assert "0 0 320 180 re" not in pdf.drawn


@pytest.mark.parametrize("name", ["png", "jpeg", "webp", "pdf"])
@pytest.mark.parametrize("kind", WITHOUT_FRAME_CONTROL)
async def test_without_frame_control_stills_are_the_same(kind, site_of, studio_of, name):
    site = site_of(kind, HALF_RED)
    plan = site.plan(capture=capture(name, 1.5))
    pictures = []
    for control in (True, False):
        async with studio_of(site, plan, frame_control=control) as studio:
            pictures.append((await render_still(plan, 3, studio)).picture)
    if name == "pdf":
        first, second = map(Pdf, pictures)
        assert (first.box, first.pages, first.drawn) == (second.box, second.pages, second.drawn)
    else:
        assert pictures[0] == pictures[1]


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("kind", [CompositionKind.FRAMEFLEET, CompositionKind.PAGE])
async def test_a_picture_and_a_pdf_show_the_frame_asked_for(kind, site_of, studio_of, scale):
    plays = str(kind is CompositionKind.PAGE).lower()
    site = site_of(kind, GROWING.replace("PLAYS", plays))
    for frame in (0, 17):
        for name in ("png", "pdf"):
            plan = site.plan(capture=capture(name, scale))
            async with studio_of(site, plan) as studio:
                shot = (await render_still(plan, frame, studio)).picture
            if name == "pdf":
                drawn = re.findall(r"0 0 1 rg\s+/G3 gs\s+0 0 (\d+) 20 re", Pdf(shot).drawn)
                assert drawn == ([str(frame)] if frame else [])
            else:
                image = Image.open(io.BytesIO(shot)).convert("RGB")
                blue = [image.getpixel((x, 5)) == (0, 0, 255) for x in range(image.width)]
                assert blue == [x < frame * scale for x in range(image.width)]


@pytest.mark.parametrize(
    ("width", "height", "scale"), [(321, 181, 1.5), (333, 111, 1 / 3), (321, 181, 1.25)]
)
async def test_a_picture_is_as_large_as_planned_and_bare_at_no_edge(
    site_of, studio_of, width, height, scale
):
    site = site_of(CompositionKind.FRAMEFLEET, "<style>html { background: rgb(0, 0, 255) }</style>")
    site = replace(site, composition=replace(site.composition, width=width, height=height))
    plan = site.plan(capture=capture("png", scale))
    async with studio_of(site, plan) as studio:
        image = Image.open(io.BytesIO((await render_still(plan, 0, studio)).picture)).convert(
            "RGBA"
        )
    assert image.size == (plan.frame_size.width, plan.frame_size.height)
    assert image.getcolors() == [(image.width * image.height, (0, 0, 255, 255))]


async def test_a_scaled_page_still_scrolls_and_is_told_its_own_size(site_of, studio_of):
    site = site_of(
        CompositionKind.FRAMEFLEET,
        "<style>body { height: 1000px; background: white } div { position: absolute; top: 500px;"
        "width: 320px; height: 100px; background: red }</style><div></div><script>"
        "window.show = (frame) => { scrollTo(0, 500);"
        "if (`${innerWidth} ${innerHeight} ${devicePixelRatio}` !== '320 180 2') throw 'size' }"
        "</script>",
    )
    plan = site.plan(capture=capture("png", 2))
    async with studio_of(site, plan) as studio:
        image = Image.open(io.BytesIO((await render_still(plan, 0, studio)).picture)).convert("RGB")
    assert [image.getpixel((100, y)) for y in (0, 199, 200)] == [(255, 0, 0)] * 2 + [(255,) * 3]


async def test_frames_of_a_step_are_those_of_the_whole(site_of, studio_of):
    # checklist 66
    site = site_of(CompositionKind.PAGE, GROWING.replace("PLAYS", "true"))
    plan = site.plan()
    async with studio_of(site, plan) as studio:
        whole = [filmed.shot async for filmed in studio.film(FrameRange(0, 22))]
        # Several ranges in rising order, and one that lies before them.
        for frames in (FrameRange(0, 8, 3), FrameRange(12, 22, 4), FrameRange(3, 10, 2)):
            found = [filmed async for filmed in studio.film(frames)]
            assert [filmed.sounds.frame for filmed in found] == list(frames)
            assert [filmed.shot for filmed in found] == [whole[n] for n in frames]


async def test_sound_that_the_page_makes_is_heard_in_the_frames_left_out_as_well(
    site_of, studio_of
):
    site = site_of(CompositionKind.REMOTION, "")
    clip = replace(
        site.composition,
        id="MediaClip",
        props='{"trimBefore": 0, "playbackRate": 1}',
        duration_in_frames=11,
    )
    plan = replace(site, composition=clip).plan(audio=AudioOptions())
    async with studio_of(site, plan) as studio:
        whole = {one.sounds.frame: one async for one in studio.film(FrameRange(0, 11))}
        found = [one async for one in studio.film(FrameRange(0, 11, 4))]
    assert [one.sounds.frame for one in found] == list(range(11))
    for one in found:
        frame = one.sounds.frame
        assert one.sounds.inline == whole[frame].sounds.inline
        assert len(one.sounds.inline) == 1
        assert one.shot == (None if frame % 4 else whole[frame].shot)


async def test_an_image_format_of_none_takes_no_picture(kind, site_of, studio_of):
    site = site_of(kind, HALF_RED)
    plan = site.plan(capture=capture("none"))
    async with studio_of(site, plan) as studio:
        filmed = [(one.sounds.frame, one.shot) async for one in studio.film(FrameRange(2, 12, 3))]
        assert studio._stage.camera.screenshots == 0
    assert filmed == [(frame, None) for frame in (2, 5, 8, 11)]
