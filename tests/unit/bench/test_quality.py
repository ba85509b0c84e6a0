"""PSNR of a film against its page, and which of its frames are looked at."""

from __future__ import annotations

import math

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from bench.quality import psnr_db, sampled_frames

COLOUR = (200, 80, 40)


def picture(*, error=0):
    return np.full((32, 64, 3), [value + error for value in COLOUR], np.uint8)


@pytest.fixture
def film(tmp_path):
    """Three frames without loss, the last of them 10 levels too bright; BT.709, tagged."""
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv444p"
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_range = ColorRange.MPEG
        for error in (0, 0, 10):
            frame = av.VideoFrame.from_ndarray(picture(error=error), format="rgb24")
            converted = frame.reformat(
                format="yuv444p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def page(tmp_path):
    """The page without that error, as PNG files by frame."""
    path = tmp_path / "page.png"
    Image.fromarray(picture()).save(path)
    return path


def test_colours_are_read_by_the_files_tags(film, page):
    assert psnr_db(film, {0: page, 1: page}) > 46


def test_the_error_is_that_of_the_frames_asked_for(film, page):
    assert psnr_db(film, {2: page}) == pytest.approx(20 * math.log10(255 / 10), abs=1)


def test_a_film_that_is_too_short_is_no_match(film, page):
    with pytest.raises(SystemExit, match="has 1 of the 2 frames"):
        psnr_db(film, {0: page, 3: page})


@pytest.mark.parametrize(
    ("count", "first", "number"), [(1, [0], 1), (10, [0, 1, 2], 10), (300, [0, 16, 31], 20)]
)
def test_frames_are_spread_over_the_film(count, first, number):
    found = sampled_frames(count)
    assert found[: len(first)] == first
    assert found[-1] == count - 1
    assert len(found) == number
