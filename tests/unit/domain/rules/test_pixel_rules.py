"""Pixels: formats of frames and pictures, transparency, colours (spec/encoding.md 1.4, 1.5, 2)."""

from __future__ import annotations

import pytest

from framefleet.domain.codecs import ALPHA_PIXEL_FORMATS, CODECS, Codec
from framefleet.domain.output import ColorSpace, ImageFormat
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

NAN, INF = float("nan"), float("inf")
NOT_PNG = (
    "Pixel format was set to '{}' but the image format is not PNG. To render transparent videos, "
    "you need to set PNG as the image format."
)
H264_FORMATS = "yuv420p, yuv422p, yuv444p, yuv420p10le, yuv422p10le, yuv444p10le"
COLOR_SPACES = '"default", "bt601", "bt709", "bt2020-ncl"'


def unsupported(codec, pixel_format, valid):
    return (
        {"codec": codec, "pixel_format": pixel_format, "image_format": "png"},
        OptionTypeError,
        f"Pixel format was set to '{pixel_format}' but codec {codec} does not support it. Valid "
        f"pixel formats for codec {codec} are: {valid}.",
    )


def no_pixel_format(given, text):
    message = f"Value {text} is not valid as a pixel format."
    return {"pixel_format": given}, OptionTypeError, message


def no_image_format(given, text):
    message = f"Value {text} is not valid as an image format."
    return {"image_format": given}, OptionTypeError, message


def not_png(codec, pixel_format):
    return (
        {"codec": codec, "pixel_format": pixel_format, "image_format": "jpeg"},
        OptionTypeError,
        NOT_PNG.format(pixel_format),
    )


REFUSED = [
    # checklist 20, 21
    ({"jpeg_quality": 101}, OptionRangeError, "JPEG Quality option must be between 0 and 100."),
    ({"jpeg_quality": -1}, OptionRangeError, "JPEG Quality option must be between 0 and 100."),
    (
        {"jpeg_quality": "80"},
        OptionError,
        'JPEG Quality option must be a number or undefined. Got string ("80")',
    ),
    (
        {"jpeg_quality": False},
        OptionError,
        "JPEG Quality option must be a number or undefined. Got boolean (false)",
    ),
    (
        {"jpeg_quality": [NAN]},
        OptionError,
        "JPEG Quality option must be a number or undefined. Got object ([null])",
    ),
    (
        {"jpeg_quality": NAN},
        OptionRangeError,
        "JPEG Quality must be a finite number, but is NaN",
    ),
    (
        {"jpeg_quality": -INF},
        OptionRangeError,
        "JPEG Quality must be a finite number, but is -Infinity",
    ),
    ({"jpeg_quality": 80.5}, OptionError, "Expected options.quality to be an integer"),
    # checklist 34
    no_pixel_format("rgb24", "rgb24"),
    no_pixel_format("", ""),
    no_pixel_format(420, "420"),
    no_pixel_format(["yuv420p", None], "yuv420p,"),
    # checklist 35
    unsupported("h264", "yuva420p", H264_FORMATS),
    unsupported("h265", "yuva420p", H264_FORMATS),
    unsupported("av1", "yuva420p", H264_FORMATS),
    unsupported("prores", "yuva420p", f"{H264_FORMATS}, yuva444p10le"),
    unsupported("gif", "yuva420p", f"{H264_FORMATS}, yuva444p10le"),
    # ours: the reference loses the transparency without a word
    unsupported("h264", "yuva444p10le", H264_FORMATS),
    unsupported("h264-ts", "yuva444p10le", H264_FORMATS),
    unsupported(
        "vp8",
        "yuva444p10le",
        "yuv420p, yuva420p, yuv422p, yuv444p, yuv420p10le, yuv422p10le, yuv444p10le",
    ),
    (
        {
            "codec": "prores",
            "pixel_format": "yuva444p10le",
            "image_format": "png",
            "prores_profile": "hq",
        },
        OptionTypeError,
        "Pixel format was set to 'yuva444p10le' but the ProRes profile hq does not support it. "
        "ProRes profiles with transparency are: 4444-xq, 4444.",
    ),
    # checklist 36
    not_png("vp8", "yuva420p"),
    not_png("vp9", "yuva420p"),
    not_png("prores", "yuva444p10le"),
    # image formats
    no_image_format("webp", "webp"),
    no_image_format("jpg", "jpg"),
    no_image_format(True, "true"),
    no_image_format({}, "[object Object]"),
    (
        {"image_format": "none"},
        OptionTypeError,
        "The image format is none, but codec h264 needs pictures.",
    ),
    # colour spaces
    (
        {"color_space": "srgb"},
        OptionError,
        f'Expected one of {COLOR_SPACES} for colorSpace but got "srgb"',
    ),
    (
        {"color_space": 709},
        OptionError,
        f'Expected one of {COLOR_SPACES} for colorSpace but got "709"',
    ),
]


