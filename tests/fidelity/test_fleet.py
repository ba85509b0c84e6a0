"""A minute with sound, by eight functions and by one machine: the same film."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import framefleet
from framefleet import aws
from framefleet.testing.video import (
    beep_times_s,
    decoded_samples,
    flash_times_s,
    frames_of,
    presentation_times_s,
    read_stamps,
)

SECONDS, RATE = 60, 30
FRAMES = SECONDS * RATE
FUNCTIONS = 8


def checksums(path: Path) -> list[int]:
    """One for each decoded frame."""
    return [hash(frame.to_ndarray(format="yuv420p").tobytes()) for frame in frames_of(path)]


@pytest.mark.timeout(300)
def test_a_minute_of_a_fleet_is_that_of_one_machine(fleet, pages, tmp_path):
    page = tmp_path / "minute" / "index.html"
    page.parent.mkdir()
    short = (pages / "beep_flash.html").read_text()
    page.write_text(short.replace("const SECONDS = 3;", f"const SECONDS = {SECONDS};"))
    aws.deploy_site(entry_point=page.parent, bucket_name=fleet.bucket, site_name="minute")
    done = fleet.render("minute", "BeepFlash", concurrency=FUNCTIONS)
    assert done.chunks == FUNCTIONS
    assert done.lambdas_invoked == FUNCTIONS
    film = tmp_path / "fleet.mp4"
    aws.download_media(bucket_name=done.bucket, render_id=done.render_id, out_path=film)
    local = framefleet.render_media(
        page, chunk_frames=FRAMES // FUNCTIONS, x264_preset="ultrafast",
        output=tmp_path / "local.mp4",
    ).path  # fmt: skip
    assert presentation_times_s(film) == [Fraction(n, RATE) for n in range(FRAMES)]
    assert read_stamps(film) == list(range(FRAMES))
    assert checksums(film) == checksums(local)
    fleet_sound, fleet_rate = decoded_samples(film)
    local_sound, local_rate = decoded_samples(local)
    assert fleet_rate == local_rate
    np.testing.assert_array_equal(fleet_sound, local_sound)
    flashes, beeps = flash_times_s(film), beep_times_s(film)
    assert len(flashes) == len(beeps) == SECONDS
    for flash, beep in zip(flashes, beeps, strict=True):
        assert beep == pytest.approx(float(flash), abs=0.005)
