"""From a composition and options to chunks that tile the render exactly."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from framefleet.domain.composition import Composition, CompositionKind, FrameSize
from framefleet.domain.output import AudioOptions, CaptureOptions, ImageFormat, VideoOptions
from framefleet.domain.plan import PageOptions, Plan
from framefleet.domain.timing import FrameRange
from framefleet.errors import OptionError
from framefleet.rendering.planning import (
    MIN_CHUNK_FRAMES,
    PREFERRED_CHUNK_FRAMES,
    RenderOptions,
    plan,
    resolve_frames,
    resolve_still_frame,
)


def planned(
    duration: int = 90,
    *,
    kind: CompositionKind = CompositionKind.FRAMEFLEET,
    size: tuple[int, int] = (640, 360),
    scale: float = 1,
    crf: int = 18,
    **options,
) -> Plan:
    composition = Composition(
        id="film",
        kind=kind,
        width=size[0],
        height=size[1],
        fps=Fraction(30),
        duration_in_frames=duration,
    )
    wanted = RenderOptions(
        capture=CaptureOptions(scale=scale),
        video=VideoOptions(crf=crf),
        audio=AudioOptions(),
        page=PageOptions(),
        **options,
    )
    return plan(composition, wanted, input_props="{}", browser="b", encoder="e")


def frames_of(found: Plan) -> list[int]:
    return [frame for chunk in found.chunks for frame in range(chunk.start, chunk.stop)]


@pytest.mark.parametrize("duration", [1, 2, 19, 20, 21, 61, 150, 151, 300, 1000, 5000])
@pytest.mark.parametrize("streams", [1, 2, 3, 8])
@pytest.mark.parametrize("kind", CompositionKind)
def test_chunks_tile_the_render(duration, streams, kind):
    found = planned(duration, kind=kind, streams=streams)
    assert frames_of(found) == list(range(duration))
    lengths = [len(chunk) for chunk in found.chunks]
    assert max(lengths) - min(lengths) <= 1
    if len(lengths) > 1:
        assert min(lengths) >= MIN_CHUNK_FRAMES
    if kind is CompositionKind.PAGE:
        assert len(lengths) <= streams
    else:
        assert max(lengths) <= PREFERRED_CHUNK_FRAMES
        assert len(lengths) % min(streams, max(1, duration // MIN_CHUNK_FRAMES)) == 0


@pytest.mark.parametrize("chunk_frames", [1, 7, 30, 89, 90, 1000])
@pytest.mark.parametrize("frames", [None, (17, 26), (80, None)])
def test_a_given_chunk_length_is_kept(chunk_frames, frames):
    found = planned(90, chunk_frames=chunk_frames, frames=frames)
    assert frames_of(found) == list(
        range(frames[0] if frames else 0, frames[1] + 1 if frames and frames[1] else 90)
    )
    assert all(len(chunk) == chunk_frames for chunk in found.chunks[:-1])
    assert len(found.chunks[-1]) <= chunk_frames


@pytest.mark.parametrize("chunk_frames", [0, -3])
def test_a_chunk_holds_a_frame(chunk_frames):
    with pytest.raises(OptionError, match='"chunk_frames" must be a whole number above 0'):
        planned(chunk_frames=chunk_frames)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, FrameRange(0, 90)),
        ((0, 0), FrameRange(0, 1)),
        ((89, 89), FrameRange(89, 90)),
        ((10, 19), FrameRange(10, 20)),
        ((10, None), FrameRange(10, 90)),
        ((0, 89), FrameRange(0, 90)),
    ],
)
def test_ranges_include_their_last_frame(wanted, found):
    assert resolve_frames(wanted, 90) == found


@pytest.mark.parametrize("wanted", [(0, 90), (90, 90), (90, None), (5, 1000), (1000, None)])
def test_a_range_outside_says_what_the_composition_has(wanted):
    with pytest.raises(OptionError, match="was evaluated to be 90, but frame range") as caught:
        resolve_frames(wanted, 90)
    assert "is not inbetween 0-89" in str(caught.value)
    assert caught.value.context["duration_in_frames"] == 90


def test_a_range_that_runs_backwards_says_so():
    with pytest.raises(OptionError, match="second value of frame range must be not smaller"):
        resolve_frames((7, 3), 90)


@pytest.mark.parametrize(("given", "frame"), [(0, 0), (89, 89), (-1, 89), (-90, 0)])
def test_still_frames_may_count_from_the_end(given, frame):
    assert resolve_still_frame(given, 90) == frame


@pytest.mark.parametrize(("given", "limit"), [(90, 89), (1000, 89), (-91, -90)])
def test_a_still_outside_names_the_limit(given, limit):
    with pytest.raises(
        OptionError, match=f"Cannot use frame {given}: .* can be rendered is {limit}"
    ):
        resolve_still_frame(given, 90)  # fmt: skip


def test_the_page_is_laid_out_at_a_size_the_video_can_have():
    found = planned(size=(1279, 719), scale=1.5)
    assert (found.composition.width, found.composition.height) == (1277, 717)
    assert found.frame_size == FrameSize(1916, 1076)


def test_options_the_codec_cannot_do_are_refused_here():
    with pytest.raises(OptionError, match="CRF to 0"):
        planned(crf=0)


def test_equal_inputs_give_equal_plans():
    assert planned(61, streams=2).hash == planned(61, streams=2).hash
    assert planned(61, streams=2).hash != planned(62, streams=2).hash


FILM = Composition(
    id="film",
    kind=CompositionKind.REMOTION,
    width=640,
    height=360,
    fps=Fraction(30),
    duration_in_frames=90,
    default_video_image_format="png",
    default_pixel_format="yuv444p",
    default_sample_rate=44_100,
)


def plan_of_film(**options) -> Plan:
    wanted = RenderOptions(
        capture=CaptureOptions(),
        video=VideoOptions(),
        audio=AudioOptions(),
        page=PageOptions(),
        **options,
    )
    return plan(FILM, wanted, input_props="{}", browser="b", encoder="e")


def test_the_compositions_own_defaults_come_before_ours():
    found = plan_of_film()
    assert found.capture.image_format is ImageFormat.PNG
    assert found.video.pixel_format == "yuv444p"
    assert found.audio.sample_rate == 44_100


def test_the_caller_comes_before_the_composition():
    found = plan_of_film(image_format=ImageFormat.JPEG, pixel_format="yuv420p")
    assert found.capture.image_format is ImageFormat.JPEG
    assert found.video.pixel_format == "yuv420p"


def test_a_default_the_codec_cannot_do_is_refused():
    transparent = replace(FILM, default_pixel_format="yuva420p")
    wanted = RenderOptions(
        capture=CaptureOptions(), video=VideoOptions(), audio=AudioOptions(), page=PageOptions()
    )
    with pytest.raises(OptionError, match="codec h264 does not support it"):
        plan(transparent, wanted, input_props="{}", browser="b", encoder="e")
