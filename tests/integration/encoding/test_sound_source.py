from __future__ import annotations

import shutil
from itertools import islice

import av
import numpy as np
import pytest

from framefleet.domain.sound import Sound
from framefleet.encoding.sound_cache import SoundCache
from framefleet.errors import MediaError

SR = 48_000

LOSSLESS = [("wav", "pcm_f32le"), ("mov", "pcm_f32le"), ("mkv", "pcm_f32le")]
LOSSY = [
    ("mp3", "libmp3lame", SR),
    ("mp4", "aac", SR),
    ("m4a", "aac", 44_100),
    ("mkv", "aac", SR),
    ("ogg", "libopus", SR),
    ("webm", "libopus", SR),
    ("mp3", "libmp3lame", 44_100),
    ("mkv", "libmp3lame", 44_100),
]


def read_sound(path, sound, *, sample_rate):
    with SoundCache() as cache:
        for block in cache.reader(path, sound).read(sample_rate):
            yield np.broadcast_to(block, (len(block), 2))


def read(path, *, at=0.0, limit=None, **options):
    sound = Sound(id="a", source="http://site/a", media_time_s=at, **options)
    blocks = list(islice(read_sound(path, sound, sample_rate=SR), limit))
    return np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)


def take(path, count, *, at=0.0, **options):
    sound = Sound(id="a", source="http://site/a", media_time_s=at, **options)
    parts, have = [], 0
    for part in read_sound(path, sound, sample_rate=SR):
        parts.append(part)
        have += len(part)
        if have >= count:
            break
    return np.concatenate(parts)[:count]


@pytest.mark.parametrize(("ending", "codec"), LOSSLESS)
@pytest.mark.parametrize("at", [0.0, 0.5, 1 / 3, 6.0])
def test_a_lossless_source_is_read_sample_for_sample(write_sound, noise, ending, codec, at):
    source = noise(8 * SR)
    out = read(write_sound(f"a.{ending}", source, codec=codec), at=at)
    assert np.array_equal(out, source[round(at * SR) :])


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f64le"])
def test_every_sample_format_has_the_same_full_scale(write_sound, noise, codec):
    source = noise(SR)
    out = read(write_sound("a.wav", source, codec=codec))
    assert np.abs(out - source).max() < (1 / 127 if codec == "pcm_u8" else 1 / 32767)


def test_flac_is_read_sample_for_sample(write_sound, noise):
    source = noise(8 * SR)
    out = read(write_sound("a.flac", source, codec="flac"), at=5.0)
    assert np.abs(out - source[5 * SR :]).max() < 1 / 32767


@pytest.mark.parametrize(("ending", "codec", "rate"), LOSSY)
@pytest.mark.parametrize("at", [0.0, 0.5, 6.5])
def test_a_lossy_source_starts_on_the_sample(write_sound, noise, lag_of, ending, codec, rate, at):
    source = noise(8 * rate)
    path = write_sound(f"a.{ending}", source, codec=codec, rate=rate)
    reference = source
    if rate != SR:
        reference = read(write_sound("reference.wav", source, rate=rate))
    reference = reference[round(at * SR) :]
    out = read(path, at=at)
    assert lag_of(out, reference) == 0
    if ending != "webm" and ending != "mkv":
        assert len(out) == len(reference), "neither the encoder's delay nor its padding"


@pytest.mark.parametrize(("ending", "codec", "rate"), LOSSY)
def test_a_seek_gives_what_reading_on_gives(write_sound, noise, ending, codec, rate):
    path = write_sound(f"a.{ending}", noise(8 * rate), codec=codec, rate=rate)
    whole = read(path)
    late = read(path, at=5.25)
    assert np.abs(late - whole[round(5.25 * SR) :][: len(late)]).max() < 1e-3


