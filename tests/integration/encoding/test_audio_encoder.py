from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest

from framefleet.domain.codecs import AudioCodec
from framefleet.domain.output import AudioOptions
from framefleet.encoding.audio_encoder import SoundTrack, encoded_rate
from framefleet.encoding.containers import movie_timescale
from framefleet.errors import EncodingError

SR = 48_000
FFMPEG = shutil.which("ffmpeg")


@pytest.fixture
def write_film(tmp_path):
    """A film with pictures and `sound`, muxed in the order of time."""

    def write(ending, sound, *, fps=Fraction(30), rate=SR):
        path = tmp_path / f"film.{ending}"
        options = {} if ending == "mkv" else {"movie_timescale": str(movie_timescale(fps, rate))}
        with av.open(str(path), "w", options=options) as container:
            pictures = container.add_stream("mpeg4", rate=fps)
            pictures.width = pictures.height = 32
            pictures.pix_fmt = "yuv420p"
            track = SoundTrack(container, AudioOptions(sample_rate=rate))
            packets: list[Any] = []
            for index in range(round(len(sound) / rate * fps)):
                frame = av.VideoFrame(32, 32, "yuv420p")
                frame.pts, frame.time_base = index, 1 / fps
                packets += pictures.encode(frame)
            packets += pictures.encode(None)
            packets += track.packets(sound[i : i + rate] for i in range(0, len(sound), rate))
            for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
                container.mux(packet)
        return path

    return write


def by_pyav(path):
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        frames = list(container.decode(stream))
        assert frames[0].pts == 0
        return np.concatenate([frame.to_ndarray().T for frame in frames])


def by_ffmpeg(path):
    command = [str(FFMPEG), "-v", "error", "-i", str(path), "-map", "0:a", "-f", "f32le", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.float32).reshape(-1, 2)


readers = pytest.mark.parametrize(
    "read",
    [
        by_pyav,
        pytest.param(by_ffmpeg, marks=pytest.mark.skipif(not FFMPEG, reason="no ffmpeg here")),
    ],
)


@readers
@pytest.mark.parametrize("ending", ["mp4", "mov"])
def test_sound_lies_on_the_sample_at_the_start_and_after_a_minute(
    write_film, noise, lag_of, ending, read
):
    source = noise(64 * SR)
    out = read(write_film(ending, source))
    assert lag_of(out[: 2 * SR], source[: 2 * SR]) == 0
    assert lag_of(out[60 * SR : 62 * SR], source[60 * SR : 62 * SR]) == 0
    assert np.abs(out[: 64 * SR] - source).mean() < 0.1 * np.abs(source).mean()


def test_matroska_lies_on_the_sample_and_ends_on_it(write_film, noise, lag_of):
    source = noise(62 * SR + 123)
    out = by_pyav(write_film("mkv", source))
    assert len(out) == len(source)
    assert lag_of(out[60 * SR : 62 * SR], source[60 * SR : 62 * SR]) == 0


@pytest.mark.parametrize("ending", ["mp4", "mov"])
@pytest.mark.parametrize("fps", [Fraction(30), Fraction(30000, 1001), Fraction(25), Fraction(60)])
@pytest.mark.parametrize("frames", [1, 7, 100])
def test_sound_is_as_long_as_the_pictures(write_film, noise, ending, fps, frames):
    samples = round(frames / fps * SR)
    with av.open(str(write_film(ending, noise(samples), fps=fps))) as container:
        sound: Any = container.streams.audio[0]
        pictures: Any = container.streams.video[0]
        assert sound.start_time == 0
        assert sound.duration * sound.time_base * SR == samples
        assert pictures.duration * pictures.time_base == frames / fps


def test_packets_begin_with_the_delay_and_end_on_the_sample(tmp_path, noise):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        packets: list[Any] = list(
            SoundTrack(container, AudioOptions()).packets([noise(SR), noise(1000)])
        )
        assert packets[0].pts == -1024
        assert packets[-1].pts + packets[-1].duration == SR + 1000
        steps = {later.pts - p.pts for p, later in pairwise(packets)}
        assert steps == {1024}
        for packet in packets:
            container.mux(packet)


def test_bitrate_is_the_one_asked_for(tmp_path):
    white = np.random.default_rng(1).uniform(-0.5, 0.5, (10 * SR, 2)).astype(np.float32)
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        packets = list(SoundTrack(container, AudioOptions(bitrate=128_000)).packets([white]))
        assert sum(p.size for p in packets) * 8 / 10 == pytest.approx(128_000, rel=0.1)
        for packet in packets:
            container.mux(packet)


@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_other_sample_rates(write_film, noise, lag_of, rate):
    source = noise(2 * rate)
    out = by_pyav(write_film("mp4", source, rate=rate))
    assert lag_of(out, source) == 0


@pytest.mark.parametrize(
    ("codec", "muxer", "asked", "encoded"),
    [
        (AudioCodec.AAC, "mp4", 44_100, 44_100),
        (AudioCodec.AAC, "mp4", 12_345, 12_000),
        (AudioCodec.AAC, "mp4", 192_000, 96_000),
        (AudioCodec.MP3, "mp4", 96_000, 48_000),
        (AudioCodec.MP3, "mp3", 1000, 8000),
        (AudioCodec.OPUS, "webm", 44_100, 48_000),
        (AudioCodec.OPUS, "opus", 24_000, 24_000),
        (AudioCodec.OPUS, "opus", 20_000, 24_000),
        (AudioCodec.PCM_16, "mov", 12_345, 12_345),
        (AudioCodec.PCM_16, "mpegts", 44_100, 48_000),
        (AudioCodec.PCM_16, "mxf", 96_000, 48_000),
    ],
)
def test_a_rate_the_codec_lacks_becomes_the_nearest(codec, muxer, asked, encoded):
    assert encoded_rate(AudioOptions(codec=codec, sample_rate=asked), muxer) == encoded


def test_pcm_is_rounded_and_clipped_once(tmp_path):
    ramp = np.array([-1, -0.5, 0, 0.4 / 32768, 0.6 / 32768, -0.6 / 32768, 32767 / 32768, 1])
    block = np.stack([ramp, -ramp], axis=1).astype(np.float32)
    with av.open(str(tmp_path / "a.wav"), "w") as container:
        track = SoundTrack(container, AudioOptions(codec=AudioCodec.PCM_16))
        container.mux(list(track.packets([block])))
    with av.open(str(tmp_path / "a.wav")) as container:
        (frame,) = container.decode(audio=0)
        out = frame.to_ndarray().reshape(-1, 2)
    assert out[:, 0].tolist() == [-32768, -16384, 0, 0, 1, -1, 32767, 32767]
    assert out[:, 1].tolist() == [32767, 16384, 0, 0, -1, 1, -32767, -32768]


def test_a_refused_bitrate_is_an_encoding_error(tmp_path, noise):
    audio = AudioOptions(codec=AudioCodec.OPUS, bitrate=100)
    with (
        av.open(str(tmp_path / "a.opus"), "w") as container,
        pytest.raises(EncodingError, match="cannot be encoded as opus"),
    ):
        list(SoundTrack(container, audio).packets([noise(5000)]))


def test_the_movie_timescale_divides_frames_and_samples():
    for fps in (Fraction(30), Fraction(30000, 1001), Fraction(24)):
        scale = movie_timescale(fps, SR)
        assert scale % SR == 0
        assert (scale / fps).denominator == 1
    assert movie_timescale(Fraction(999_983, 1000), SR) == SR
