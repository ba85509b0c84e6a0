"""Chunks of renders on Lambda: the reference's numbers and texts."""

from __future__ import annotations

import math

import pytest

from framefleet.domain.lambda_planning import chunk_count, frames_per_lambda
from framefleet.domain.timing import FrameRange
from framefleet.errors import OptionError


def refusal(count, **asked):
    with pytest.raises(OptionError) as caught:
        frames_per_lambda(count, **asked)
    return caught.value.message


@pytest.mark.parametrize(
    ("frames", "each", "chunks"),
    [
        (1, 1, 1),
        (5, 5, 1),
        (20, 20, 1),
        (21, 11, 2),
        (30, 15, 2),
        (100, 20, 5),
        (200, 20, 10),
        (300, 20, 15),
        (900, 20, 45),
        (1500, 20, 75),
        (1800, 22, 82),
        (3000, 35, 86),
        (9000, 80, 113),
        (18_000, 120, 150),
        (30_000, 200, 150),
        (36_000, 240, 150),
        (54_000, 360, 150),
    ],
)
def test_frames_of_a_function_by_default(frames, each, chunks):
    assert frames_per_lambda(frames) == each
    assert chunk_count(frames, each) == chunks
    assert len(FrameRange(0, frames).cut(each)) == chunks


@pytest.mark.parametrize(
    ("frames", "concurrency", "each"),
    [
        (100, 1, 100),
        (100, 3, 34),
        (100, 10, 10),
        (100, 200, 5),
        (3, 3, 3),
        (6, 6, 5),
        (100, 4.0, 25),
    ],
)
def test_concurrency_says_how_many_functions_there_are(frames, concurrency, each):
    assert frames_per_lambda(frames, concurrency=concurrency) == each


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("5", "'concurrency' needs to be a number, passed \"5\""),
        ({"a": 1}, "'concurrency' needs to be a number, passed {\"a\":1}"),
        (True, "'concurrency' needs to be a number, passed true"),
        (math.inf, "'concurrency' needs to be finite, passed Infinity"),
        (math.nan, "'concurrency' needs to be finite, passed NaN"),
        (1.5, "'concurrency' needs to be an integer, passed 1.5"),
        (0, "'concurrency' needs to be positive, passed 0"),
        (-3, "'concurrency' needs to be positive, passed -3"),
        (201, "'concurrency' cannot exceed 200, passed 201"),
    ],
)
def test_other_concurrencies_are_refused(value, message):
    assert refusal(100, concurrency=value) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("20", "'framesPerLambda' needs to be a number, passed \"20\""),
        (False, "'framesPerLambda' needs to be a number, passed false"),
        (math.inf, "'framesPerLambda' needs to be finite, passed Infinity"),
        (math.nan, "'framesPerLambda' needs to be finite, passed NaN"),
        (5.5, "'framesPerLambda' needs to be an integer, passed 5.5"),
        (4, "The framesPerLambda needs to be at least 5, but is 4"),
        (-20, "The framesPerLambda needs to be at least 5, but is -20"),
    ],
)
def test_other_frames_per_lambda_are_refused(value, message):
    assert refusal(100, frames_per_lambda=value) == message


@pytest.mark.parametrize(("frames", "least"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 5)])
def test_short_renders_may_have_short_chunks(frames, least):
    assert frames_per_lambda(frames, frames_per_lambda=least) == least
    assert frames_per_lambda(frames, frames_per_lambda=float(least)) == least
    assert frames_per_lambda(frames, concurrency=200) == least
    assert refusal(frames, frames_per_lambda=least - 1) == (
        f"The framesPerLambda needs to be at least {least}, but is {least - 1}"
    )


def test_only_one_of_both_is_asked_for():
    assert refusal(100, frames_per_lambda=20, concurrency=5) == (
        "Both 'framesPerLambda' and 'concurrency' were set. Please use only one of them."
    )


def test_there_are_at_most_200_functions():
    assert chunk_count(1000, 5) == 200
    with pytest.raises(OptionError) as caught:
        chunk_count(1001, 5)
    assert caught.value.message == (
        "Too many functions: This render would cause 201 functions to spawn. We limit this amount "
        "to 200 functions as more would result in diminishing returns. Values set: frameCount = "
        "1001, framesPerLambda=5. See https://remotion.dev/docs/lambda/concurrency"
        "#too-many-functions for help."
    )


@pytest.mark.parametrize(
    ("frames", "each", "inclusive"),
    [
        (FrameRange(0, 50), 20, [(0, 19), (20, 39), (40, 49)]),
        (FrameRange(10, 40, 2), 5, [(10, 19), (20, 29), (30, 38)]),
        (FrameRange(0, 40), 20, [(0, 19), (20, 39)]),
        (FrameRange(7, 8), 1, [(7, 7)]),
        (FrameRange(0, 101, 10), 5, [(0, 49), (50, 99), (100, 100)]),
    ],
)
def test_chunks_are_ranges_of_the_composition(frames, each, inclusive):
    ranges = frames.cut(each)
    expected = [list(range(first, last + 1, frames.step)) for first, last in inclusive]
    assert [list(one) for one in ranges] == expected
    assert len(ranges) == chunk_count(len(frames), each)
