"""From a composition and options to chunks that tile the render exactly."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from framefleet.domain.arguments import complete
from framefleet.domain.composition import Composition, CompositionKind, FrameSize
from framefleet.domain.options import MediaArguments
from framefleet.domain.output import ImageFormat
from framefleet.domain.plan import PageOptions, Plan
from framefleet.domain.rules import resolve_media
from framefleet.errors import OptionError
from framefleet.rendering.planning import (
    MAX_CHUNK_FRAMES,
    MIN_CHUNK_FRAMES,
    MIN_STREAM_FRAMES,
    Division,
    Filming,
    plan,
)

FILM = Composition(
    id="film",
    kind=CompositionKind.FRAMEFLEET,
    width=640,
    height=360,
    fps=Fraction(30),
    duration_in_frames=90,
)


def planned(
    composition: Composition = FILM,
    *,
    streams: int = 1,
    chunk_frames: int | None = None,
    **options,
) -> Plan:
    return plan(
        composition,
        resolve_media(complete(MediaArguments, options), None, composition),
        Division(streams=streams, chunk_frames=chunk_frames),
        Filming(browser="b", encoder="e"),
        input_props="{}",
        page=PageOptions(),
    )


def frames_of(found: Plan) -> list[int]:
    return [frame for chunk in found.chunks for frame in chunk]


@pytest.mark.parametrize("duration", [1, 2, 19, 20, 21, 61, 150, 151, 300, 1000, 5000])
@pytest.mark.parametrize("streams", [1, 2, 3, 8])
@pytest.mark.parametrize("kind", CompositionKind)
def test_chunks_tile_the_render(duration, streams, kind):
    found = planned(replace(FILM, duration_in_frames=duration, kind=kind), streams=streams)
    assert frames_of(found) == list(range(duration))
    lengths = [len(chunk) for chunk in found.chunks]
    if len(lengths) > 1:
        shortest = MIN_STREAM_FRAMES if len(lengths) <= streams else MIN_CHUNK_FRAMES
        assert min(lengths) >= shortest - 3
    if kind is CompositionKind.PAGE:
        assert len(lengths) <= streams
    else:
        assert max(lengths) <= MAX_CHUNK_FRAMES


def ends_of_streams(lengths: list[int], streams: int) -> list[int]:
    """When each of `streams` is done, in frames, if each takes the next chunk once it is free."""
    ends = [0] * streams
    for length in lengths:
        ends[ends.index(min(ends))] += length
    return ends


@pytest.mark.parametrize("duration", [300, 1000, 1800, 18_000, 108_000])
@pytest.mark.parametrize("streams", [1, 2, 3, 4])
def test_streams_end_together(duration, streams):
    chunks = planned(replace(FILM, duration_in_frames=duration), streams=streams).chunks
    lengths = [len(chunk) for chunk in chunks]
    ends = ends_of_streams(lengths, streams)
    assert max(ends) - min(ends) <= max(2 * streams, duration / streams / 10)
    # One that is held up leaves the rest to the others: a short chunk is all that lies between.
    assert lengths[-1] <= max(2 * MIN_CHUNK_FRAMES, duration / streams / 6) or streams == 1


def test_few_chunks_are_made():
    def count(duration, streams):
        found = planned(replace(FILM, duration_in_frames=duration), streams=streams)
        return len(found.chunks)

    assert [count(300, 1), count(300, 2), count(1800, 2)] == [1, 4, 8]


def test_a_stream_that_has_to_step_to_its_chunk_has_less_to_film():
    found = planned(replace(FILM, kind=CompositionKind.PAGE, duration_in_frames=1000), streams=4)
    lengths = [len(chunk) for chunk in found.chunks]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] > lengths[0] * 0.8


@pytest.mark.parametrize("chunk_frames", [1, 7, 30, 89, 90, 1000])
@pytest.mark.parametrize("frames", [None, (17, 26), (80, None)])
def test_a_given_chunk_length_is_kept(chunk_frames, frames):
    found = planned(chunk_frames=chunk_frames, frame_range=frames)
    assert frames_of(found) == list(
        range(frames[0] if frames else 0, frames[1] + 1 if frames and frames[1] else 90)
    )
    assert all(len(chunk) == chunk_frames for chunk in found.chunks[:-1])
    assert len(found.chunks[-1]) <= chunk_frames


@pytest.mark.parametrize("streams", [1, 2, 5])
@pytest.mark.parametrize("chunk_frames", [None, 4])
def test_no_chunk_crosses_from_one_range_into_another(streams, chunk_frames):
    ranges = [(0, 9), (20, 20), (30, 79)]
    found = planned(frame_range=ranges, streams=streams, chunk_frames=chunk_frames)
    assert frames_of(found) == [*range(10), 20, *range(30, 80)]
    for chunk in found.chunks:
        assert any(first <= chunk.start and chunk.last <= last for first, last in ranges)


@pytest.mark.parametrize("chunk_frames", [None, 1, 2, 3, 100])
def test_thinned_frames_go_on_over_the_chunks(chunk_frames):
    found = planned(frame_range=(3, 21), every_nth_frame=4, streams=3, chunk_frames=chunk_frames)
    assert frames_of(found) == [3, 7, 11, 15, 19]
    assert found.fps == Fraction(30, 4)


def test_the_page_is_laid_out_at_a_size_the_video_can_have():
    found = planned(replace(FILM, width=1279, height=719), scale=1.5)
    assert (found.composition.width, found.composition.height) == (1277, 717)
    assert found.frame_size == FrameSize(1916, 1076)


def test_options_the_codec_cannot_do_are_refused_here():
    with pytest.raises(OptionError, match="CRF to 0"):
        planned(crf=0)


def test_equal_inputs_give_equal_plans():
    assert planned(streams=2).hash == planned(streams=2).hash
    assert planned(streams=2).hash != planned(streams=2, crf=19).hash


OPINIONATED = replace(
    FILM,
    default_codec="vp9",
    default_video_image_format="png",
    default_pixel_format="yuv444p",
    default_sample_rate=24_000,
)


def test_the_compositions_own_defaults_come_before_ours():
    found = planned(OPINIONATED)
    assert (found.output.codec, found.output.extension) == ("vp9", "webm")
    assert found.capture.image_format is ImageFormat.PNG
    assert found.video is not None
    assert found.video.pixel_format == "yuv444p"
    assert found.audio.sample_rate == 24_000


def test_the_caller_comes_before_the_composition():
    found = planned(
        OPINIONATED, codec="h264", image_format="jpeg", pixel_format="yuv420p", sample_rate=44_100
    )
    assert found.output.codec == "h264"
    assert found.capture.image_format is ImageFormat.JPEG
    assert found.video is not None
    assert found.video.pixel_format == "yuv420p"
    assert found.audio.sample_rate == 44_100


def test_a_default_the_codec_cannot_do_is_refused():
    with pytest.raises(OptionError, match="codec h264 does not support it"):
        planned(replace(FILM, default_pixel_format="yuva420p"))
