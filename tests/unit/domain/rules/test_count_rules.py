"""Counts: every nth frame, and the loops and rate of a GIF (spec/encoding.md 2)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from framefleet.domain.codecs import Codec
from framefleet.domain.rules import check_gif_rate, read_every_nth_frame, read_gif_loops
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

NAN, INF = float("nan"), float("inf")
GIF_RATE = (
    "The FPS for a GIF cannot be higher than 50. Use the --every-nth-frame option to lower the "
    "FPS: https://remotion.dev/docs/render-as-gif"
)


def below(name, lowest, text):
    return OptionRangeError, f'The value for "{name}" cannot be below {lowest}, but is {text}'


def no_number(name, text):
    return OptionTypeError, f'Argument passed to "{name}" is not a number: {text}'


def no_integer(name, text):
    return OptionRangeError, f"Argument for {name} must be an integer, but got {text}"


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        # checklist 41
        (0, below("everyNthFrame", 1, "0")),
        (1.5, no_integer("everyNthFrame", "1.5")),
        (-3, below("everyNthFrame", 1, "-3")),
        (0.5, below("everyNthFrame", 1, "0.5")),
        (NAN, (OptionRangeError, '"everyNthFrame" NaN is not finite')),
        (INF, (OptionRangeError, '"everyNthFrame" Infinity is not finite')),
        ("2", no_number("everyNthFrame", "2")),
        (True, no_number("everyNthFrame", "true")),
        ({}, no_number("everyNthFrame", "[object Object]")),
    ],
    ids=str,
)
def test_the_step_is_a_whole_number(given, refusal, media, sequence, refused):
    kind, message = refusal
    assert refused(kind, message, media, every_nth_frame=given)
    assert refused(kind, message, sequence, every_nth_frame=given)


def test_a_step_is_not_missing(refused, media):
    message = 'Argument missing for parameter "everyNthFrame"'
    refused(OptionTypeError, message, read_every_nth_frame, None)
    assert media(every_nth_frame=3.0).every_nth_frame == 3
    assert media().every_nth_frame == 1


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        # checklist 42
        (-1, below("numberOfGifLoops", 0, "-1")),
        (1.5, no_integer("numberOfGifLoops", "1.5")),
        (INF, (OptionRangeError, '"numberOfGifLoops" Infinity is not finite')),
        (NAN, (OptionRangeError, '"numberOfGifLoops" NaN is not finite')),
        ("3", no_number("numberOfGifLoops", "3")),
        ([], no_number("numberOfGifLoops", "")),
        # ours: the file has 16 bits for it
        (
            65_536,
            (
                OptionRangeError,
                'The value for "numberOfGifLoops" cannot be above 65535, but is 65536',
            ),
        ),
    ],
    ids=str,
)
def test_loops_are_a_whole_number(given, refusal, media, refused):
    kind, message = refusal
    assert refused(kind, message, media, codec="gif", number_of_gif_loops=given)


# checklist 42
@pytest.mark.parametrize("codec", ["h264", "vp9", "mp3"])
def test_only_a_gif_loops(codec, media, refused):
    message = (
        f'"numberOfGifLoops" can only be set if "codec" is set to "gif". The codec is "{codec}"'
    )
    refused(OptionError, message, media, codec=codec, number_of_gif_loops=1)
    below_zero = below("numberOfGifLoops", 0, "-1")
    refused(*below_zero, media, codec=codec, number_of_gif_loops=-1)


@pytest.mark.parametrize("loops", [None, 0, 1, 65_535])
def test_loops_reach_the_output(loops, media):
    assert media(codec="gif", number_of_gif_loops=loops).output.gif_loops == loops
    assert read_gif_loops(Codec.GIF, loops) == loops


# checklist 43
@pytest.mark.parametrize("fps", [60, Fraction(60_000, 1001), Fraction(5001, 100)])
def test_a_gif_plays_at_most_50_frames_a_second(fps, media, composition, refused):
    site = composition(fps=Fraction(fps))
    hint = refused(OptionTypeError, GIF_RATE, media, codec="gif", composition=site)
    assert "every_nth_frame to 2" in hint
    media(codec="gif", composition=site, every_nth_frame=2)
    media(codec="h264", composition=site)


@pytest.mark.parametrize(
    ("codec", "fps", "step"),
    [(Codec.GIF, 50, 1), (Codec.GIF, 150, 3), (Codec.H264, 240, 1), (None, 120, 1)],
)
def test_other_rates_pass(codec, fps, step):
    check_gif_rate(codec, Fraction(fps), step)
