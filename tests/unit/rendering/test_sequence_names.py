"""How the pictures of a sequence are named. # checklist 73"""

from __future__ import annotations

import pytest

from framefleet.domain.output import ImageFormat
from framefleet.domain.rules.names import DEFAULT_SEQUENCE_PATTERN
from framefleet.rendering.sequence import picture_names


def names(frames, *, every_nth_frame=1, pattern=DEFAULT_SEQUENCE_PATTERN, kind=ImageFormat.PNG):
    return picture_names(
        frames, every_nth_frame=every_nth_frame, pattern=pattern, image_format=kind
    )


@pytest.mark.parametrize(
    ("count", "first", "last"),
    [
        (5, "element-0.png", "element-4.png"),
        (100, "element-00.png", "element-99.png"),
        (101, "element-000.png", "element-100.png"),
        (1000, "element-000.png", "element-999.png"),
    ],
)
def test_numbers_have_the_digits_of_the_last_frame(count, first, last):
    made = names(range(count))
    assert (len(made), made[0], made[-1]) == (count, first, last)
    assert made == sorted(set(made))


def test_a_range_keeps_its_frame_numbers():
    assert names(range(98, 101)) == ["element-098.png", "element-099.png", "element-100.png"]


def test_listed_frames_keep_their_numbers_and_order():
    assert names([30, 5, 120]) == ["element-030.png", "element-005.png", "element-120.png"]


def test_every_nth_frame_counts_from_0():
    made = names(range(50, 83, 3), every_nth_frame=3)
    assert (len(made), made[0], made[-1]) == (11, "element-00.png", "element-10.png")
    assert names(range(0, 30, 3), every_nth_frame=3)[-1] == "element-9.png"


def test_a_jpeg_ends_in_jpeg():
    assert names([7], kind=ImageFormat.JPEG) == ["element-7.jpeg"]


def test_a_pattern_fills_in_every_frame_and_ext():
    made = names(range(9, 11), pattern="[ext]_[frame]-[frame].[ext]")
    assert made == ["png_09-09.png", "png_10-10.png"]
