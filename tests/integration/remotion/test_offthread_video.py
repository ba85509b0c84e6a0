"""`<OffthreadVideo>` in real renders: the right frames, each of them decoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from framefleet.compositions import remotion_page
from framefleet.encoding.frame_cache import FrameCounters, FrameExtractor, shared_extractor
from framefleet.errors import PageCancelledError
from framefleet.local.media import RenderResult
from framefleet.page_runtime.scripts import script
from framefleet.testing.video import STAMP_BITS, STAMP_BLOCK_PX, read_stamps

CLIP_FRAMES = 120
CLIP_GOP = 15  # at most
# A decoder is a frame ahead: a frame ends where the next one starts, and that one is made ahead.
AHEAD = 2
CLIP = "react.createElement(esm.OffthreadVideo, { src, ...props })"

Film = Callable[..., RenderResult]


@dataclass
class Counted:
    """Renders with `film`, and what that took of the extractor."""

    film: Film
    extractor: FrameExtractor

    def render(self, **options) -> tuple[list[int], FrameCounters]:
        """The numbers of the clip's frames that were shown, and the counters."""
        result = self.film("Clip", **options)
        frames = read_stamps(result.path, row=1)
        first = options.get("frame_range", (0, 0))[0]
        assert frames == list(range(first, first + len(frames)))
        return read_stamps(result.path, row=0), self.extractor.counters


@pytest.fixture
def counted(film: Film) -> Iterator[Counted]:
    # The server of the render shares it, and it lives on to be asked.
    with shared_extractor(None) as extractor:
        yield Counted(film, extractor)


@pytest.fixture(params=["as the page does", "straight"])
def _way_of_pictures(request: pytest.FixtureRequest, monkeypatch) -> None:
    """Through a blob of the page, and with `video_frames.js` from our server into the image."""
    own = remotion_page.scripts
    direct = script("video_frames.js")

    def scripts(scene):
        others = tuple(one for one in own(scene) if one != direct)
        return (*others, direct) if request.param == "straight" else others

    monkeypatch.setattr(remotion_page, "scripts", scripts)


