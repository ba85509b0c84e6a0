"""Where holds are worth trying to skip: x264 at constant quality, whatever the container."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from framefleet.domain.codecs import CODECS, Codec
from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ImageFormat, VideoOptions
from framefleet.encoding.color import tags_of
from framefleet.encoding.encoder_context import EncoderSetup
from framefleet.encoding.hold_encoder import SEEN_REPEATS, skips_holds


def setup_of(options: VideoOptions) -> EncoderSetup:
    return EncoderSetup(
        size=FrameSize(64, 64),
        rate=Fraction(30),
        options=options,
        pixel_format=options.pixel_format,
        tags=tags_of(options.color_space, ImageFormat.JPEG, options.codec),
    )


@pytest.mark.parametrize("codec", [codec for codec, spec in CODECS.items() if spec.encoder])
def test_codecs(codec):
    options = VideoOptions(codec=codec, encoder=str(codec.spec.encoder))
    expected = codec in (Codec.H264, Codec.H264_MKV, Codec.H264_TS)
    assert skips_holds(setup_of(options)) is expected


@pytest.mark.parametrize(
    "changes",
    [
        {"encoder": "h264_nvenc", "crf": None},
        {"encoder": "h264_videotoolbox", "crf": None},
        {"crf": None},
        {"crf": None, "bitrate": 1},
        {"max_rate": 1},
        {"buffer_size": 1},
        {"gop_size": 1},
        {"gop_size": SEEN_REPEATS},
    ],
    ids=str,
)
def test_what_keeps_repeats_with_the_encoder(changes):
    assert skips_holds(setup_of(replace(VideoOptions(), gop_size=SEEN_REPEATS + 1)))
    assert not skips_holds(setup_of(replace(VideoOptions(), **changes)))
