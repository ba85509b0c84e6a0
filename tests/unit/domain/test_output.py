"""Output rules, in the words of the reference (spec/encoding.md 2)."""

from __future__ import annotations

import pytest

from framefleet.domain.output import (
    X264_PRESETS,
    CaptureOptions,
    Codec,
    ColorSpace,
    VideoOptions,
    choice,
)
from framefleet.errors import OptionError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"crf": 0},
            "Setting the CRF to 0 with a H264 codec is not supported anymore because of it's "
            "inconsistencies between platforms.",
        ),
        ({"crf": 52}, "CRF must be between 1 and 51 for codec h264. Passed: 52"),
        ({"crf": -1}, "CRF must be between 1 and 51 for codec h264. Passed: -1"),
        ({"preset": "warp"}, 'The Preset profile "warp" is not valid. Valid options are ultrafast'),
        ({"pixel_format": "rgb24"}, "Value rgb24 is not valid as a pixel format."),
        (
            {"pixel_format": "yuva420p"},
            "Pixel format was set to 'yuva420p' but codec h264 does not support it. Valid pixel "
            "formats for codec h264 are: yuv420p, yuv422p, yuv444p, yuv420p10le, yuv422p10le, "
            "yuv444p10le.",
        ),
    ],
)
def test_what_h264_cannot_do_is_refused(options, message):
    with pytest.raises(OptionError) as caught:
        VideoOptions(**options).check()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("crf", [1, 18, 51])
@pytest.mark.parametrize("preset", X264_PRESETS)
def test_what_h264_can_do_passes(crf, preset):
    VideoOptions(crf=crf, preset=preset).check()


@pytest.mark.parametrize("quality", [-1, 101])
def test_jpeg_quality_is_a_percentage(quality):
    with pytest.raises(OptionError, match="JPEG Quality option must be between 0 and 100"):
        CaptureOptions(jpeg_quality=quality)


@pytest.mark.parametrize("scale", [0, -1, 16.01, float("nan")])
def test_scale_has_bounds(scale):
    with pytest.raises(OptionError, match='"scale" must be bigger than 0 and at most 16'):
        CaptureOptions(scale=scale)


def test_a_wrong_name_lists_the_known_ones():
    assert choice(Codec, "h264", "codec") is Codec.H264
    with pytest.raises(OptionError, match='"color_space" must be one of default, bt601, bt709, bt'):
        choice(ColorSpace, "srgb", "color_space")
