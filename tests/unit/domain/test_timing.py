"""Frames and rates are exact."""

from __future__ import annotations

from fractions import Fraction

import pytest

from framefleet.domain.timing import FrameRange, parse_rate, split_evenly
from framefleet.errors import OptionError


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (5, 5), (5, 4), (-1, 3)])
def test_a_range_holds_at_least_one_frame_and_begins_at_zero(start, stop):
    with pytest.raises(ValueError, match="not a frame range"):
        FrameRange(start, stop)


@pytest.mark.parametrize(("length", "parts"), [(1, 1), (10, 3), (61, 4), (61, 7), (7, 7), (3, 9)])
@pytest.mark.parametrize("start", [0, 17])
def test_a_split_tiles_the_range_with_even_parts(length, parts, start):
    whole = FrameRange(start, start + length)
    found = whole.divide(split_evenly(length, parts))
    assert len(found) == min(parts, length)
    assert [frame for part in found for frame in range(part.start, part.stop)] == list(
        range(whole.start, whole.stop)
    )
    assert max(map(len, found)) - min(map(len, found)) <= 1


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        (30, Fraction(30)),
        ("25", Fraction(25)),
        (29.97, Fraction(2997, 100)),
        ("29.97", Fraction(2997, 100)),
        ("30000/1001", Fraction(30000, 1001)),
        (30000 / 1001, Fraction(30000, 1001)),
        (24000 / 1001, Fraction(24000, 1001)),
        (60000 / 1001, Fraction(60000, 1001)),
        (120000 / 1001, Fraction(120000, 1001)),
        (Fraction(50), Fraction(50)),
        (12.5, Fraction(25, 2)),
        (0.5, Fraction(1, 2)),
        ("1e2", Fraction(100)),
    ],
)
def test_rates_are_read_exactly(given, rate):
    assert parse_rate(given) == rate


@pytest.mark.parametrize(
    "given",
    [0, -30, "", "fast", "30/0", float("nan"), float("inf"), -float("inf"), 1e-9, None, [30]],
    ids=repr,
)
def test_what_is_no_rate_is_named(given):
    with pytest.raises(OptionError, match='"fps" must be a finite number above 0') as caught:
        parse_rate(given)
    assert repr(given) in str(caught.value)
