"""Every codec, by several functions: the film is that of one machine, and its sound has no seam."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import framefleet
from framefleet import aws
from framefleet.testing.video import decoded_samples, frames_of, presentation_times_s, read_stamps

FPS, RATE = 30, 48_000
# Seams at frames 22 and 34, in the middle of packets of every codec.
FIRST, LAST, CHUNK = 10, 45, 12
FRAMES = LAST - FIRST + 1
SECONDS = FRAMES / FPS


@pytest.fixture
def sweep(fleet, pages: Path, tmp_path: Path) -> Path:
    """The page, deployed to the fleet."""
    folder = tmp_path / "sweep"
    folder.mkdir()
    page = folder / "index.html"
    page.write_text((pages / "sweep.html").read_text())
    aws.deploy_site(entry_point=folder, bucket_name=fleet.bucket, site_name="sweep")
    return page


def streams(film: Path) -> set[str]:
    with av.open(str(film)) as container:
        return {stream.codec_context.name for stream in container.streams}


def pictures(film: Path) -> list[bytes]:
    return [frame.to_ndarray(format="rgb24").tobytes() for frame in frames_of(film)]


def true_sound() -> np.ndarray:
    """What the page plays within the frames that are rendered: (samples,) float64."""
    times = np.arange(round(FIRST / FPS * RATE), round((LAST + 1) / FPS * RATE)) / RATE
    return 16000 / 32768 * np.sin(2 * np.pi * (200 * times + 500 * times**2))


@pytest.mark.parametrize(
    ("codec", "options", "name", "expected"),
    [
        ("h264", {"x264_preset": "ultrafast"}, "out.mp4", {"h264", "aac"}),
        ("h265", {}, "out.mp4", {"hevc", "aac"}),
        ("vp8", {}, "out.webm", {"vp8", "opus"}),
        ("vp9", {}, "out.webm", {"vp9", "opus"}),
        ("prores", {}, "out.mov", {"prores", "pcm_s16le"}),
        ("h264", {"x264_preset": "ultrafast", "muted": True}, "out.mp4", {"h264"}),
        ("h264", {"audio_codec": "pcm-16"}, "out.mkv", {"h264", "pcm_s16le"}),
        ("gif", {}, "out.gif", {"gif"}),
        ("mp3", {}, "out.mp3", {"mp3float"}),
        ("aac", {}, "out.aac", {"aac"}),
        ("wav", {}, "out.wav", {"pcm_s16le"}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_functions_render_is_what_one_machine_renders(
    fleet, sweep, tmp_path, codec: str, options: dict[str, Any], name: str, expected: set[str]
):
    done = fleet.render(
        "sweep", "Sweep", **{"x264_preset": None, **options}, codec=codec,
        frame_range=(FIRST, LAST), frames_per_lambda=CHUNK,
    )  # fmt: skip
    assert (done.chunks, done.out_key) == (3, f"renders/{done.render_id}/{name}")
    film = tmp_path / f"fleet-{name}"
    aws.download_media(bucket_name=done.bucket, render_id=done.render_id, out_path=film)
    local = framefleet.render_media(
        sweep, **options, codec=codec, frame_range=(FIRST, LAST), chunk_frames=CHUNK,
        concurrency=1, output=tmp_path / name,
    ).path  # fmt: skip
    assert streams(film) == expected
    if expected & {"h264", "hevc", "vp8", "vp9", "prores", "gif"}:
        assert read_stamps(film) == list(range(FIRST, LAST + 1))
        assert presentation_times_s(film) == presentation_times_s(local)
        assert pictures(film) == pictures(local)
    if expected - {"h264", "gif"}:
        sound, rate = decoded_samples(film)
        np.testing.assert_array_equal(sound, decoded_samples(local)[0])
        assert rate == RATE
        assert len(sound) / rate == pytest.approx(SECONDS, abs=0.06)
        # An ADTS stream keeps the delay of its encoder; 1152 samples are a packet of mp3.
        heard = sound[1024 if name == "out.aac" else 0 :, 0]
        _assert_like(heard, 1e-4 if "pcm_s16le" in expected else 0.05)


def _assert_like(heard: np.ndarray, tolerance: float) -> None:
    """Away from both ends, where lossy codecs ring, the sound is the page's."""
    edge = RATE // 50
    true = true_sound()
    count = min(len(true), len(heard)) - edge
    assert count > 0.9 * len(true)
    assert np.abs(heard[edge:count] - true[edge:count]).max() < tolerance