def test_below_zero_the_source_has_yet_to_begin(write_sound, noise):
    source = noise(SR)
    out = read(write_sound("a.wav", source), at=-0.25)
    assert not out[: SR // 4].any()
    assert np.array_equal(out[SR // 4 :], source)


def test_time_before_the_source_passes_at_its_speed(write_sound, noise):
    out = read(write_sound("a.wav", noise(SR)), at=-1.0, playback_rate=2.0)
    assert len(out) == SR // 2 + SR // 2
    assert np.flatnonzero(out[:, 0])[0] in range(SR // 2, SR // 2 + 4)


def test_media_end_cuts_the_source(write_sound, noise):
    source = noise(2 * SR)
    out = read(write_sound("a.wav", source), at=0.25, media_end_s=0.75)
    assert np.array_equal(out, source[SR // 4 : 3 * SR // 4])
    assert not len(read(write_sound("b.wav", source), at=1.0, media_end_s=0.75))


def test_past_its_end_a_source_is_silent(write_sound, noise):
    path = write_sound("a.wav", noise(SR))
    assert not len(read(path, at=1.0))
    assert not len(read(path, at=1000.0))


def test_mono_keeps_its_level_on_both_sides(write_sound):
    tone = np.full((SR, 1), 0.8, np.float32)
    for name, codec in (("a.wav", "pcm_f32le"), ("a.flac", "flac")):
        out = read(write_sound(name, tone, codec=codec))
        assert out == pytest.approx(0.8, abs=1e-4)
        assert out.shape == (SR, 2)


def test_surround_is_mixed_down_normalised(write_sound):
    levels = np.zeros((6 * 1000, 6), np.float32)
    for channel in range(6):  # FL FR FC LFE BL BR, one after the other
        levels[channel * 1000 : (channel + 1) * 1000, channel] = 0.8
    out = read(write_sound("a.wav", levels))[500::1000] / 0.8
    expected = [
        (0.4142, 0),
        (0, 0.4142),
        (0.2929, 0.2929),
        (0, 0),
        (0.2929, 0),
        (0, 0.2929),
    ]
    assert out == pytest.approx(np.array(expected), abs=1e-3)


def test_a_stream_that_starts_later_sounds_later(write_sound, noise):
    source = noise(SR)
    path = write_sound("a.mov", source, codec="pcm_f32le", offset=SR // 2)
    out = read(path)
    assert not out[: SR // 2].any()
    assert np.array_equal(out[SR // 2 :], source)
    assert np.array_equal(read(path, at=0.75), source[SR // 4 :])


@pytest.mark.parametrize("seconds", [0.01, 0.7, 2.0, 21.0])
@pytest.mark.parametrize("at", [0.0, 0.3, 50.0])
def test_a_loop_has_no_gap(write_sound, noise, seconds, at):
    source = noise(round(seconds * SR), channels=1)
    start, count = round(at * SR), round(2.5 * seconds * SR)
    out = take(write_sound("a.wav", source), count, at=at, loop=True)
    rounds = np.resize(source, (start % len(source) + count, 1))
    assert np.array_equal(out, np.repeat(rounds[-count:], 2, axis=1))


@pytest.mark.parametrize(("ending", "codec"), [("mp3", "libmp3lame"), ("m4a", "aac")])
def test_a_loop_of_a_lossy_source_has_the_length_of_its_sound(write_sound, noise, ending, codec):
    path = write_sound(f"a.{ending}", noise(SR), codec=codec)
    out = take(path, 4 * SR, loop=True)
    assert np.array_equal(out[:SR], out[SR : 2 * SR])
    assert np.array_equal(out[:SR], out[3 * SR :])


def test_media_end_shortens_every_round_of_a_loop(write_sound, noise):
    source = noise(SR)
    out = take(write_sound("a.wav", source), SR, loop=True, media_end_s=0.25)
    assert np.array_equal(out, np.tile(source[: SR // 4], (4, 1)))


def test_a_loop_is_resampled_without_a_seam(write_sound):
    wave = 0.5 * np.sin(2 * np.pi * 441 * np.arange(44_100) / 44_100)
    path = write_sound("a.wav", wave.astype(np.float32)[:, None], rate=44_100)
    out = take(path, 3 * SR, loop=True)
    reference = 0.5 * np.sin(2 * np.pi * 441 * np.arange(3 * SR) / SR)
    assert np.abs(out[200:, 0] - reference[200:]).max() < 3e-4


def test_speed_after_trim(write_sound, noise):
    path = write_sound("a.wav", noise(6 * SR))
    assert len(read(path, at=1.5, media_end_s=3.5, playback_rate=2.0)) == SR


def test_an_hour_is_not_decoded_to_reach_its_end(write_sound, noise, monkeypatch):
    minute = noise(60 * SR, channels=1)
    path = write_sound("a.mp3", minute, codec="libmp3lame", bitrate=64_000)
    sound = Sound(id="a", source="a", media_time_s=58.0)
    decoded = []

    def spy(frame):
        decoded.append(frame.samples)
        return np.zeros((frame.samples, 1), np.float32)

    monkeypatch.setattr("framefleet.encoding.sound_source._to_samples", spy)
    list(read_sound(path, sound, sample_rate=SR))
    assert sum(decoded) < 3 * SR


def test_streams_are_numbered_and_a_missing_one_is_silent(tmp_path, write_sound, noise):
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("pcm_s16le", rate=SR, layout="mono") for _ in range(2)]
        for stream, level in zip(streams, (8192, 16384), strict=True):
            values = np.full((1, SR), level, np.int16)
            frame = av.AudioFrame.from_ndarray(values, format="s16", layout="mono")
            frame.sample_rate = SR
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    assert read(path, stream_index=0) == pytest.approx(0.25)
    assert read(path, stream_index=1) == pytest.approx(0.5)
    assert not len(read(path, stream_index=2))


def test_a_film_without_sound_gives_nothing(tmp_path):
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    assert not len(read(path))


def test_a_broken_file_says_so_by_its_source(tmp_path):
    path = tmp_path / "secret" / "broken.mp3"
    path.parent.mkdir()
    path.write_bytes(b"this is no sound" * 100)
    with pytest.raises(MediaError, match="Cannot read the sound of http://site/a: ") as caught:
        read(path)
    assert "secret" not in str(caught.value)
    assert caught.value.context == {"source": "http://site/a"}


def test_a_missing_file_is_a_media_error(tmp_path):
    with pytest.raises(MediaError, match="No such file"):
        read(tmp_path / "none.wav")


def test_a_file_cut_short_plays_up_to_the_cut(tmp_path, write_sound, noise):
    path = write_sound("a.mp3", noise(2 * SR), codec="libmp3lame")
    short = tmp_path / "short.mp3"
    short.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert len(read(short)) == pytest.approx(SR, rel=0.05)


def test_closing_the_reader_closes_the_file(write_sound, noise):
    path = write_sound("a.wav", noise(10 * SR))
    reader = read_sound(path, Sound(id="a", source="a", media_time_s=0.0), sample_rate=SR)
    next(reader)
    reader.close()
    shutil.rmtree(path.parent)


def test_a_looped_film_lasts_as_long_as_its_pictures(tmp_path):
    path = tmp_path / "film.mov"
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=25)
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=SR, layout="mono")
        for index in range(50):
            picture = av.VideoFrame(64, 64, "yuv420p")
            picture.pts = index
            container.mux(pictures.encode(picture))
        container.mux(pictures.encode(None))
        values = np.full((1, SR), 16384, np.int16)
        frame = av.AudioFrame.from_ndarray(values, format="s16", layout="mono")
        frame.sample_rate = SR
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    halves = take(path, 8 * SR, loop=True)[:, 0].reshape(8, SR)
    assert [set(half) for half in halves] == [{0.5}, {0.0}] * 4
