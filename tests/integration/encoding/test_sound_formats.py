from __future__ import annotations

import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest

from framefleet.domain.sound import Sound, SoundSegment
from framefleet.encoding.mix import TimelinePart, mix

SR = 48_000
FPS = Fraction(30)
# Samples that a resampler's filter blurs.
BLUR = 64

LOSSLESS = [
    ("wav", "pcm_u8", 1 / 100),
    ("wav", "pcm_s16le", 1e-4),
    ("wav", "pcm_s24le", 1e-5),
    ("wav", "pcm_f32le", 1e-5),
    ("mov", "pcm_s16le", 1e-4),
    ("flac", "flac", 1e-4),
    ("ogg", "flac", 1e-4),
]
LOSSY = [
    ("mp3", "libmp3lame", 44_100, 1),
    ("mp3", "libmp3lame", SR, 2),
    ("m4a", "aac", 44_100, 1),
    ("m4a", "aac", SR, 2),
    ("m4a", "aac", 96_000, 2),
    ("mp4", "aac", SR, 6),
    ("mkv", "aac", 44_100, 2),
    ("ogg", "libopus", SR, 1),
    ("opus", "libopus", SR, 2),
    ("webm", "libopus", SR, 6),
    ("ogg", "vorbis", 44_100, 2),
    ("webm", "vorbis", SR, 1),
]
# What FFmpeg's normalised matrix leaves of the front left channel of 5.1.
SURROUND_LEFT = 1 / (1 + 2 * np.sqrt(0.5))


def mixed(path, *, frames, start=0, count=None, sample_rate=SR, **options):
    sound = Sound(**{"id": "a", "source": "a", "media_time_s": 0.0, **options})
    segment = SoundSegment(sound=sound, start=start, frames=count or frames - start, volume=1.0)
    part = TimelinePart(stop=frames, begins=(segment,), sources={"a": path})
    return np.concatenate(list(mix([part], fps=FPS, frames=frames, sample_rate=sample_rate)))


