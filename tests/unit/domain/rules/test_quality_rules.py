"""Quality: crf, bitrates, key frames, profiles and presets (spec/encoding.md 2)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from framefleet.domain.codecs import PRORES_PROFILES, X264_PRESETS, Codec
from framefleet.domain.output import HardwareAcceleration
from framefleet.domain.rules.quality import read_bitrate
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

NAN, INF = float("nan"), float("inf")
CRF_0 = (
    "Setting the CRF to 0 with a H264 codec is not supported anymore because of it's "
    "inconsistencies between platforms. Videos with CRF 0 cannot be played on iOS/macOS. 0 is a "
    "extreme value with inefficient settings which you probably do not want. Set CRF to a higher "
    "value to fix this error."
)
PRESETS = ", ".join(f'"{name}"' for name in X264_PRESETS)
PROFILES = '"4444-xq", "4444", "hq", "standard", "light", "proxy"'
REQUIRED = (
    'When using hardware accelerated encoding, the option "{}" with hardware acceleration is not '
    'supported. Disable hardware accelerated encoding or use "if-possible" instead.'
)


def crf_range(codec, low, high, given):
    return (
        {"codec": codec, "crf": given},
        OptionTypeError,
        f"CRF must be between {low} and {high} for codec {codec}. Passed: {given}",
    )


def no_crf(codec):
    return (
        {"codec": codec, "crf": 18},
        OptionTypeError,
        f'The "{codec}" codec does not support the --crf option.',
    )


def no_number(given, json):
    return {"crf": given}, OptionTypeError, f"Expected CRF to be a number, but is {json}"


def no_gop(given):
    text = "The GOP size must be an integer greater than 0 or null."
    return {"gop_size": given}, OptionTypeError, text


def other_codec_profile(codec):
    return (
        {"codec": codec, "prores_profile": "hq"},
        OptionTypeError,
        f'You have set a ProRes profile but the codec is "{codec}". Set the codec to "prores" or '
        "remove the ProRes profile.",
    )


def unknown_profile(given, text):
    return (
        {"codec": "prores", "prores_profile": given},
        OptionTypeError,
        f'The ProRes profile "{text}" is not valid. Valid options are {PROFILES}',
    )


def other_codec_preset(codec):
    return (
        {"codec": codec, "x264_preset": "fast"},
        OptionTypeError,
        f'You have set a x264 preset but the codec is "{codec}". Set the codec to "h264" or '
        "remove the Preset profile.",
    )


def unknown_preset(given, text):
    return (
        {"x264_preset": given},
        OptionTypeError,
        f'The Preset profile "{text}" is not valid. Valid options are {PRESETS}',
    )


REFUSED = [
    (
        {"codec": "vp8", "x264_tuning": "page"},
        OptionTypeError,
        'You have set a x264 tuning but the codec is "vp8".',
    ),
    (
        {"x264_tuning": "film"},
        OptionTypeError,
        '"x264Tuning" must be one of page, none, but is "film".',
    ),
    # checklist 22, 23
    (
        {"crf": 18, "video_bitrate": "5M"},
        OptionError,
        '"crf" and "videoBitrate" can not both be set. Choose one of either.',
    ),
    (
        {"crf": 0, "video_bitrate": "5M"},
        OptionError,
        '"crf" and "videoBitrate" can not both be set. Choose one of either.',
    ),
    (
        {"encoding_max_rate": "5M"},
        OptionError,
        '"encodingMaxRate" can not be set without also setting "encodingBufferSize".',
    ),
    # checklist 24
    *[({"codec": codec, "crf": 0}, OptionTypeError, CRF_0) for codec in ("h264", "h264-mkv")],
    ({"codec": "h264-ts", "crf": 0.0}, OptionTypeError, CRF_0),
    # checklist 25
    crf_range("h264", 1, 51, 52),
    crf_range("h264", 1, 51, -1),
    crf_range("h265", 0, 51, 52),
    crf_range("vp8", 4, 63, 3),
    crf_range("vp8", 4, 63, 64),
    crf_range("vp9", 0, 63, 64),
    crf_range("vp9", 0, 63, -1),
    crf_range("av1", 0, 63, 64),
    crf_range("h264", 1, 51, 51.5),
    (
        {"crf": INF},
        OptionTypeError,
        "CRF must be between 1 and 51 for codec h264. Passed: Infinity",
    ),
    # checklist 26
    *[no_crf(codec) for codec in ("gif", "prores", "mp3", "aac", "wav")],
    # checklist 27
    no_number("18", '"18"'),
    no_number(True, "true"),
    no_number([18], "[18]"),
    no_number({"crf": None}, '{"crf":null}'),
    # ours: encoders take whole numbers
    ({"crf": 18.5}, OptionTypeError, "CRF must be a whole number, but is 18.5."),
    ({"crf": NAN}, OptionTypeError, "CRF must be a whole number, but is NaN."),
    # checklist 28
    *[no_gop(given) for given in (0, 1.5, -3, NAN, INF, "15", True, [15])],
    # checklist 30, 31
    *[other_codec_profile(codec) for codec in ("h264", "vp9", "gif", "mp3")],
    unknown_profile("ultra", "ultra"),
    unknown_profile(4, "4"),
    unknown_profile({}, "[object Object]"),
    unknown_profile([], ""),
    # checklist 32, 33
    *[other_codec_preset(codec) for codec in ("vp8", "h265", "prores", "gif", "aac")],
    unknown_preset("turbo", "turbo"),
    unknown_preset(["fast", "slow"], "fast,slow"),
    # checklist 57
    (
        {"crf": 18, "hardware_acceleration": "required"},
        OptionError,
        '"crf" option is not supported with hardware acceleration',
    ),
    (
        {"encoding_buffer_size": "1M", "hardware_acceleration": "required"},
        OptionError,
        REQUIRED.format("encodingBufferSize"),
    ),
    (
        {
            "encoding_buffer_size": "1M",
            "encoding_max_rate": "1M",
            "hardware_acceleration": "required",
        },
        OptionError,
        REQUIRED.format("encodingBufferSize"),
    ),
    (
        {"hardware_acceleration": "yes"},
        OptionError,
        "Invalid value for --hardware-acceleration: yes",
    ),
]


@pytest.mark.parametrize(("options", "kind", "message"), REFUSED, ids=str)
def test_what_a_codec_cannot_do_is_refused_in_the_references_words(
    options, kind, message, media, refused
):
    hint = refused(kind, message, media, **{"codec": "h264", **options})
    assert hint or "Disable hardware" in message


def bitrates():
    for key, name in (
        ("audio_bitrate", "audioBitrate"),
        ("video_bitrate", "videoBitrate"),
        ("encoding_buffer_size", "encodingBufferSize"),
    ):
        number = f'"{name}" must be a string ending in "K" or "M". Got a number: '
        yield key, 5, number + "5"
        yield key, 5e6, number + "5000000"
        yield key, NAN, number + "NaN"
        other = f'"{name}" must be a string or null, but got '
        yield key, True, other + "true"
        yield key, ["5M"], other + '["5M"]'
        suffix = f'"{name}" must end in "K", "k" or "M", but got '
        yield key, "5", suffix + '"5"'
        yield key, "1m", suffix + '"1m"'
        yield key, "", suffix + '""'
        # Ours: the reference looks at the suffix only.
        odd = f'"{name}" must be a number and "K", "k" or "M", but got '
        yield key, "M", odd + '"M"'
        yield key, "fastK", odd + '"fastK"'
        yield key, "-5M", odd + '"-5M"'
        yield key, "٣M", odd + '"٣M"'


# checklist 29
@pytest.mark.parametrize(("key", "given", "message"), list(bitrates()), ids=str)
def test_bitrates_are_text_with_a_unit(key, given, message, media, refused):
    refused(OptionTypeError, message, media, codec="h264", **{key: given})


@pytest.mark.parametrize("given", ["0K", "0.0M", "0.0001K", "2148M", "999999999999M"])
def test_bitrates_fit_an_encoder(given, media, refused):
    message = f'"videoBitrate" must be above 0 and at most 2147M, but got "{given}"'
    refused(OptionRangeError, message, media, codec="h264", video_bitrate=given)


@pytest.mark.parametrize(
    ("given", "bits"),
    [("5M", 5_000_000), ("800K", 800_000), ("800k", 800_000), ("1.5M", 1_500_000),
     ("0.064M", 64_000), ("2147M", 2_147_000_000)],
)  # fmt: skip
def test_bitrates_count_in_thousands_as_ffmpeg_does(given, bits):
    assert read_bitrate(given, "videoBitrate") == bits


def test_the_maximum_rate_has_its_own_name_in_messages(media, refused):
    refused(
        OptionTypeError,
        '"encodingMaxRate" must end in "K", "k" or "M", but got "5"',
        media,
        encoding_max_rate="5",
        encoding_buffer_size="5M",
    )


# checklist 2: the default of each codec
@pytest.mark.parametrize(
    ("codec", "crf"),
    [("h264", 18), ("h265", 23), ("vp8", 9), ("vp9", 28), ("av1", 30), ("prores", None),
     ("h264-mkv", 18), ("h264-ts", 18)],
)  # fmt: skip
def test_without_a_quality_the_codecs_own_is_used(codec, crf, media):
    video = media(codec=codec).video
    assert (video.crf, video.bitrate, video.max_rate, video.buffer_size) == (crf, None, None, None)
    assert video.encoder == Codec(codec).spec.encoder


@pytest.mark.parametrize(
    ("codec", "crf"), [("h264", 1), ("h264", 51), ("h265", 0), ("vp8", 63), ("vp9", 0), ("av1", 63)]
)
def test_a_crf_in_range_is_kept(codec, crf, media):
    assert media(codec=codec, crf=crf).video.crf == crf
    assert media(codec=codec, crf=float(crf)).video.crf == crf


def test_a_bitrate_takes_the_place_of_the_crf(media):
    video = media(video_bitrate="5M", encoding_max_rate="6M", encoding_buffer_size="12M").video
    assert (video.crf, video.bitrate) == (None, 5_000_000)
    assert (video.max_rate, video.buffer_size) == (6_000_000, 12_000_000)


def test_a_buffer_may_stand_alone(media):
    video = media(encoding_buffer_size="12M", crf=20).video
    assert (video.crf, video.max_rate, video.buffer_size) == (20, None, 12_000_000)


@pytest.mark.parametrize("profile", PRORES_PROFILES)
def test_every_prores_profile_is_known(profile, media):
    assert media(codec="prores", prores_profile=profile).video.prores_profile == profile


@pytest.mark.parametrize("preset", X264_PRESETS)
@pytest.mark.parametrize("codec", ["h264", "h264-mkv", "h264-ts"])
def test_every_x264_preset_is_known(codec, preset, media):
    assert media(codec=codec, x264_preset=preset).video.preset == preset


@pytest.mark.parametrize(
    ("codec", "given", "tuning"),
    [
        ("h264", None, "page"),
        ("h264-mkv", None, "page"),
        ("h264-ts", "none", "none"),
        ("h265", None, None),
        ("vp9", None, None),
    ],
)
def test_presets_of_x264_are_tuned_for_pages_unless_told_otherwise(codec, given, tuning, media):
    assert media(codec=codec, x264_tuning=given).video.tuning == tuning


def test_what_is_not_set_is_left_to_the_encoder(media):
    video = media().video
    assert (video.preset, video.gop_size, video.prores_profile) == (None, None, None)
    assert media(gop_size=15).video.gop_size == 15


@pytest.mark.parametrize(
    ("options", "warnings"),
    [
        ({"codec": "prores", "video_bitrate": "5M"},
         ["ProRes does not support videoBitrate. Ignoring."]),
        ({"codec": "prores", "crf": 0}, ['ProRes does not support the "crf" option. Ignoring.']),
        ({"codec": "mp3", "video_bitrate": "5M"}, ["mp3 does not support videoBitrate. Ignoring."]),
        ({"codec": "wav", "crf": 0}, ['wav does not support the "crf" option. Ignoring.']),
        ({"codec": "gif", "video_bitrate": "5M"}, ["gif does not support videoBitrate. Ignoring."]),
        ({"codec": "gif", "crf": 0}, ['gif does not support the "crf" option. Ignoring.']),
        ({"codec": "gif", "gop_size": 5}, ["gif does not support gopSize. Ignoring."]),
        ({"codec": "aac", "encoding_max_rate": "1M", "encoding_buffer_size": "1M"},
         ["aac does not support encodingMaxRate. Ignoring.",
          "aac does not support encodingBufferSize. Ignoring."]),
        ({"codec": "wav", "audio_bitrate": "128K"},
         ["pcm-16 does not support audioBitrate. Ignoring."]),
        ({"muted": True, "audio_bitrate": "128K"},
         ["A render without sound does not support audioBitrate. Ignoring."]),
        ({"codec": "mp3", "image_format": "png"}, ["mp3 does not support imageFormat. Ignoring."]),
        ({"codec": "vp8", "pixel_format": "yuv444p10le"},
         ["vp8 does not support the pixel format yuv444p10le. Using yuv420p."]),
        ({"codec": "gif", "pixel_format": "yuv444p"},
         ["gif does not support the pixel format yuv444p. Ignoring."]),
        ({"codec": "vp9", "sample_rate": 44100},
         ["opus does not support a sample rate of 44100. Using 48000."]),
        ({"codec": "h264", "crf": 20, "audio_bitrate": "128K", "gop_size": 5}, []),
        ({"codec": "prores"}, []),
    ],
    ids=str,
)  # fmt: skip
def test_an_option_of_no_use_is_named_not_dropped(options, warnings, media):
    assert list(media(**options).warnings) == warnings


def test_ignored_rates_do_not_reach_the_encoder(media):
    video = media(codec="prores", video_bitrate="5M", encoding_buffer_size="1M").video
    assert (video.bitrate, video.max_rate, video.buffer_size) == (None, None, None)


@pytest.mark.parametrize(
    ("options", "blocking"),
    [
        ({}, None),
        ({"video_bitrate": "5M"}, None),
        ({"crf": 18}, "crf"),
        ({"crf": 18, "encoding_buffer_size": "1M"}, "encodingBufferSize"),
        (
            {"crf": 18, "encoding_max_rate": "1M", "encoding_buffer_size": "1M"},
            "encodingBufferSize",
        ),
    ],
)
def test_the_first_option_that_needs_software_is_named(options, blocking, media):
    found = media(hardware_acceleration="if-possible", **options)
    assert found.hardware is HardwareAcceleration.IF_POSSIBLE
    assert found.blocking_option == blocking


def test_hardware_may_be_required_with_a_bitrate(media):
    found = media(hardware_acceleration="required", video_bitrate="5M")
    assert (found.hardware, found.blocking_option) == (HardwareAcceleration.REQUIRED, None)


def test_numbers_of_other_libraries_are_no_traceback(media, refused):
    refused(
        OptionTypeError,
        'Expected CRF to be a number, but is "18"',
        media,
        codec="h264",
        crf=Decimal(18),
    )