def write_clip(path: Path, rate: int) -> None:
    """Four seconds whose frames show their numbers, as the site's own clip does."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "14", "g": "15"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(4 * rate):
            picture = np.full((360, 640, 3), (40, 90, 120), np.uint8)
            bits = np.array([255 * (number >> bit & 1) for bit in range(STAMP_BITS)], np.uint8)
            stamp = bits.repeat(STAMP_BLOCK_PX)
            picture[:STAMP_BLOCK_PX, : len(stamp)] = stamp[None, :, None]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture
def site_with(remotion_site: Path, tmp_path: Path) -> Callable[[int], Path]:
    """The site with a clip of another rate."""

    def make(rate: int) -> Path:
        site = tmp_path / f"site{rate}"
        (site / "public").mkdir(parents=True)
        for entry in remotion_site.iterdir():
            if entry.name != "public":
                (site / entry.name).symlink_to(entry)
        write_clip(site / "public/clip.mp4", rate)
        return site

    return make


@pytest.mark.usefixtures("_way_of_pictures")
def test_a_stream_decodes_each_frame_once(counted):
    """Chunk after chunk on one worker; the decoder goes on."""
    shown, counters = counted.render(concurrency=1, chunk_frames=50)
    assert shown == list(range(CLIP_FRAMES))
    assert (counters.opened_readers, counters.seeks) == (1, 0)
    assert counters.decoded_frames == CLIP_FRAMES
    assert counters.encoded_frames == CLIP_FRAMES
    assert counters.ahead_frames > CLIP_FRAMES / 2


@pytest.mark.usefixtures("_way_of_pictures")
def test_two_streams_have_a_decoder_each(counted):
    shown, counters = counted.render(concurrency=2, chunk_frames=60)
    assert shown == list(range(CLIP_FRAMES))
    assert counters.opened_readers == 2
    # To a keyframe before the second stream's first frame, from the start of the film.
    assert counters.seeks == 1
    assert counters.decoded_frames <= CLIP_FRAMES + AHEAD + CLIP_GOP + 1
    assert counters.encoded_frames <= CLIP_FRAMES + 1


@pytest.mark.parametrize(
    ("fps", "props", "frames"),
    [
        (60, {}, 60),
        (15, {}, 50),
        (30, {"trimBefore": 40}, 40),
        (30, {"trimBefore": 30, "playbackRate": 2}, 40),
        (30, {"playbackRate": 0.5}, 60),
    ],
)
def test_other_rates_and_trims(counted, fps, props, frames):
    shown, counters = counted.render(
        fps=fps, input_props=props, frame_range=(0, frames - 1), concurrency=1
    )
    # The trim counts the composition's frames.
    first, rate = props.get("trimBefore", 0), props.get("playbackRate", 1)
    expected = [int((first + frame * rate) * 30 / fps + 1e-6) for frame in range(frames)]
    assert shown == expected
    assert counters.opened_readers == 1
    assert counters.seeks == (expected[0] > 30)
    start = expected[0] // CLIP_GOP * CLIP_GOP if counters.seeks else 0
    step = max(1, round(rate * 30 / fps))
    assert counters.decoded_frames <= 1 + expected[-1] + 1 - start + AHEAD * step
    assert counters.encoded_frames <= len(set(expected)) + 1


@pytest.mark.parametrize("rate", [24, 60])
def test_clips_of_other_rates(counted, site_with, rate):
    """At 24 some frames are shown twice and made once, at 60 every other one is passed over."""
    shown, counters = counted.render(
        site=site_with(rate), frame_range=(0, 79), concurrency=2, chunk_frames=40
    )
    expected = [int(frame * rate / 30 + 1e-6) for frame in range(80)]
    assert shown == expected
    assert counters.opened_readers == 2
    assert counters.seeks == 1
    assert counters.decoded_frames <= expected[-1] + 1 + AHEAD * 2 + CLIP_GOP
    # The frame at the seam is shown by both.
    assert counters.encoded_frames <= len(set(expected)) + 2


def small(left: int, trim: int) -> str:
    """A copy of the clip, left to right, that starts at another frame."""
    style = f"{{ position: 'absolute', left: {left}, top: 180, width: 160 }}"
    return (
        "react.createElement(esm.OffthreadVideo, "
        f"{{ src, ...props, trimBefore: {trim}, style: {style} }})"
    )


@pytest.mark.parametrize(("trims", "readers"), [([0, 5, 10], 1), ([60], 2), ([60, 30, 90, 0], 4)])
def test_one_clip_at_many_places(counted, patched_site, trims, readers):
    """Those close by share a decoder, and no two take turns with one."""
    copies = [small(160 * index, trim) for index, trim in enumerate(trims)]
    site = patched_site(CLIP, ", ".join((CLIP, *copies)))
    frames = 30
    shown, counters = counted.render(site=site, frame_range=(0, frames - 1), concurrency=1)
    assert shown == list(range(frames))
    assert counters.opened_readers <= readers
    assert counters.seeks <= readers
    places = {trim + frame for trim in (0, *trims) for frame in range(frames)}
    assert counters.decoded_frames <= len(places) + readers * (AHEAD + CLIP_GOP)


def test_a_loop_goes_back_once_a_round(counted, patched_site):
    looped = f"react.createElement(esm.Loop, {{ durationInFrames: 40 }}, {CLIP})"
    site = patched_site(CLIP, looped)
    shown, counters = counted.render(site=site, concurrency=1)
    assert shown == [*range(40)] * 3
    assert counters.seeks <= 2
    assert counters.decoded_frames <= 2 * (40 + AHEAD) + AHEAD + 1
    assert counters.encoded_frames <= 2 * 40 + 10


@pytest.mark.usefixtures("_way_of_pictures")
def test_a_clip_that_is_missing_is_named(film, patched_site):
    site = patched_site('(0,esm.staticFile)("clip.mp4")', '(0,esm.staticFile)("lost.mp4")')
    with pytest.raises(PageCancelledError, match=r"The site has no file /public/lost\.mp4"):
        film("Clip", site=site, input_props={"volume": 0}, frame_range=(0, 3))