@pytest.fixture
def front_left(noise):
    """A second of noise in the first channel; what each side of the mix makes of it at SR."""

    def make(rate, channels, write_sound):
        source = np.zeros((rate, channels), np.float32)
        source[:, :1] = noise(rate, 1)
        plain = source[:, :1]
        if rate != SR:
            plain = mixed(write_sound("reference.wav", plain, rate=rate), frames=30)[:, :1]
        gains = {1: (1.0, 1.0), 2: (1.0, 0.0), 6: (SURROUND_LEFT, 0.0)}[channels]
        return source, plain * np.array(gains, np.float32)

    return make


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("rate", [44_100, SR, 96_000])
@pytest.mark.parametrize(("ending", "codec", "error"), LOSSLESS)
def test_a_lossless_file_sounds_as_it_is(
    write_sound, front_left, ending, codec, error, rate, channels
):  # checklist 90
    source, expected = front_left(rate, channels, write_sound)
    path = write_sound(f"a.{ending}", source, codec=codec, rate=rate)
    out = mixed(path, frames=45, start=15)
    assert not out[: SR // 2 - BLUR].any()
    assert np.abs(out[SR // 2 :] - expected).max() < error


@pytest.fixture
def write_lossy(write_sound):
    """As `write_sound`; Vorbis, for which PyAV has no good encoder, by FFmpeg's program."""

    def write(name, samples, *, codec, rate):
        if codec != "vorbis":
            return write_sound(name, samples, codec=codec, rate=rate)
        wav = write_sound("original.wav", samples, rate=rate)
        command = ["/usr/bin/ffmpeg", "-v", "error", "-i", str(wav), "-c:a", "libvorbis"]
        subprocess.run([*command, "-q:a", "8", str(wav.with_name(name))], check=True)
        return wav.with_name(name)

    return write


@pytest.mark.parametrize(("ending", "codec", "rate", "channels"), LOSSY)
def test_a_lossy_file_lies_on_the_sample_at_its_level(
    write_sound, write_lossy, front_left, lag_of, ending, codec, rate, channels
):  # checklist 82, 90, 95: an mp3's start time is its encoder's delay
    source, expected = front_left(rate, channels, write_sound)
    path = write_lossy(f"a.{ending}", source, codec=codec, rate=rate)
    out = mixed(path, frames=45, start=15)[SR // 2 :]
    assert lag_of(out, expected) == 0
    inner = slice(2000, -2000)
    gain = (out[inner, 0] * expected[inner, 0]).sum() / (expected[inner, 0] ** 2).sum()
    assert gain == pytest.approx(1, abs=0.03)
    if channels != 1:
        assert np.abs(out[inner, 1]).max() < 0.1 * np.abs(out[inner, 0]).max()


def test_raw_aac_sounds_when_every_player_plays_it(write_sound, noise, lag_of):
    """ADTS has no field for the encoder's delay; FFmpeg and Chromium leave it in."""
    source = noise(SR)
    path = write_sound("a.aac", source, codec="aac")
    out = mixed(path, frames=30)
    command = ["/usr/bin/ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-"]
    decoded = subprocess.run(command, check=True, capture_output=True).stdout
    theirs = np.frombuffer(decoded, np.float32).reshape(-1, 2)
    assert lag_of(out, theirs) == 0
    assert lag_of(out, source) == 1024


@pytest.fixture
def write_film(tmp_path):
    """A film of two seconds whose sound starts `offset` samples in."""

    def write(name, samples, *, video, audio, offset=0):
        path = tmp_path / name
        exact = {"movie_timescale": str(SR)} if path.suffix in (".mp4", ".mov") else {}
        with av.open(str(path), "w", options=exact) as container:
            pictures = container.add_stream(video, rate=25)
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
            pictures.codec_context.thread_count = 1
            if video == "libvpx":
                pictures.options = {"deadline": "realtime", "cpu-used": "8"}
            sound = container.add_stream(audio, rate=SR, layout="stereo")
            resampler = av.AudioResampler(format=sound.format, layout="stereo", rate=SR)
            for index in range(50):
                picture = av.VideoFrame(64, 64, "yuv420p")
                picture.pts = index
                container.mux(pictures.encode(picture))
            container.mux(pictures.encode(None))
            packed = np.ascontiguousarray(samples).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = SR, offset, Fraction(1, SR)
            for converted in resampler.resample(frame):
                container.mux(sound.encode(converted))
            container.mux(sound.encode(None))
        return path

    return write


FILMS = [
    ("a.mp4", "mpeg4", "aac"),
    ("a.mov", "libx264", "pcm_s16le"),
    ("a.mkv", "libx264", "libmp3lame"),
    ("a.webm", "libvpx", "libopus"),
]


@pytest.mark.parametrize("offset", [0, SR // 2])
@pytest.mark.parametrize(("name", "video", "audio"), FILMS)
def test_the_sound_of_a_film_starts_when_the_film_says(
    write_film, noise, lag_of, name, video, audio, offset
):  # checklist 95
    source = noise(SR)
    path = write_film(name, source, video=video, audio=audio, offset=offset)
    out = mixed(path, frames=60)
    assert np.abs(out[: max(0, offset - 1200)]).max(initial=0) < 1e-3
    # Matroska's clock has whole milliseconds.
    tick = SR // 1000 if offset and path.suffix == ".webm" else 0
    assert abs(lag_of(out[offset : offset + SR], source)) <= tick


@pytest.mark.parametrize("sample_rate", [44_100, SR, 96_000])
@pytest.mark.parametrize("rate", [44_100, SR, 96_000])
def test_the_mix_has_the_rate_asked_for(write_sound, sample_rate, rate):  # checklist 92
    wave = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(2 * rate) / rate)
    path = write_sound("a.wav", wave.astype(np.float32)[:, None], rate=rate)
    out = mixed(path, frames=60, start=15, sample_rate=sample_rate)
    first = sample_rate // 2
    assert len(out) == 2 * sample_rate
    assert not out[:first].any()
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(len(out) - first) / sample_rate)
    assert np.abs(out[first + BLUR :, 1] - expected[BLUR:]).max() < 1e-3


@pytest.mark.parametrize("preserve_pitch", [True, False])
@pytest.mark.parametrize(("ending", "codec"), [("wav", "pcm_f32le"), ("m4a", "aac")])
def test_trim_then_offset_then_speed(write_sound, ending, codec, preserve_pitch):  # checklist 84
    """Trimmed by 45 frames, 30 frames in, twice as fast: seconds 1.5 to 3.5 play at 1 to 2."""
    source = np.zeros((5 * SR, 1), np.float32)
    for second in (1.25, 2.5, 3.75):  # only the middle one is in what plays
        at = round(second * SR)
        source[at : at + SR // 10, 0] = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(SR // 10) / SR)
    path = write_sound(f"a.{ending}", source, codec=codec)
    options = {"media_time_s": 1.5, "playback_rate": 2.0, "preserve_pitch": preserve_pitch}
    loud = np.flatnonzero(np.abs(mixed(path, frames=60, start=30, **options)[:, 0]) > 0.1)
    # atempo puts windows of 1/24 s where they fit; a beep after silence may be half of one early.
    tolerance = SR // 48 if preserve_pitch else SR // 1000
    assert loud[0] == pytest.approx(1.5 * SR, abs=tolerance)
    assert loud[-1] == pytest.approx(1.55 * SR, abs=tolerance)


@pytest.mark.parametrize("rate", [0.1, 0.4, 3.0, 16.0])
def test_a_source_lasts_its_length_over_its_speed(write_sound, rate):  # checklist 85
    length = SR // 2 if rate < 1 else 8 * SR
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(length) / SR).astype(np.float32)
    path = write_sound("a.wav", wave[:, None])
    expected = length / rate
    frames = int(expected / SR * 30) + 30
    loud = np.flatnonzero(np.abs(mixed(path, frames=frames, playback_rate=rate)[:, 0]) > 0.05)
    assert loud[-1] == pytest.approx(expected, abs=SR // 1000 + SR // 440)


@pytest.mark.parametrize("tone", [0.5, 1.5, 2.0])
def test_tone_moves_the_pitch_up_to_the_last_sample(write_sound, tone):  # checklist 86
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * SR) / SR).astype(np.float32)
    out = mixed(write_sound("a.wav", wave[:, None]), frames=75, tone_frequency=tone)[:, 0]
    spectrum = np.abs(np.fft.rfft(out[2000 : 2 * SR - 2000], 1 << 18))
    assert np.argmax(spectrum) * SR / (1 << 18) == pytest.approx(440 * tone, rel=0.01)
    assert not out[2 * SR :].any()
    assert np.abs(out[2 * SR - 240 : 2 * SR]).max() > 0.35


@pytest.mark.parametrize("seconds", [0.7, 8.0])
@pytest.mark.parametrize(("ending", "codec"), [("wav", "pcm_s16le"), ("flac", "flac")])
def test_loops_have_neither_gap_nor_overlap(write_sound, noise, ending, codec, seconds):
    source = noise(round(seconds * SR))  # checklist 91
    path = write_sound(f"a.{ending}", source, codec=codec)
    frames = round(2.5 * seconds * 30)
    out = mixed(path, frames=frames, loop=True, media_time_s=seconds / 4)
    first = round(seconds * SR) // 4
    expected = np.resize(source, (first + len(out), 2))[first:]
    assert np.abs(out - expected).max() < 1e-4