@pytest.mark.parametrize(("options", "kind", "message"), REFUSED, ids=str)
def test_pixels_nobody_can_make_are_refused(options, kind, message, media, refused):
    assert refused(kind, message, media, **{"codec": "h264", **options})


def test_a_jpg_is_taken_for_a_slip(media, refused):
    message = "Value jpg is not valid as an image format."
    hint = refused(OptionTypeError, message, media, image_format="jpg")
    assert hint.startswith('Did you mean "jpeg"?')


# checklist 36: without an option the frames are JPEG, which the composition may change
def test_transparency_without_an_image_format_waits_for_the_composition(
    media, composition, refused
):
    options = {"codec": "vp9", "pixel_format": "yuva420p"}
    assert media(**options).video.pixel_format == "yuva420p"
    message = NOT_PNG.format("yuva420p")
    refused(OptionTypeError, message, media, composition=composition(), **options)
    filmed = media(composition=composition(default_video_image_format="png"), **options)
    assert filmed.capture.image_format is ImageFormat.PNG


@pytest.mark.parametrize("codec", [codec for codec, spec in CODECS.items() if spec.pixel_formats])
def test_each_format_of_the_table_becomes_the_encoders(codec, media):
    for asked, used in codec.spec.pixel_formats.items():
        assert media(codec=codec, pixel_format=asked, image_format="png").video.pixel_format == used


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("pixel_format", ALPHA_PIXEL_FORMATS)
def test_a_transparent_format_stays_transparent_or_is_refused(codec, pixel_format, media):
    options = {"codec": codec, "pixel_format": pixel_format, "image_format": "png"}
    known = codec.spec.pixel_formats
    if known and pixel_format not in known:
        with pytest.raises(OptionTypeError, match="does not support it"):
            media(**options)
    elif known:
        assert media(**options).video.pixel_format == pixel_format


@pytest.mark.parametrize(
    ("options", "defaults", "profile"),
    [
        ({}, {}, "hq"),
        ({}, {"default_prores_profile": "light"}, "light"),
        ({}, {"default_prores_profile": "unheard-of"}, "hq"),
        ({"prores_profile": "proxy"}, {"default_prores_profile": "light"}, "proxy"),
        ({"pixel_format": "yuva444p10le"}, {}, "4444"),
        ({"pixel_format": "yuva444p10le"}, {"default_prores_profile": "light"}, "4444"),
        ({"pixel_format": "yuva444p10le"}, {"default_prores_profile": "4444-xq"}, "4444-xq"),
        ({"pixel_format": "yuva444p10le", "prores_profile": "4444-xq"}, {}, "4444-xq"),
        ({}, {"default_pixel_format": "yuva444p10le"}, "4444"),
    ],
    ids=str,
)
def test_the_prores_profile_fits_the_pixels(options, defaults, profile, media, composition):
    found = media(
        codec="prores", image_format="png", composition=composition(**defaults), **options
    )
    assert found.video.prores_profile == profile


def test_a_prores_profile_of_the_composition_is_for_prores_only(media, composition):
    found = media(codec="h264", composition=composition(default_prores_profile="4444"))
    assert found.video.prores_profile is None


@pytest.mark.parametrize(
    ("given", "default", "image_format"),
    [
        (None, None, ImageFormat.JPEG),
        (None, "png", ImageFormat.PNG),
        ("jpeg", "png", ImageFormat.JPEG),
        ("png", None, ImageFormat.PNG),
    ],
)
def test_caller_then_composition_then_ours_decide_how_frames_are_taken(
    given, default, image_format, media, composition
):
    found = media(image_format=given, composition=composition(default_video_image_format=default))
    assert found.capture.image_format is image_format


def test_the_composition_may_choose_the_pixels(media, composition):
    site = composition(default_pixel_format="yuv444p")
    assert media(composition=site).video.pixel_format == "yuv444p"
    assert media(composition=site, pixel_format="yuv422p").video.pixel_format == "yuv422p"


@pytest.mark.parametrize("codec", ["mp3", "aac", "wav"])
def test_sound_alone_is_not_filmed(codec, media):
    found = media(codec=codec)
    assert found.capture.image_format is ImageFormat.NONE
    assert found.video is None


def test_a_gif_is_made_of_pictures(media):
    found = media(codec="gif", image_format="png")
    assert found.video is None
    assert found.capture.image_format is ImageFormat.PNG


@pytest.mark.parametrize("name", ColorSpace)
def test_every_colour_space_is_known(name, media):
    assert media(color_space=name.value).video.color_space is name


