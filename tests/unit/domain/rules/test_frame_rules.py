"""Frames: ranges, lists, stills (spec/encoding.md 2, 3.1, 3.2)."""

from __future__ import annotations

import math

import pytest

from framefleet.domain.rules import (
    read_frame_ranges,
    resolve_frames,
    resolve_still_frame,
)
from framefleet.domain.timing import FrameRange
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

NAN, INF = float("nan"), float("inf")
KIND = "Frame range must be a number or a tuple of numbers, but got object of type "
TUPLE = "Frame range must be a tuple, got an array with length "
FIRST = "The first value of frame range must be "
SECOND = "The second value of frame range must be "

MALFORMED = [
    # checklist 44
    (-1, OptionTypeError, "Frame must be a non-negative number, got -1"),
    (-INF, OptionTypeError, "Frame must be a non-negative number, got -Infinity"),
    (NAN, OptionTypeError, "Frame must be a finite number, got NaN"),
    (INF, OptionTypeError, "Frame must be a finite number, got Infinity"),
    (10**400, OptionTypeError, "Frame must be a finite number, got Infinity"),
    (1.5, OptionError, "Frame must be an integer, but got a float (1.5)"),
    # checklist 46
    ([5, 3], OptionError, SECOND + "not smaller than the first one, but got 5-3"),
    # checklist 48
    ([1.5, 3], OptionError, FIRST + "an integer, but got a float (1.5)"),
    ([3, 4.25], OptionError, SECOND + "an integer, but got a float (4.25)"),
    ([-1, 3], OptionError, FIRST + "non-negative, but got -1"),
    ([0, -2], OptionError, SECOND + "non-negative, but got -2"),
    ([NAN, 3], OptionTypeError, FIRST + "finite, but got NaN"),
    ((0, INF), OptionTypeError, SECOND + "finite, but got Infinity"),
    ([None, 5], OptionError, FIRST + "a number, but got object (null)"),
    (["0", 5], OptionError, FIRST + 'a number, but got string ("0")'),
    ([True, 5], OptionError, FIRST + "a number, but got boolean (true)"),
    ([0, "5"], OptionError, SECOND + 'a number or null, but got string ("5")'),
    ([0, [5]], OptionError, SECOND + "a number or null, but got object ([5])"),
    ([], OptionTypeError, TUPLE + "0"),
    ([1], OptionTypeError, TUPLE + "1"),
    ((1, 2, 3), OptionTypeError, TUPLE + "3"),
    # checklist 49
    ([[0, None], [5, 9]], OptionError, "An open-ended frame range must be the last range."),
    (
        [[0, 5], [5, 9]],
        OptionError,
        "Frame ranges must be ordered and non-overlapping, but got 0-5 followed by 5-9.",
    ),
    (
        [[20, 30], [0, None]],
        OptionError,
        "Frame ranges must be ordered and non-overlapping, but got 20-30 followed by 0-.",
    ),
    ([[0, 5], [9]], OptionTypeError, TUPLE + "1"),
    ([[0, 5], 9], OptionTypeError, TUPLE + "undefined"),
    ([[]], OptionTypeError, TUPLE + "0"),
    ([[0, 5], [9, 7]], OptionError, SECOND + "not smaller than the first one, but got 9-7"),
    # checklist 50
    ("a", OptionTypeError, KIND + "string"),
    ("0-9", OptionTypeError, KIND + "string"),
    (True, OptionTypeError, KIND + "boolean"),
    ({"first": 0}, OptionTypeError, KIND + "object"),
]


@pytest.mark.parametrize(("given", "kind", "message"), MALFORMED, ids=str)
def test_what_is_no_frame_range_is_named(given, kind, message, media, sequence, refused):
    assert refused(kind, message, media, frame_range=given)
    assert refused(kind, message, sequence, frame_range=given)


def outside(first, last, duration=90):
    return (
        f'The "durationInFrames" of the <Composition /> was evaluated to be {duration}, but frame '
        f"range {first}-{last} is not inbetween 0-{duration - 1}"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        # checklist 45
        (90, "Frame number is out of range, must be between 0 and 89 but got 90"),
        (7e9, "Frame number is out of range, must be between 0 and 89 but got 7000000000"),
        # checklist 47
        ([0, 90], outside(0, 90)),
        ([100, None], outside(100, 89)),
        ([[0, 5], [80, 95]], outside(80, 95)),
        ([90, 90], outside(90, 90)),
    ],
    ids=str,
)
def test_frames_outside_of_the_composition_are_refused(given, message, media, composition, refused):
    assert refused(OptionError, message, media, composition=composition(), frame_range=given)
    media(frame_range=given)


# checklist 70: the range is held against the length that was forced
def test_a_forced_length_is_what_counts(media, composition, refused):
    forced = composition(duration_in_frames=30)
    refused(OptionError, outside(0, 40, 30), media, composition=forced, frame_range=(0, 40))
    assert media(composition=composition(duration_in_frames=41), frame_range=(0, 40))


