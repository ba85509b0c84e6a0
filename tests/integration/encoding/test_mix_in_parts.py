"""A timeline that becomes known part by part sounds as one that is known at once."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from framefleet.domain.sound import FrameSounds, InlineSound, Sound, SoundSegment
from framefleet.domain.timing import FrameRange
from framefleet.encoding.mix import TimelinePart, mix
from framefleet.errors import EncodingError, MediaError
from framefleet.rendering.chunk_sounds import (
    INLINE_FILE,
    RecordedSounds,
    SoundRecorder,
    mix_chunks,
)

SR = 48_000
FPS = Fraction(30)
SECONDS = 8
FRAMES = 240


@pytest.fixture(scope="module")
def heard():
    """What sounds in each frame of some films: seven files and two inline tracks, at random."""

    def make(seed: int, sources: list[str]) -> list[FrameSounds]:
        dice = random.Random(seed)
        playing: dict[str, Sound] = {}
        inline: set[str] = set()
        frames = []
        for frame in range(FRAMES):
            for id in map(str, range(7)):
                if id in playing and dice.random() < 0.02:
                    del playing[id]
                elif id in playing and id in "0246" and dice.random() < 0.3:
                    playing[id] = replace(playing[id], volume=dice.choice([0.1, 0.2, 0.9]))
                elif id not in playing and dice.random() < 0.04:
                    playing[id] = Sound(
                        id=id,
                        source=dice.choice(sources),
                        media_time_s=dice.choice([0, 0.5, 1.75, 3.9, -0.02]),
                        volume=dice.choice([0.1, 0.4]),
                        playback_rate=dice.choice([1, 1, 1.5, 0.75]),
                        tone_frequency=dice.choice([1, 1, 1.2]),
                        loop=dice.random() < 0.3,
                        media_end_s=dice.choice([None, None, 4.5]),
                    )
            for id in ("x", "y"):
                if dice.random() < 0.05:
                    inline ^= {id}
            samples = np.random.default_rng(frame).integers(-2000, 2000, 3200).astype("<i2")
            frames.append(
                FrameSounds(
                    frame=frame,
                    sounds=tuple(playing.values()),
                    inline=tuple(
                        InlineSound(id=id, samples=samples.tobytes()) for id in sorted(inline)
                    ),
                )
            )
        return frames

    return make


@pytest.fixture
def sources(write_sound, noise) -> dict[str, Path]:
    """Files whose decoders give the same samples wherever they set in."""
    return {
        "wav": write_sound("a.wav", noise(2 * SR)),
        "mono": write_sound("b.wav", noise(SR, 1), rate=44_100),
        "flac": write_sound("c.flac", noise(6 * SR), codec="flac"),
        "mp3": write_sound("d.mp3", noise(SECONDS * 44_100), rate=44_100, codec="libmp3lame"),
        "long": write_sound("e.mp3", noise(35 * SR), codec="libmp3lame"),
    }


def recorded(folder, frames, heard, sources):
    folder.mkdir(parents=True)
    with SoundRecorder(folder) as recorder:
        for position, frame in enumerate(frames):
            recorder.add(Fraction(position), heard[frame])
        path = folder / INLINE_FILE
        return RecordedSounds(
            frames, recorder.finish(), path if path.exists() else None, sources=sources
        )


@pytest.mark.parametrize("seed", range(4))
def test_the_samples_do_not_depend_on_how_a_film_is_cut(tmp_path, heard, sources, seed):
    frames = heard(seed, list(sources))

    def mixed(cut):
        chunks = [
            recorded(tmp_path / str(cut) / str(i), part, frames, sources)
            for i, part in enumerate(FrameRange(0, FRAMES).cut(cut))
        ]
        blocks = mix_chunks(iter(chunks), fps=FPS, frames=FRAMES, sample_rate=SR)
        return np.concatenate(list(blocks))

    whole = mixed(FRAMES)
    assert len(whole) == SECONDS * SR
    assert whole.any()
    for cut in (100, 30, 1):
        assert np.array_equal(mixed(cut), whole)


def test_a_part_is_asked_for_when_those_before_are_mixed(tmp_path, heard, sources):
    """A block comes as soon as the timeline is known for a second and a half beyond it."""
    frames = heard(1, list(sources))
    mixed = 0
    asked: list[tuple[int, int]] = []

    def coming():
        for number, part in enumerate(FrameRange(0, FRAMES).cut(30)):
            asked.append((number, mixed))
            yield recorded(tmp_path / str(number), part, frames, sources)

    for block in mix_chunks(coming(), fps=FPS, frames=FRAMES, sample_rate=SR):
        mixed += len(block)
    assert asked == [(n, max(0, n - 2) * SR) for n in range(SECONDS)]


def segment(*, start=0, frames=30, volume=1.0, **options):
    sound = Sound(**{"id": "a", "source": "a", "media_time_s": 0.0, **options})
    return SoundSegment(sound=sound, start=start, frames=frames, volume=volume)


def test_a_sound_goes_on_at_its_own_place_in_the_file(write_sound, noise):
    """What a later chunk says of the source does not count: the first frame has decided."""
    source = noise(3 * SR)
    paths = {"a": write_sound("a.wav", source)}
    parts = [
        TimelinePart(stop=40, begins=(segment(start=10, frames=30),), sources=paths),
        TimelinePart(stop=70, goes_on=(segment(start=40, media_time_s=2.0),), sources=paths),
        TimelinePart(stop=90, goes_on=(segment(start=70, frames=5),), sources=paths),
    ]
    out = np.concatenate(list(mix(parts, fps=FPS, frames=90, sample_rate=SR)))
    assert not out[: 10 * 1600].any()
    assert np.array_equal(out[10 * 1600 : 75 * 1600], source[: 65 * 1600])
    assert not out[75 * 1600 :].any()


def test_a_volume_that_turns_at_a_border_does_not_click(write_sound):
    paths = {"a": write_sound("a.wav", np.ones((2 * SR, 1), np.float32))}
    parts = [
        TimelinePart(stop=30, begins=(segment(volume=0.25),), sources=paths),
        TimelinePart(stop=60, goes_on=(segment(start=30, volume=0.75),), sources=paths),
    ]
    out = np.concatenate(list(mix(parts, fps=FPS, frames=60, sample_rate=SR)))[:, 0]
    assert set(out[:SR]) == {np.float32(0.25)}
    assert np.abs(np.diff(out)).max() == pytest.approx(0.5 / 144, rel=0.01)
    assert set(out[SR + 144 :]) == {np.float32(0.75)}


def test_volumes_that_have_passed_are_forgotten(write_sound, monkeypatch):
    monkeypatch.setattr("framefleet.encoding.voice._FORGOTTEN_AT_ONCE", 8)
    paths = {"a": write_sound("a.wav", np.ones((20 * SR, 1), np.float32))}
    volumes = tuple(np.random.default_rng(1).random(600).tolist())

    def mixed(cut):
        parts = []
        for start in range(0, 600, cut):
            piece = segment(start=start, frames=cut, volume=volumes[start : start + cut])
            stop = start + cut
            if start:
                parts.append(TimelinePart(stop=stop, goes_on=(piece,)))
            else:
                parts.append(TimelinePart(stop=stop, begins=(piece,), sources=paths))
        return np.concatenate(list(mix(parts, fps=FPS, frames=600, sample_rate=SR)))[:, 0]

    whole = mixed(600)
    assert whole[1599::1600] == pytest.approx(np.array(volumes), abs=1e-6)
    assert np.array_equal(mixed(1), whole)


def test_a_source_that_is_missing_is_found_out_when_its_chunk_comes():
    parts = [TimelinePart(stop=90), TimelinePart(stop=180, begins=(segment(start=100),))]
    blocks = mix(parts, fps=FPS, frames=180, sample_rate=SR)
    assert not next(blocks).any()
    with pytest.raises(MediaError, match=r"There is no file for the sound a\."):
        list(blocks)


def test_a_timeline_that_ends_early_is_an_error():
    blocks = mix([TimelinePart(stop=30)], fps=FPS, frames=31, sample_rate=SR)
    with pytest.raises(EncodingError, match="end before frame 31"):
        list(blocks)


def test_clips_of_a_short_file_decode_it_once_over_all_chunks(write_sound, noise, monkeypatch):
    """Nobody knows yet that the next chunk has them, too."""
    paths = {"a": write_sound("a.m4a", noise(10 * SR), codec="aac")}
    decoded = []

    def spy(frame):
        decoded.append(frame.samples)
        return np.zeros((frame.samples, 2), np.float32)

    monkeypatch.setattr("framefleet.encoding.sound_source._to_samples", spy)
    parts = [
        TimelinePart(
            stop=start + 60,
            begins=(segment(start=start, id=str(start), frames=45, media_time_s=start * 7 % 9),),
            sources=paths,
        )
        for start in range(0, 1800, 60)
    ]
    list(mix(parts, fps=FPS, frames=1800, sample_rate=SR))
    assert sum(decoded) < 20 * SR


def test_a_long_loop_that_may_never_repeat_stays_off_the_disk(write_sound, noise, monkeypatch):
    def refuse(*_):
        raise AssertionError("kept")

    monkeypatch.setattr("framefleet.encoding.sound_cache.SoundCache.store", refuse)
    paths = {"a": write_sound("a.mp3", noise(60 * SR, 1), codec="libmp3lame", bitrate=64_000)}
    parts = [TimelinePart(stop=150, begins=(segment(frames=150, loop=True),), sources=paths)]
    parts += [
        TimelinePart(stop=at + 150, goes_on=(segment(start=at, frames=150),))
        for at in range(150, 1500, 150)
    ]
    for block in mix(parts, fps=FPS, frames=1500, sample_rate=SR):
        assert block.any()
