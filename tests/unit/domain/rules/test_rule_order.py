"""Where several things are wrong, the reference's first check speaks (spec/encoding.md 2)."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import combinations

import pytest

from framefleet.domain.option import options_of
from framefleet.domain.options import MediaArguments, SequenceArguments, StillArguments
from framefleet.errors import OptionError

# One mistake for each check, in the order of the checks, and how its message begins. Later ones
# leave the earlier ones content.
MISTAKES = [
    ({"jpeg_quality": 101}, "JPEG Quality option must be between 0 and 100."),
    ({"crf": 99}, "CRF must be between"),
    ({"gop_size": 0}, "The GOP size"),
    ({"audio_bitrate": 5}, '"audioBitrate" must be a string'),
    ({"encoding_buffer_size": "5"}, '"encodingBufferSize" must end in'),
    ({"prores_profile": "hq"}, "You have set a ProRes profile"),
    ({"x264_preset": "turbo"}, "The Preset profile"),
    ({"pixel_format": "rgb24"}, "Value rgb24 is not valid as a pixel format."),
    ({"audio_codec": "opus"}, "Audio codec opus is not supported for codec h264"),
    ({"scale": 17}, '"scale" must be smaller'),
    ({"every_nth_frame": 0}, 'The value for "everyNthFrame"'),
    ({"number_of_gif_loops": 1}, '"numberOfGifLoops" can only be set'),
    ({"image_format": "webp"}, "Value webp is not valid as an image format."),
    ({"frame_range": (5, 3)}, "The second value of frame range"),
]


@pytest.mark.parametrize(("first", "second"), list(combinations(range(len(MISTAKES)), 2)))
def test_the_earlier_of_two_mistakes_is_reported(first, second, media):
    (options, beginning), (others, _) = MISTAKES[first], MISTAKES[second]
    with pytest.raises(OptionError) as caught:
        media(codec="h264", **others, **options)
    assert caught.value.message.startswith(beginning)


def test_quality_settings_have_an_order_of_their_own(media):
    options = {
        "crf": 99,
        "video_bitrate": "5",
        "encoding_max_rate": "5M",
        "hardware_acceleration": "required",
    }
    for mended, beginning in (
        ("", '"crf" and "videoBitrate"'),
        ("video_bitrate", '"crf" option is not supported with hardware'),
        ("hardware_acceleration", '"encodingMaxRate" can not be set without'),
        ("encoding_max_rate", "CRF must be between"),
    ):
        options.pop(mended, None)
        with pytest.raises(OptionError) as caught:
            media(codec="h264", **options)
        assert caught.value.message.startswith(beginning)


# The bitrates follow each other: audio, video, maximum, buffer.
def test_bitrates_are_looked_at_in_order(media):
    options = {
        "audio_bitrate": "1",
        "video_bitrate": "2",
        "encoding_max_rate": "3",
        "encoding_buffer_size": "4",
    }
    for key, name in (
        ("audio_bitrate", "audioBitrate"),
        ("video_bitrate", "videoBitrate"),
        ("encoding_max_rate", "encodingMaxRate"),
        ("encoding_buffer_size", "encodingBufferSize"),
    ):
        with pytest.raises(OptionError, match=f'^"{name}" must end in'):
            media(codec="h264", **options)
        options[key] = "1M"
    assert media(codec="h264", **options)


@pytest.mark.parametrize(
    ("options", "beginning"),
    [
        # A name is looked at after pixels and before scale.
        ({"output": "a.gif", "pixel_format": "rgb24"}, "Value rgb24"),
        ({"output": "a.gif", "scale": 0}, "When using the h264 codec"),
        # What ends the reference's render late speaks last.
        ({"codec": "mp3", "muted": True, "frame_range": -1}, "Frame must be a non-negative"),
        (
            {"hardware_acceleration": "required", "encoding_buffer_size": "1M", "scale": 0},
            '"scale" must be bigger',
        ),
        ({"separate_audio_to": "a.mp4", "muted": True}, "The file name of separateAudioTo"),
    ],
    ids=str,
)
def test_names_and_sound_have_their_place(options, beginning, media):
    with pytest.raises(OptionError) as caught:
        media(**{"codec": "h264", **options})
    assert caught.value.message.startswith(beginning)


def test_frames_are_looked_at_before_the_rate(media, composition):
    fast = composition(fps=Fraction(60))
    with pytest.raises(OptionError, match=r"^Frame number is out of range"):
        media(codec="gif", frame_range=90, composition=fast)
    with pytest.raises(OptionError, match=r"^The FPS for a GIF"):
        media(codec="gif", frame_range=89, composition=fast)


STRANGE = [
    True, False, 0, -1, 1.5, 10**400, float("nan"), float("inf"), "", "x", "\ud800", "\0", b"x",
    [], [[]], [None], (1, 2, 3), {}, {"a": {}}, {1}, object(), len, Fraction(1, 3), 1j,
]  # fmt: skip


@pytest.mark.parametrize("value", STRANGE, ids=[str(index) for index in range(len(STRANGE))])
@pytest.mark.parametrize(
    ("function", "arguments"),
    [("media", MediaArguments), ("sequence", SequenceArguments), ("still", StillArguments)],
)
def test_no_value_of_any_option_is_a_traceback(value, function, arguments, composition, request):
    resolve = request.getfixturevalue(function)
    sites = [{}] if function == "still" else [{}, {"composition": composition()}]
    for name in options_of(arguments):
        for site in sites:
            with suppress(OptionError):
                resolve(**site, **{name: value})
