"""Options as text: frames, tags, rates."""

from __future__ import annotations

from fractions import Fraction

import pytest

from framefleet.domain.rules import parse_fps, parse_frames, parse_metadata
from framefleet.errors import OptionError, OptionTypeError


@pytest.mark.parametrize(
    ("given", "frames"),
    [
        ("5", 5),
        (" 0 ", 0),
        ("0-99", (0, 99)),
        ("7 - 9", (7, 9)),
        ("100-", (100, None)),
        ("-99", (0, 99)),
        ("0-9,30-39", [(0, 9), (30, 39)]),
        ("0-9, 30-", [(0, 9), (30, None)]),
        ("3,5-6", [(3, 3), (5, 6)]),
        ("9,3,5", [(3, 3), (5, 5), (9, 9)]),
    ],
)
def test_frames_are_read(given, frames):
    assert parse_frames(given) == frames


FLAG = "--frames flag must be "


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ("", OptionError, FLAG + "a single number, or 2 numbers separated by `-`"),
        (" ", OptionError, FLAG + "a single number, or 2 numbers separated by `-`"),
        ("a", OptionError, FLAG + "a frame number, range, or comma-separated selection"),
        ("1.5", OptionError, FLAG + "a frame number, range, or comma-separated selection"),
        ("-", OptionError, FLAG + "a frame number, range, or comma-separated selection"),
        ("5-x", OptionError, FLAG + "a frame number, range, or comma-separated selection"),
        ("٣", OptionError, FLAG + "a frame number, range, or comma-separated selection"),
        (
            "1-2-3",
            OptionError,
            FLAG + "a number or 2 numbers separated by '-', instead got 3 numbers",
        ),
        (
            "9-3",
            OptionError,
            "The second number of the --frames flag number should be greater or equal than first "
            "number",
        ),
        (
            "1,,2",
            OptionTypeError,
            "--frames must contain a frame or frame range between commas.",
        ),
        (
            "1,a",
            OptionError,
            'Invalid frame selector "a". Use a frame number, a range such as 0-9, or an open-ended '
            "range such as 100-.",
        ),
        (
            "0-5,-9",
            OptionError,
            'Invalid frame selector "-9". Use a frame number, a range such as 0-9, or an '
            "open-ended range such as 100-.",
        ),
        ("1,1", OptionTypeError, "The `frames` option must not contain duplicate frames."),
        # checklist 49
        (
            "0-5,5-9",
            OptionError,
            "Frame ranges must be ordered and non-overlapping, but got 0-5 followed by 5-9.",
        ),
        ("5-,9-10", OptionError, "An open-ended frame range must be the last range."),
    ],
)
def test_what_is_no_selection_of_frames_is_named(given, kind, message, refused):
    refused(kind, message, parse_frames, given)


# checklist 61
@pytest.mark.parametrize("given", ["title", "", "a=b=c"])
def test_a_tag_has_one_sign(given, refused):
    message = f'"metadata" must be in the format of key=value, but got {given}'
    assert refused(OptionError, message, parse_metadata, ("ok=1", given))


def test_tags_are_read_in_order():
    given = ("title=a b", "ARTIST=", "title=c")
    assert parse_metadata(given) == {"title": "c", "ARTIST": ""}
    assert parse_metadata(()) == {}


def test_rates_are_read():
    assert parse_fps("30") == 30
    assert parse_fps("29.97") == Fraction(2997, 100)
    assert parse_fps("30000/1001") == Fraction(30000, 1001)
    with pytest.raises(OptionError, match='"fps" must be a finite number above 0'):
        parse_fps("fast")
