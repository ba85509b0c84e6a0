"""From the requests for a film's frames to the next one."""

from __future__ import annotations

from itertools import pairwise

import pytest

from framefleet.encoding.film_requests import REMEMBERED, FilmRequests


@pytest.mark.parametrize("fps", [24, 25, 30000 / 1001, 30, 60])
@pytest.mark.parametrize("speed", [0.25, 1, 1.5, 8])
def test_a_film_played_steadily(fps, speed):
    requests = FilmRequests()
    steps = [requests.note(1 + frame / fps * speed) for frame in range(200)]
    assert steps[:2] == [None, None]
    assert steps[2:] == pytest.approx([speed / fps] * 198)


@pytest.mark.parametrize("offsets", [[0, 0.5, 3, 20, 21], [0, 5 / 30, 10 / 30, 15 / 30], [0, 0, 4]])
def test_places_side_by_side_have_the_step_of_their_frames(offsets):
    """A page that shows a film at many places asks for all of them, frame after frame."""
    requests = FilmRequests()
    for frame in range(100):
        steps = [requests.note(offset + frame / 30) for offset in offsets]
        if frame > 2:
            assert steps == pytest.approx([1 / 30] * len(offsets))


def test_places_have_speeds_of_their_own():
    speeds = [1, 0.5, 1.7]
    requests = FilmRequests()
    for frame in range(100):
        steps = [requests.note(10 * n + frame / 30 * speed) for n, speed in enumerate(speeds)]
    assert steps == pytest.approx([speed / 30 for speed in speeds])


def test_cuts_loops_and_stills_have_no_step():
    requests = FilmRequests()
    for frame in range(10):
        requests.note(frame / 30)
    assert requests.note(0.851) is None
    assert requests.note(5) is None
    assert requests.note(5) is None
    assert requests.note(5) is None
    assert requests.note(0) is None


def test_two_streams_make_no_step_of_each_other_s_requests():
    """One jumps to where a third request of equal steps would be, were all of one mind."""
    requests = FilmRequests()
    for frame in range(38):
        requests.note(frame / 30)
        requests.note((37 + frame) / 30)
    for frame in range(76, 85):
        requests.note(frame / 30)
    assert requests.note(112 / 30) is None
    assert requests.note(85 / 30) == pytest.approx(1 / 30)


@pytest.mark.parametrize("turns", [(3, 1), (1, 4), (2, 2)])
def test_streams_that_take_turns_unevenly_keep_their_steps(turns):
    requests = FilmRequests()
    frames = [0, 300]
    for round_ in range(40):
        for stream, turn in enumerate(turns):
            for _ in range(turn):
                step_s = requests.note(frames[stream] / 30)
                frames[stream] += 1
                if round_ > 2:
                    assert step_s == pytest.approx(1 / 30)


def test_only_the_last_are_remembered():
    requests = FilmRequests()
    for place in range(1000):
        requests.note(place * 10.0)
    assert requests.count == 1000
    assert [place for place in range(1000) if requests.has(place * 10.0, 0.1)] == [
        *range(1000 - REMEMBERED, 1000)
    ]
    assert not requests.has(9995.0, 0.1)


def test_times_that_steps_add_up_to_may_be_rounded():
    requests = FilmRequests()
    times = [frame / 30 for frame in range(36)]
    for time_s in times:
        requests.note(time_s)
    sums = [before + (before - one) for one, before in pairwise(times[:-1])]
    assert sums != times[2:]
    assert all(requests.has(time_s, 1 / 30) for time_s in sums)
    assert not requests.has(36 / 30, 1 / 30)
