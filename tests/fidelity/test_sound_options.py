"""Whether an output has sound, in which codec, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import framefleet
from framefleet.errors import OptionError
from framefleet.testing.video import decoded_samples

FRAMES = 35


@pytest.fixture
def film(pages, tmp_path):
    """Renders a page with a beep at 0 s and at 1 s, or one without any sound."""

    def render(name: str = "out.mp4", *, page: str = "beep_flash.html", **options):
        settings: dict[str, Any] = {
            "output": tmp_path / name,
            "frame_range": (0, FRAMES - 1),
            "chunk_frames": 16,
            "executor": "inline",
        }
        return framefleet.render_media(pages / page, **(settings | options))

    return render


def sound_of(path: Path) -> tuple[str, int, int] | None:
    """Codec, rate and channels of the sound, if there is any."""
    with av.open(str(path)) as container:
        for stream in container.streams.audio:
            return stream.codec_context.name, stream.rate, stream.channels
    return None


def named_samples(path: Path) -> int:
    """How long the file says its sound is."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return round(stream.duration * stream.time_base * stream.rate)


def has_picture(path: Path) -> bool:
    with av.open(str(path)) as container:
        return bool(container.streams.video)


def test_what_makes_no_sound_has_no_track(film):  # checklist 79
    assert sound_of(film(page="stamped.html").output) is None


def test_a_silent_track_where_one_is_wanted(film):  # checklist 79
    result = film(page="stamped.html", enforce_audio_track=True)
    samples, rate = decoded_samples(result.output)
    assert (sound_of(result.output), rate) == (("aac", 48_000, 2), 48_000)
    assert not samples.any()
    assert abs(len(samples) - FRAMES * 1600) <= 1024


def test_muted_wins(film):  # checklist 80
    assert sound_of(film(muted=True, enforce_audio_track=True).output) is None


@pytest.mark.parametrize(
    ("name", "options", "sound"),
    [
        ("a.mp4", {}, ("aac", 48_000, 2)),
        ("a.mp4", {"audio_codec": "mp3"}, ("mp3float", 48_000, 2)),
        ("a.mkv", {"codec": "h264", "audio_codec": "pcm-16"}, ("pcm_s16le", 48_000, 2)),
        ("a.mkv", {"codec": "h264", "prefer_lossless": True}, ("pcm_s16le", 48_000, 2)),
        ("a.mov", {"codec": "h264", "prefer_lossless": True}, ("pcm_s16le", 48_000, 2)),
        ("a.webm", {"codec": "av1", "audio_codec": "opus"}, ("opus", 48_000, 2)),
        ("a.mp4", {"sample_rate": 44_100}, ("aac", 44_100, 2)),  # checklist 92
        ("a.wav", {"sample_rate": 96_000}, ("pcm_s16le", 96_000, 2)),
        ("a.mp3", {"sample_rate": 44_100}, ("mp3float", 44_100, 2)),
    ],
)
def test_codec_and_rate_of_the_sound(film, name, options, sound):  # checklist 81, 92, 93
    result = film(name, **options)
    assert sound_of(result.output) == sound
    samples, rate = decoded_samples(result.output)
    onsets = np.flatnonzero(np.abs(samples[:, 0]) > 0.1) / rate
    assert onsets[0] == pytest.approx(0, abs=0.001)
    assert onsets[onsets > 0.5][0] == pytest.approx(1, abs=0.001)


def test_what_the_container_cannot_hold_is_said(film, caplog):
    options = {"codec": "h264-ts", "audio_codec": "pcm-16", "sample_rate": 44_100, "frame_range": 0}
    film("a.ts", **options, metadata={"title": "Film", "mood": "blue"})
    said = [record.__dict__.get("text") for record in caplog.records]
    assert "The sound is encoded at 48000 Hz: its container has no 44100 Hz." in said
    film("a.mp4", frame_range=0, metadata={"title": "Film", "mood": "blue"})
    said = [record.__dict__.get("text") for record in caplog.records]
    assert "A .mp4 file does not keep the metadata mood." in said


def test_lossless_sound_does_not_go_into_mp4(film):  # checklist 93
    with pytest.raises(OptionError, match="must end in one of the following: mkv, mov"):
        film("a.mp4", codec="h264", prefer_lossless=True)


@pytest.mark.parametrize("name", ["sound.wav", "sound.aac", "sound.mp3"])
def test_sound_in_a_file_of_its_own(film, tmp_path, name):  # checklist 94
    # mp3 does not go with prores.
    out = "a.mp4" if name == "sound.mp3" else "a.mov"
    result = film(out, separate_audio_to=tmp_path / name)
    assert result.separate_audio == tmp_path / name
    assert sound_of(result.output) is None
    assert has_picture(result.output)
    samples, rate = decoded_samples(result.separate_audio)
    assert not has_picture(result.separate_audio)
    assert len(samples) / rate == pytest.approx(FRAMES / 30, abs=0.05)
    assert np.abs(samples[: rate // 10]).max() > 0.4


def test_sound_of_its_own_is_made_even_of_silence(film, tmp_path):
    result = film(page="stamped.html", separate_audio_to=tmp_path / "sound.aac")
    samples, _ = decoded_samples(result.separate_audio)
    assert len(samples)
    assert not samples.any()


def test_neither_file_replaces_another(film, tmp_path):
    (tmp_path / "sound.aac").write_text("mine")
    with pytest.raises(framefleet.errors.OutputExistsError, match=r"sound\.aac"):
        film(separate_audio_to=tmp_path / "sound.aac")
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("name", ["a.mp3", "a.aac", "a.wav", "a.m4a"])
def test_sound_alone_is_as_long_as_the_frames(film, name):  # checklist 96
    result = film(name)
    samples, rate = decoded_samples(result.output)
    assert not has_picture(result.output)
    exact = FRAMES * rate // 30
    if name == "a.m4a":
        # FFmpeg decodes the last packet to its end; players follow what the file says.
        assert named_samples(result.output) == exact
        samples = samples[:exact]
    # ADTS has no place to say where its first and last packet begin and end.
    assert abs(len(samples) - exact) <= (2 * 1024 if name == "a.aac" else 0)


def test_every_nth_frame_keeps_the_sound_whole(film):
    result = film("a.mkv", codec="h264", prefer_lossless=True, every_nth_frame=5)
    samples, rate = decoded_samples(result.output)
    assert len(samples) == FRAMES * 1600
    onsets = np.flatnonzero(np.abs(samples[:, 0]) > 0.1) / rate
    assert onsets[onsets > 0.5][0] == pytest.approx(1, abs=0.001)
