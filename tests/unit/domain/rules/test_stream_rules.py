"""How many chunks are rendered at a time, and how long they are."""

from __future__ import annotations

import pytest

from framefleet.domain.rules import read_chunk_frames, read_concurrency
from framefleet.errors import OptionError, OptionTypeError


@pytest.mark.parametrize(
    ("given", "streams"),
    [(None, 3), (1, 1), (8, 8), (4.0, 4), ("4", 4), ("50%", 4), ("1%", 1), ("33.4%", 2),
     ("1000%", 8)],
)  # fmt: skip
def test_concurrency_is_a_number_or_a_share_of_the_cores(given, streams):
    assert read_concurrency(given, cores=8, default=3) == streams


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (0, "Minimum for concurrency is 1."),
        (-4, "Minimum for concurrency is 1."),
        ("-4", "Minimum for concurrency is 1."),
        (9, "Maximum for --concurrency is 8 (number of cores on this system)"),
        ("9", "Maximum for --concurrency is 8 (number of cores on this system)"),
        (1.5, "concurrency must be an integer, but is 1.5"),
        (float("nan"), "concurrency must be an integer, but is NaN"),
        ("many", 'concurrency must be a number or percentage, but is "many"'),
        ("half%", 'concurrency must be a number or percentage, but is "half%"'),
        ("inf%", 'concurrency must be a number or percentage, but is "inf%"'),
        ("nan%", 'concurrency must be a number or percentage, but is "nan%"'),
        ("", 'concurrency must be a number or percentage, but is ""'),
        (True, "concurrency must a number or a string but is true"),
        ([1, 2], "concurrency must a number or a string but is 1,2"),
    ],
)
def test_concurrency_has_bounds(given, message, refused):
    assert refused(OptionError, message, read_concurrency, given, cores=8, default=3)


@pytest.mark.parametrize("given", [0, -1, 1.5, "10", True, float("inf"), []])
def test_a_chunk_has_frames(given, refused):
    assert (read_chunk_frames(None), read_chunk_frames(20.0)) == (None, 20)
    with pytest.raises(OptionTypeError, match='"chunk_frames" must be a whole number above 0'):
        read_chunk_frames(given)
