from __future__ import annotations

import threading
from fractions import Fraction

import numpy as np
import psutil
import pytest

from framefleet.domain.sound import FrameSounds, Sound, SoundSegment
from framefleet.domain.timing import FrameRange
from framefleet.encoding.mix import TimelinePart, mix
from framefleet.errors import MediaError
from framefleet.rendering.chunk_sounds import RecordedSounds, SoundRecorder, mix_chunks

SR = 48_000
FPS = Fraction(30)


def segment(source, *, start=0, frames=30, volume=1.0, volumes=None, **options):
    sound = Sound(**{"id": source, "source": source, "media_time_s": 0.0, **options})
    return SoundSegment(
        sound=sound,
        start=start,
        frames=len(volumes) if volumes else frames,
        volume=volumes or volume,
    )


def mixing(segments, paths, *, frames=30, fps=FPS):
    """The blocks of a timeline that is known at once."""
    part = TimelinePart(stop=frames, begins=tuple(segments), sources=paths)
    return mix([part], fps=fps, frames=frames, sample_rate=SR)


def mixed(segments, paths, *, frames=30, fps=FPS):
    return np.concatenate(list(mixing(segments, paths, frames=frames, fps=fps)))


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


def test_levels_add_up_and_clip_once_at_the_end(level):  # checklist 88
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


def test_a_constant_volume_applies_exactly(write_sound, noise):  # checklist 87
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


def test_forty_tracks_equal_their_sum(write_sound, noise):  # checklist 89
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


def open_files_in(folder):
    return [
        file.path for file in psutil.Process().open_files() if file.path.startswith(str(folder))
    ]


def sound_threads():
    return [thread for thread in threading.enumerate() if "framefleet-sound" in thread.name]


def test_only_sources_that_sound_or_soon_will_are_open(level, tmp_path):
    paths = {str(i): level(i / 20, samples=SR) for i in range(20)}
    segments = [segment(str(i), start=30 * i, frames=30) for i in range(20)]
    blocks = mixing(segments, paths, frames=600)
    for _ in range(15):
        next(blocks)
        assert len(open_files_in(tmp_path)) <= 6
    blocks.close()
    assert not open_files_in(tmp_path)


def test_a_mix_that_is_dropped_leaves_no_thread_and_no_file(write_sound, noise, tmp_path):
    path = write_sound("a.mp3", noise(60 * SR), codec="libmp3lame")
    segments = [segment("a", id=str(i), frames=1800, media_time_s=i / 10) for i in range(8)]
    # The cache is in the test run's folder, beside files that other tests have not let go of.
    before = set(open_files_in(tmp_path.parent))
    blocks = mixing(segments, {"a": path}, frames=1800)
    next(blocks)
    assert sound_threads()
    assert set(open_files_in(tmp_path.parent)) > before
    blocks.close()
    assert not sound_threads()
    assert set(open_files_in(tmp_path.parent)) <= before


def test_one_broken_source_ends_the_mix_and_its_threads(write_sound, noise, tmp_path):
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"this is no sound" * 100)
    paths = {"a": write_sound("a.wav", noise(5 * SR)), "b": broken}
    with pytest.raises(MediaError, match="Cannot read the sound of b: "):
        mixed([segment("a", frames=150), segment("b", start=60)], paths, frames=150)
    assert not sound_threads()
    assert not open_files_in(tmp_path)


def test_a_source_without_a_file_is_an_error():
    with pytest.raises(MediaError, match=r"There is no file for the sound a\."):
        mixed([segment("a")], {})


def recorded(folder, frames, path):
    """What filming `frames` records of a file that sounds from frame 3 to 57."""
    folder.mkdir()
    with SoundRecorder(folder) as recorder:
        for position, frame in enumerate(frames):
            volume = 0.5 if frame < 30 else 1.0
            sound = Sound(id="a", source="a", media_time_s=(frame - 3) / 30, volume=volume)
            sounds = (sound,) if 3 <= frame < 57 else ()
            recorder.add(Fraction(position), FrameSounds(frame=frame, sounds=sounds))
        return RecordedSounds(frames, recorder.finish(), sources={"a": path})


@pytest.mark.parametrize("chunk", [4, 20])
@pytest.mark.parametrize("step", [2, 3])
def test_of_every_nth_frame_the_sound_is_that_of_all(tmp_path, write_sound, noise, step, chunk):
    path = write_sound("a.wav", noise(3 * SR))

    def mix_of(step, chunk):
        chunks = [
            recorded(tmp_path / f"{step}-{i}", frames, path)
            for i, frames in enumerate(FrameRange(0, 60, step).cut(chunk))
        ]
        blocks = mix_chunks(chunks, fps=FPS / step, frames=60 // step, sample_rate=SR)
        return np.concatenate(list(blocks))

    every, kept = mix_of(1, 60), mix_of(step, chunk)
    assert len(kept) == len(every) == 2 * SR
    start = -(-3 // step) * step * 1600
    assert not kept[:start].any()
    assert np.array_equal(kept[start : 56 * 1600], every[start : 56 * 1600])


def test_a_part_that_two_sounds_need_is_decoded_once(write_sound, noise, monkeypatch):
    path = write_sound("a.m4a", noise(20 * SR), codec="aac")
    decoded = []

    def spy(frame):
        decoded.append(frame.samples)
        return np.zeros((frame.samples, 2), np.float32)

    monkeypatch.setattr("framefleet.encoding.sound_source._to_samples", spy)
    clips = [
        segment("a", id=str(i), start=45 * i, frames=60, media_time_s=i * 7 % 17, playback_rate=1.5)
        for i in range(40)
    ]
    mixed([*clips, segment("a", frames=2000, loop=True)], {"a": path}, frames=2000)
    # Each of the decoders that take turns warms up where it starts.
    assert sum(decoded) < 25 * SR


def test_a_long_source_used_in_small_parts_is_not_decoded_whole(write_sound, noise, monkeypatch):
    path = write_sound("a.mp3", noise(120 * SR, channels=1), codec="libmp3lame", bitrate=64_000)
    decoded = []

    def spy(frame):
        decoded.append(frame.samples)
        return np.zeros((frame.samples, 1), np.float32)

    monkeypatch.setattr("framefleet.encoding.sound_source._to_samples", spy)
    clips = [segment("a", id=str(at), start=30, media_time_s=at) for at in (20.0, 60.0, 110.0)]
    mixed(clips, {"a": path}, frames=90)
    assert sum(decoded) < 3 * 2.5 * SR
