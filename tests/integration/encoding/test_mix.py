from __future__ import annotations

import time
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

from framefleet.domain.sound import Sound, SoundSegment
from framefleet.encoding.mix import mix
from framefleet.encoding.sound_source import read_sound
from framefleet.errors import MediaError

SR = 48_000
FPS = Fraction(30)


def segment(source, *, start=0, frames=30, volume=1.0, volumes=None, **options):
    sound = Sound(**{"id": source, "source": source, "media_time_s": 0.0, **options})
    return SoundSegment(sound=sound, start=start, volumes=volumes or (volume,) * frames)


def mixed(segments, paths, *, frames=30, fps=FPS):
    blocks = mix(segments, paths=paths, fps=fps, frames=frames, sample_rate=SR)
    return np.concatenate(list(blocks))


@pytest.fixture
def level(write_sound):
    """A file of constant level, a second long unless told."""

    def make(value, *, samples=SR, channels=1):
        return write_sound(f"{value}.wav", np.full((samples, channels), value, np.float32))

    return make


def test_silence_is_exactly_as_long_as_the_pictures():
    for fps in (Fraction(30), Fraction(30000, 1001), Fraction(24), Fraction(25, 2)):
        for frames in (1, 7, 100):
            out = mixed([], {}, frames=frames, fps=fps)
            assert out.shape == (round(frames / fps * SR), 2)
            assert out.dtype == np.float32
            assert not out.any()


def test_levels_add_up_and_clip_once_at_the_end(level):
    paths = {name: level(value) for name, value in (("a", 0.8), ("b", 0.81), ("c", -0.7))}
    assert mixed([segment("a"), segment("b"), segment("c")], paths) == pytest.approx(0.91, abs=1e-6)
    assert set(mixed([segment("a"), segment("b")], paths).ravel()) == {1.0}


def test_a_segment_lies_on_its_samples(write_sound, noise):
    source = noise(SR)
    ntsc = Fraction(30000, 1001)
    out = mixed([segment("a", start=7, frames=11)], {"a": write_sound("a.wav", source)}, fps=ntsc)
    start, stop = round(7 / ntsc * SR), round(18 / ntsc * SR)
    assert not out[:start].any()
    assert np.array_equal(out[start:stop], source[: stop - start])
    assert not out[stop:].any()


def test_a_source_that_ends_early_leaves_silence(level):
    out = mixed([segment("a", start=3, frames=90)], {"a": level(0.5, samples=1000)}, frames=90)
    assert np.flatnonzero(out[:, 0]).tolist() == list(range(4800, 5800))


def test_a_segment_past_the_end_of_the_timeline_is_cut(level):
    assert len(mixed([segment("a", start=20, frames=60)], {"a": level(0.5)}, frames=30)) == SR


def test_a_constant_volume_applies_exactly(write_sound, noise):
    source = noise(SR)
    path = write_sound("a.wav", source)
    out = mixed([segment("a", volume=0.5)], {"a": path})
    assert np.array_equal(out, source * np.float32(0.5))
    loudness = 20 * np.log10(np.sqrt((out**2).mean() / (source**2).mean()))
    assert loudness == pytest.approx(-6.0206, abs=1e-3)
    assert np.array_equal(
        mixed([segment("a", volume=0.505)], {"a": path}), source * np.float32(0.505)
    )


def test_volume_above_one_amplifies(level):
    assert mixed([segment("a", volume=3.0)], {"a": level(0.25)}) == pytest.approx(0.75)


def test_volume_holds_for_a_frame_and_turns_in_three_milliseconds(level):
    volumes = (0.25,) * 10 + (0.75,) * 10 + (0.1234,) * 10
    out = mixed([segment("a", volumes=volumes)], {"a": level(1.0)})[:, 0]
    assert set(out[:16_000]) == {np.float32(0.25)}
    assert set(out[16_144:32_000]) == {np.float32(0.75)}
    assert set(out[32_144:]) == {np.float32(0.1234)}
    assert np.abs(np.diff(out[16_000:16_146])).max() == pytest.approx(0.5 / 144, rel=0.01)


def test_volume_that_changes_every_frame_has_no_jump(level):
    volumes = tuple(np.linspace(0, 1, 90).tolist())
    out = mixed([segment("a", volumes=volumes, loop=True)], {"a": level(1.0)}, frames=90)[:, 0]
    assert np.abs(np.diff(out)).max() < 1e-4
    assert out[1599::1600] == pytest.approx(np.array(volumes), abs=1e-6)


def test_forty_tracks_equal_their_sum(write_sound, noise):
    sources = [noise(SR // 2, seed=seed) * np.float32(0.1) for seed in range(40)]
    paths = {str(i): write_sound(f"{i}.wav", source) for i, source in enumerate(sources)}
    out = mixed([segment(name, start=3, frames=12) for name in paths], paths)
    expected = np.stack(sources).sum(axis=0, dtype=np.float64)[: 12 * 1600]
    assert np.abs(out[4800 : 4800 + 12 * 1600] - expected).max() < 1e-6


def test_lossy_tracks_lie_on_the_sample(write_sound, noise, lag_of):
    source = noise(3 * SR)
    for name, codec in (("a.mp3", "libmp3lame"), ("a.m4a", "aac"), ("a.ogg", "libopus")):
        path = write_sound(name, source, codec=codec)
        there = [segment("a", start=15, frames=60, media_time_s=0.5)]
        out = mixed(there, {"a": path}, frames=90)
        assert lag_of(out[SR // 2 : 5 * SR // 2], source[SR // 2 : 5 * SR // 2]) == 0


def test_only_sources_that_sound_are_open(level, monkeypatch):
    opened = []

    def counted(*args, **options):
        opened.append(1)
        try:
            yield from read_sound(*args, **options)
        finally:
            opened.pop()

    monkeypatch.setattr("framefleet.encoding.mix.read_sound", counted)
    segments = [segment("a", start=30 * i, frames=30) for i in range(10)]
    highest = 0
    paths = {"a": level(0.5, samples=20 * SR)}
    blocks = mix(segments, paths=paths, fps=FPS, frames=300, sample_rate=SR)
    for _ in range(5):
        next(blocks)
        highest = max(highest, len(opened))
    assert highest <= 1
    blocks.close()
    assert not opened


def test_a_source_without_a_file_is_an_error():
    with pytest.raises(MediaError, match=r"There is no file for the sound a\."):
        mixed([segment("a")], {})


def test_twenty_minutes_take_little_memory_and_time(write_sound, noise):
    path = write_sound("a.m4a", noise(10 * SR, channels=1), codec="aac")
    frames = 20 * 60 * 30
    tracemalloc.start()
    started = time.monotonic()
    try:
        blocks = mix(
            [segment("a", frames=frames, loop=True, volume=0.5)],
            paths={"a": path},
            fps=FPS,
            frames=frames,
            sample_rate=SR,
        )
        total = sum(len(block) for block in blocks)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 20 * 60 * SR
    assert peak < 30e6, f"{peak / 1e6:.0f} MB"
    assert time.monotonic() - started < 20
