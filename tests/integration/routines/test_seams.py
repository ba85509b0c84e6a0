"""However many functions render a film, its frames are those of one process."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import framefleet
from framefleet import aws
from framefleet.testing.local_lambda import Invocation, Throttle
from framefleet.testing.video import frames_of, presentation_times_s, read_stamps
from tests.services.fleet import Fleet

RATE = 30
# Functions at work at one time, as of a small account: others are refused, and come again.
MOST = 8


def pictures(film: Path) -> list[int]:
    return [hash(frame.to_ndarray(format="yuv420p").tobytes()) for frame in frames_of(film)]


@pytest.fixture
def small_account(fleet: Fleet) -> Fleet:
    """The fleet, which has not memory for many browsers."""

    def refuse(call: Invocation) -> Throttle | None:
        is_full = fleet.server.service.at_work >= MOST
        return Throttle() if call.type == "ResponseStream" and is_full else None

    fleet.faults.append(refuse)
    return fleet


@pytest.mark.parametrize(
    ("frames", "each", "chunks"), [(45, 23, 2), (45, 7, 7), (225, 5, 45)], ids=[2, 7, 45]
)
def test_a_film_of_any_number_of_chunks(small_account, pages, tmp_path, frames, each, chunks):
    props = {"width": 320, "height": 60, "durationInFrames": frames}
    done = small_account.render("stamped", "stamped", input_props=props, frames_per_lambda=each)
    assert (done.chunks, done.lambdas_invoked) == (chunks, chunks)
    film = tmp_path / "fleet.mp4"
    aws.download_media(bucket_name=done.bucket, render_id=done.render_id, out_path=film)
    local = framefleet.render_media(
        pages / "stamped.html", input_props=props, chunk_frames=each, concurrency=1,
        x264_preset="ultrafast", output=tmp_path / "local.mp4",
    ).path  # fmt: skip
    assert read_stamps(film) == list(range(frames))
    assert presentation_times_s(film) == [Fraction(n, RATE) for n in range(frames)]
    assert pictures(film) == pictures(local)
