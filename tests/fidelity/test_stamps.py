"""Order, no gap, no repeat, exact times: read back from the decoded file."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

import framefleet
from framefleet.testing.video import presentation_times_s, read_stamps

FRAMES = 61
RATES = [Fraction(24), Fraction(25), Fraction(30), Fraction(30000, 1001), Fraction(60)]


def render(site, composition, output, *, chunks=1, executor="inline", **options):
    return framefleet.render_media(
        site,
        composition,
        output=output,
        chunk_frames=math.ceil(options.pop("frames", FRAMES) / chunks),
        executor=executor,
        x264_preset="ultrafast",
        **options,
    )


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("chunks", [1, 2, 4, 7])
def test_every_frame_is_there_once_at_its_time(pages, tmp_path, chunks, rate):
    result = render(
        pages / "stamped.html",
        "stamped",
        tmp_path / "out.mp4",
        chunks=chunks,
        input_props={"fps": float(rate), "durationInFrames": FRAMES},
    )
    assert result.chunks == chunks
    assert read_stamps(result.output) == list(range(FRAMES))
    assert presentation_times_s(result.output) == [n / rate for n in range(FRAMES)]


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_a_remotion_site_is_filmed_frame_by_frame(remotion_site, tmp_path, executor):
    result = render(remotion_site, "Stamped", tmp_path / "out.mp4", chunks=4, executor=executor)
    assert read_stamps(result.output) == list(range(60))
    assert presentation_times_s(result.output) == [n / Fraction(30) for n in range(60)]


@pytest.mark.parametrize("container", ["mkv", "mov"])
def test_other_containers_hold_the_same_frames(pages, tmp_path, container):
    result = render(
        pages / "stamped.html",
        "stamped",
        tmp_path / f"out.{container}",
        chunks=3,
        frames=90,
        codec="h264",
    )
    assert read_stamps(result.output) == list(range(90))


def test_a_frame_range_is_cut_from_the_composition(remotion_site, tmp_path):
    result = render(
        remotion_site, "Stamped", tmp_path / "out.mp4", chunks=2, frames=10, frame_range=(17, 26)
    )
    assert read_stamps(result.output) == list(range(17, 27))
    assert presentation_times_s(result.output)[0] == 0


def test_an_open_range_ends_with_the_composition(remotion_site, tmp_path):
    result = render(remotion_site, "Stamped", tmp_path / "out.mp4", frame_range=(55, None))
    assert read_stamps(result.output) == [55, 56, 57, 58, 59]


def test_one_number_is_one_frame(remotion_site, tmp_path):
    result = render(remotion_site, "Stamped", tmp_path / "out.mp4", frame_range=42)
    assert read_stamps(result.output) == [42]