@pytest.mark.parametrize(("given", "quality"), [(None, 97), (0, 0), (100, 100), (55.0, 55)])
def test_a_jpeg_quality_is_a_percentage(given, quality, media):
    assert media(jpeg_quality=given).capture.jpeg_quality == quality


@pytest.mark.parametrize(
    ("options", "is_clean"),
    [({}, True), ({"jpeg_quality": 80}, False), ({"image_format": "png"}, True)],
)
def test_an_encoder_is_told_whether_pictures_are_clean(options, is_clean, media):
    assert media(**options).video.is_clean is is_clean


def test_pictures_that_are_the_result_are_smaller_than_those_of_a_video(still, sequence):
    assert still(image_format="jpeg").jpeg_quality == 80
    assert sequence().capture.jpeg_quality == 80


# Stills


@pytest.mark.parametrize(
    ("output", "given", "image_format"),
    [
        (None, None, ImageFormat.PNG),
        ("a.png", None, ImageFormat.PNG),
        ("a.jpg", None, ImageFormat.JPEG),
        ("a.JPEG", None, ImageFormat.JPEG),
        ("a.webp", None, ImageFormat.WEBP),
        ("a.pdf", None, ImageFormat.PDF),
        ("a", None, ImageFormat.PNG),
        ("a", "webp", ImageFormat.WEBP),
        ("a.picture", "pdf", ImageFormat.PDF),
        ("a.jpg", "jpeg", ImageFormat.JPEG),
        (None, "jpeg", ImageFormat.JPEG),
    ],
)
def test_a_still_goes_by_its_option_or_its_name(output, given, image_format, still):
    assert still(output=output, image_format=given).image_format is image_format


STILL_FORMATS = 'Image format should be one of: "png", "jpeg", "pdf", "webp"'


# checklist 59
@pytest.mark.parametrize(
    ("output", "given"),
    [(None, "gif"), ("a.gif", None), ("a.gif", "gif"), ("a.png", "none"), (None, 7), (None, {})],
)
def test_other_pictures_than_a_browser_takes_are_refused(output, given, still, refused):
    assert refused(OptionTypeError, STILL_FORMATS, still, output=output, image_format=given)


def test_name_and_option_of_a_still_must_agree(still, refused):
    message = (
        'Image format mismatch: a.png was given as the out name, but the image format "jpeg" was '
        "configured via --image-format. The image formats must match."
    )
    refused(OptionTypeError, message, still, output="a.png", image_format="jpeg")


QUALITY = "You can only pass the `quality` option if `imageFormat` is 'jpeg'."


@pytest.mark.parametrize("image_format", ["png", "webp", "pdf"])
def test_a_quality_is_for_jpeg_stills(image_format, still, refused):
    refused(OptionError, QUALITY, still, image_format=image_format, jpeg_quality=90)
    refused(OptionError, QUALITY, still, image_format=image_format, jpeg_quality="90")
    assert still(image_format="jpeg", jpeg_quality=90).jpeg_quality == 90


def test_a_quality_is_for_jpeg_sequences(sequence, refused):
    refused(OptionError, QUALITY, sequence, image_format="png", jpeg_quality=90)
    assert sequence(jpeg_quality=90).capture.jpeg_quality == 90


def test_stills_check_frame_quality_and_scale(still, refused):
    refused(OptionTypeError, 'Argument passed for "frame" is not a number: 1', still, frame="1")
    refused(OptionError, '"scale" must be bigger than 0, but is 0', still, scale=0)
    refused(
        OptionRangeError,
        "JPEG Quality option must be between 0 and 100.",
        still,
        output="a.jpg",
        jpeg_quality=101,
    )


# Sequences


def test_sequences_are_jpeg_by_default(sequence, composition):
    found = sequence()
    assert (found.capture.image_format, found.output.extension) == (ImageFormat.JPEG, "jpeg")
    assert (found.video, found.audio.codec, found.output.codec) == (None, None, None)
    assert sequence(image_format="png").output.extension == "png"
    default = sequence(composition=composition(default_video_image_format="png"))
    assert default.output.extension == "png"


@pytest.mark.parametrize("given", ["webp", "pdf", "gif", 3])
def test_sequences_are_of_what_videos_are_made_of(given, sequence, refused):
    message = f"Value {given} is not valid as an image format."
    refused(OptionTypeError, message, sequence, image_format=given)


def test_a_sequence_of_nothing_is_refused(sequence, refused):
    message = (
        "Cannot render an image sequence with a codec that renders no images. codec = null, "
        "imageFormat = none"
    )
    refused(OptionError, message, sequence, image_format="none")
