"""Sizes, rates and lengths (spec/encoding.md 2, 3.3, 3.4)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from framefleet.domain.codecs import Codec
from framefleet.domain.rules import (
    layout_size,
    read_dimension,
    read_duration,
    read_fps,
    read_overrides,
    read_scale,
)
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

NAN, INF = float("nan"), float("inf")
WHERE = "passed to `stitchFramesToVideo()`"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        # checklist 40
        (0, '"scale" must be bigger than 0, but is 0'),
        (17, '"scale" must be smaller or equal than 16, but is 17'),
        (NAN, "`scale` should not be NaN, but is NaN"),
        (-1.5, '"scale" must be bigger than 0, but is -1.5'),
        (16.000001, '"scale" must be smaller or equal than 16, but is 16.000001'),
        (INF, '"scale" must be finite, but is Infinity'),
        (-INF, '"scale" must be finite, but is -Infinity'),
        ("2", 'Scale should be a number or undefined, but is ""2""'),
        (True, 'Scale should be a number or undefined, but is "true"'),
        ([2], 'Scale should be a number or undefined, but is "[2]"'),
    ],
    ids=str,
)
def test_scale_has_bounds(given, message, media, still, sequence, refused):
    for function in (media, still, sequence):
        assert refused(OptionError, message, function, scale=given)


@pytest.mark.parametrize(
    ("given", "scale"), [(1, 1.0), (16, 16.0), (1e-9, 1e-9), (Fraction(1, 3), 1 / 3)]
)
def test_scale_is_a_number(given, scale):
    assert read_scale(given) == scale


@pytest.mark.parametrize("name", ["width", "height"])
@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        # checklist 51
        (0, OptionTypeError, "must be positive, but got 0."),
        (-2, OptionTypeError, "must be positive, but got -2."),
        (1.5, OptionTypeError, "must be an integer, but is 1.5."),
        (NAN, OptionTypeError, "must not be NaN, but is NaN."),
        (INF, OptionTypeError, "must be finite, but is Infinity."),
        ("100", OptionError, "must be a number, but you passed a value of type string"),
        (True, OptionError, "must be a number, but you passed a value of type boolean"),
        ([1], OptionError, "must be a number, but you passed a value of type object"),
        # ours
        (65_536, OptionRangeError, "must be at most 65535, but got 65536."),
    ],
    ids=str,
)
def test_edges_are_whole_numbers(name, given, kind, message, refused):
    text = f'The "{name}" prop {WHERE} {message}'
    refused(kind, text, read_dimension, given, name, WHERE)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        # checklist 52
        (0, OptionTypeError, '"fps" must be positive, but got 0 {}'),
        (NAN, OptionError, '"fps" must be a finite, but you passed NaN {}'),
        ("30", OptionError, '"fps" must be a number, but you passed a value of type string {}'),
        (-30, OptionTypeError, '"fps" must be positive, but got -30 {}'),
        (INF, OptionError, '"fps" must be a finite, but you passed Infinity {}'),
        (True, OptionError, '"fps" must be a number, but you passed a value of type boolean {}'),
        ([], OptionError, '"fps" must be a number, but you passed a value of type object {}'),
        (1e-9, OptionTypeError, '"fps" must be positive, but got 1e-9 {}'),
        (1e300, OptionRangeError, '"fps" is too high: 1e+300 {}'),
    ],
    ids=str,
)
def test_a_rate_is_a_number_above_0(given, kind, message, refused):
    assert refused(kind, message.format(WHERE), read_fps, given, WHERE)


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        (30, Fraction(30)),
        (29.97, Fraction(2997, 100)),
        (30000 / 1001, Fraction(30000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        ("25/2", Fraction(25, 2)),
        (Fraction(24000, 1001), Fraction(24000, 1001)),
    ],
)
def test_rates_are_exact(given, rate):
    assert read_fps(given) == rate


@pytest.mark.parametrize("given", ["30/0", "a/b", "-30/1", "1/2/3"])
def test_a_ratio_is_of_two_numbers(given):
    with pytest.raises(OptionError, match='"fps" must be a finite number above 0'):
        read_fps(given)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        # checklist 53
        (0, OptionTypeError, "must be positive, but got 0."),
        (1.5, OptionTypeError, "must be an integer, but got 1.5."),
        (-1, OptionTypeError, "must be positive, but got -1."),
        (NAN, OptionTypeError, "must be an integer, but got NaN."),
        (INF, OptionTypeError, "must be an integer, but got Infinity."),
        ("90", OptionError, "must be a number, but you passed a value of type string"),
        (None, OptionError, "is missing."),
        (False, OptionError, "must be a number, but you passed a value of type boolean"),
        (2**31, OptionRangeError, "must be at most 2147483647, but got 2147483648."),
    ],
    ids=str,
)
def test_a_length_is_a_whole_number(given, kind, message, refused):
    refused(kind, f'The "durationInFrames" prop {WHERE} {message}', read_duration, given, WHERE)


def test_what_is_not_forced_stays():
    assert read_overrides(None, None, None, None) == {
        "width": None,
        "height": None,
        "fps": None,
        "duration_in_frames": None,
    }
    assert read_overrides(1280.0, 720, 29.97, 90) == {
        "width": 1280,
        "height": 720,
        "fps": Fraction(2997, 100),
        "duration_in_frames": 90,
    }


def test_forced_values_are_named(refused):
    refused(
        OptionTypeError,
        'The "height" prop in the options must be positive, but got 0.',
        read_overrides, 1, 0, 30, 1,
    )  # fmt: skip


# checklist 67, 68, 69
@pytest.mark.parametrize(
    ("codec", "size", "scale", "layout"),
    [
        ("h264", (1081, 721), 1, (1080, 720)),
        ("h264-mkv", (1081, 721), 1, (1080, 720)),
        ("h264-ts", (1081, 721), 1, (1080, 720)),
        ("h265", (1081, 721), 1, (1080, 720)),
        ("av1", (1081, 721), 1, (1080, 720)),
        ("vp8", (1081, 721), 1, (1081, 721)),
        ("vp9", (1081, 721), 1, (1081, 721)),
        ("prores", (1081, 721), 1, (1081, 721)),
        ("gif", (1081, 721), 1, (1081, 721)),
        (None, (1081, 721), 1, (1081, 721)),
        ("h264", (1279, 719), 1.5, (1277, 717)),
        ("h264", (1080, 720), 0.333, (1080, 720)),
        ("h264", (3, 3), 0.5, (3, 3)),
    ],
)
def test_pages_are_laid_out_as_the_codec_needs(codec, size, scale, layout):
    width, height = size
    assert layout_size(Codec(codec) if codec else None, width, height, scale) == layout


@pytest.mark.parametrize(
    ("codec", "size", "scale", "name"),
    [
        (Codec.H264, (1, 100), 1, "width"),
        (Codec.H264, (100, 1), 1, "height"),
        (None, (100, 100), 0.001, "width"),
        (Codec.VP8, (100, 3), 0.1, "height"),
    ],
)
def test_a_picture_of_nothing_is_refused(codec, size, scale, name, refused):
    message = f'The "{name}" prop of the output must be positive, but got 0.'
    refused(OptionTypeError, message, layout_size, codec, *size, scale)


def test_a_picture_may_not_be_larger_than_files_can_say(refused, media, composition):
    message = 'The "height" prop of the output must be at most 65535, but got 80000.'
    refused(OptionRangeError, message, layout_size, None, 100, 5000, 16)
    refused(OptionRangeError, message, media, composition=composition(height=5000), scale=16)