@pytest.mark.parametrize(
    ("given", "step", "frames"),
    [
        (None, 1, [range(90)]),
        (0, 1, [range(1)]),
        (7, 1, [range(7, 8)]),
        (7.0, 1, [range(7, 8)]),
        ((10, 19), 1, [range(10, 20)]),
        ([80, None], 1, [range(80, 90)]),
        ([89, 89], 1, [range(89, 90)]),
        ([[0, 2], [4, 5], [88, None]], 1, [range(3), range(4, 6), range(88, 90)]),
        # checklist 66
        ((3, 11), 3, [range(3, 12, 3)]),
        ([[0, 4], [7, 9]], 2, [range(0, 5, 2), range(7, 10, 2)]),
        (None, 100, [range(0, 90, 100)]),
    ],
    ids=str,
)
def test_ranges_hold_both_ends_and_step_from_their_first_frame(given, step, frames):
    found = resolve_frames(read_frame_ranges(given), 90, step)
    assert [list(part) for part in found] == [list(part) for part in frames]
    assert all(part.step == step for part in found)


LIST = "The `frames` option must "


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (5, OptionTypeError, LIST + "be an array of frame numbers."),
        ("1,2", OptionTypeError, LIST + "be an array of frame numbers."),
        ({}, OptionTypeError, LIST + "be an array of frame numbers."),
        ([], OptionTypeError, LIST + "contain at least one frame."),
        (["1"], OptionTypeError, LIST + "contain only numbers, but got string."),
        ([None], OptionTypeError, LIST + "contain only numbers, but got object."),
        ([1, NAN], OptionTypeError, LIST + "contain only finite numbers, but got NaN."),
        ([1, 2.5], OptionTypeError, LIST + "contain only integers, but got 2.5."),
        ([-1], OptionTypeError, LIST + "contain only non-negative numbers, but got -1."),
        ([1, 2, 1.0], OptionTypeError, LIST + "not contain duplicate frames."),
    ],
    ids=str,
)
def test_a_list_of_frames_is_checked(given, kind, message, sequence, refused):
    refused(kind, message, sequence, frames=given)


def test_a_listed_frame_lies_in_the_composition(sequence, composition, refused):
    message = "Frame 95 is out of range, must be between 0 and 89."
    refused(OptionRangeError, message, sequence, composition=composition(), frames=[3, 95, 90])


@pytest.mark.parametrize(
    ("given", "frames"),
    [
        ([5], [FrameRange(5, 6)]),
        ([7, 3, 4, 5, 0], [FrameRange(0, 1), FrameRange(3, 6), FrameRange(7, 8)]),
        ((89, 88), [FrameRange(88, 90)]),
    ],
)
def test_listed_frames_are_sorted_and_joined(given, frames, sequence):
    assert list(resolve_frames(sequence(frames=given).ranges, 90)) == frames


@pytest.mark.parametrize(
    ("options", "name"),
    [({"frame_range": (0, 3)}, "frameRange"), ({"every_nth_frame": 2}, "everyNthFrame")],
)
def test_a_list_of_frames_stands_alone(options, name, sequence, refused):
    message = f"The `frames` and `{name}` options are mutually exclusive."
    refused(OptionError, message, sequence, frames=[1], **options)


STILL = "Cannot use frame {}: Duration of composition is 90, therefore the {} frame that can be "


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        # checklist 58
        (90, OptionRangeError, STILL.format(90, "highest") + "rendered is 89"),
        (-91, OptionRangeError, STILL.format(-91, "lowest") + "rendered is -90"),
        (None, OptionTypeError, 'Argument missing for parameter "frame"'),
        ("0", OptionTypeError, 'Argument passed for "frame" is not a number: 0'),
        ([1, 2], OptionTypeError, 'Argument passed for "frame" is not a number: 1,2'),
        (True, OptionTypeError, 'Argument passed for "frame" is not a number: true'),
        (NAN, OptionRangeError, "Frame NaN is not finite"),
        (-INF, OptionRangeError, "Frame -Infinity is not finite"),
        (1.5, OptionRangeError, "Argument for frame must be an integer, but got 1.5"),
    ],
    ids=str,
)
def test_the_frame_of_a_still_lies_in_the_composition(given, kind, message, refused):
    assert refused(kind, message, resolve_still_frame, given, 90)


@pytest.mark.parametrize(
    ("given", "frame"), [(0, 0), (89, 89), (-1, 89), (-90, 0), (3.0, 3), (-0.0, 0)]
)
def test_negative_frames_of_a_still_count_from_the_end(given, frame):
    assert resolve_still_frame(given, 90) == frame


def test_a_still_is_checked_before_its_composition_is_known():
    assert resolve_still_frame(10**9, math.inf) == 10**9
    assert resolve_still_frame(-5, math.inf) == -5
