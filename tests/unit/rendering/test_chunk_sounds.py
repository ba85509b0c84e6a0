from __future__ import annotations

import random
from fractions import Fraction

import msgspec
import numpy as np
import pytest

from framefleet.domain.sound import FrameSounds, InlineSound, Sound, SoundSegment
from framefleet.domain.timing import FrameRange
from framefleet.errors import DiskFullError
from framefleet.rendering.chunk_sounds import (
    INLINE_FILE,
    ChunkSounds,
    RecordedSounds,
    SoundRecorder,
    link_chunks,
    mix_chunks,
)

SR = 48_000


def sound(id="a", *, at=0.0, volume=1.0):
    return Sound(id=id, source=f"{id}.wav", media_time_s=at, volume=volume)


def record(folder, chunk, sounds_of, *, extra=()):
    """Record `chunk` as filming does; `extra` frames are filmed for their inline sound."""
    folder.mkdir(parents=True, exist_ok=True)
    with SoundRecorder(folder) as recorder:
        for frame in sorted({*chunk, *extra}):
            position = Fraction(frame - chunk.start, chunk.step)
            recorder.add(position, sounds_of(frame))
        sounds = recorder.finish()
    path = folder / INLINE_FILE
    return RecordedSounds(chunk, sounds, path if path.exists() else None)


def merged(tmp_path, chunks, sounds_of):
    """The sounds of all chunks: the first segment of each, and the volume of every frame."""
    recorded = [record(tmp_path / str(i), chunk, sounds_of) for i, chunk in enumerate(chunks)]
    found: list[tuple[SoundSegment, list[float]]] = []
    last: dict[str, tuple[SoundSegment, list[float]]] = {}
    for part in link_chunks(recorded):
        for segment in (*part.goes_on, *part.begins):
            gains = volumes_of(segment)
            if segment in part.begins:
                found.append((segment, gains))
                last[segment.sound.id] = found[-1]
            else:
                first, before = last[segment.sound.id]
                assert segment.start == first.start + len(before)
                before += gains
    return found


def volumes_of(segment):
    volume = segment.volume
    return list(volume) if isinstance(volume, tuple) else [volume] * segment.frames


def spans(found):
    return [
        (first.sound.id, first.start, len(volumes), first.sound.media_time_s)
        for first, volumes in found
    ]


def facts(found):
    return sorted((first.start, first.sound.id, first.sound, volumes) for first, volumes in found)


def test_a_sound_goes_on_over_the_border_of_chunks(tmp_path):
    found = merged(
        tmp_path,
        FrameRange(10, 40).cut(10),
        lambda frame: FrameSounds(frame=frame, sounds=(sound(at=frame / 10),)),
    )
    assert spans(found) == [("a", 0, 30, 1.0)]
    assert found[0][1] == [1.0] * 30


def test_a_jump_of_the_composition_ends_every_segment(tmp_path):
    found = merged(
        tmp_path,
        [FrameRange(0, 2), FrameRange(7, 8)],
        lambda frame: FrameSounds(frame=frame, sounds=(sound(at=frame), sound("b", at=frame))),
    )
    assert spans(found) == [("a", 0, 2, 0.0), ("b", 0, 2, 0.0), ("a", 2, 1, 7.0), ("b", 2, 1, 7.0)]


def test_ranges_that_touch_are_one(tmp_path):
    chunks = [FrameRange(0, 5), FrameRange(5, 9)]
    found = merged(tmp_path, chunks, lambda frame: FrameSounds(frame=frame, sounds=(sound(),)))
    assert spans(found) == [("a", 0, 9, 0.0)]


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("seed", range(8))
def test_segments_do_not_depend_on_how_a_film_is_cut(tmp_path, step, seed):
    dice = random.Random(seed)
    whole = FrameRange(4, 4 + 60 * step, step)
    playing: dict[str, Sound] = {}
    heard = {}
    for frame in whole:
        for id in "abc":
            if dice.random() < 0.15:
                playing.pop(id, None)
            elif id in playing or dice.random() < 0.3:
                volume = dice.choice([0.5, 0.5, 0.5, 1.0])
                playing[id] = sound(id, at=frame / 30, volume=volume)
        heard[frame] = FrameSounds(frame=frame, sounds=tuple(playing.values()))

    def found(name, chunks):
        return merged(tmp_path / name, chunks, heard.__getitem__)

    expected = facts(found("whole", [whole]))
    assert len(expected) > 5
    assert facts(found("single", whole.cut(1))) == expected
    for parts in (2, 3, 7, 11):
        assert facts(found(f"in-{parts}", whole.cut(-(-60 // parts)))) == expected


def test_a_record_comes_back_from_its_bytes(tmp_path):
    chunk = record(
        tmp_path,
        FrameRange(0, 3),
        lambda frame: FrameSounds(
            frame=frame,
            sounds=(sound(volume=0.5), sound("b", volume=frame / 4)),
            inline=(InlineSound(id="i", samples=b"\x01\x00\x02\x00", tone_frequency=1.5),),
        ),
    )
    assert chunk.sounds
    data = msgspec.msgpack.encode(chunk.sounds)
    assert msgspec.msgpack.decode(data, type=ChunkSounds) == chunk.sounds


def test_without_inline_sound_there_is_no_file(tmp_path):
    chunk = record(tmp_path, FrameRange(0, 3), lambda frame: FrameSounds(frame=frame))
    assert chunk.inline_file is None
    assert not chunk.sounds
    assert list(tmp_path.iterdir()) == []


def test_inline_samples_are_not_in_the_record(tmp_path):
    block = InlineSound(id="i", samples=bytes(6400))
    chunk = record(
        tmp_path, FrameRange(0, 300), lambda frame: FrameSounds(frame=frame, inline=(block,))
    )
    assert (tmp_path / INLINE_FILE).stat().st_size == 300 * 6400
    assert len(msgspec.msgpack.encode(chunk.sounds)) < 300 * 40


def test_a_full_disk_says_so(tmp_path):
    (tmp_path / INLINE_FILE).symlink_to("/dev/full")
    block = FrameSounds(frame=0, inline=(InlineSound(id="i", samples=bytes(1 << 20)),))
    with SoundRecorder(tmp_path) as recorder, pytest.raises(DiskFullError, match="disk is full"):
        recorder.add(Fraction(0), block)


def beep(frame, *, fps, rate=SR):
    """The inline samples of `frame` as a page gives them: a wave that goes on through the film."""
    start, stop = int(frame / fps * rate), -int(-(frame + 1) / fps * rate // 1)
    wave = 16384 * np.sin(2 * np.pi * 440 / rate * np.arange(start, stop))
    return np.repeat(wave.round().astype("<i2"), 2).tobytes()


@pytest.mark.parametrize("rate", [44_100, SR])
@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("fps", [Fraction(30), Fraction(30000, 1001), Fraction(24)])
@pytest.mark.parametrize("length", [7, 60])
def test_inline_sound_is_one_wave_however_a_film_is_cut(tmp_path, rate, step, fps, length):
    """Of every nth frame the frames between are listened to, so nothing is missing."""
    whole = FrameRange(0, 60, step)

    def heard(frame):
        block = InlineSound(id="i", samples=beep(frame, fps=fps, rate=rate))
        return FrameSounds(frame=frame, inline=(block,))

    chunks = [
        record(tmp_path / str(i), chunk, heard, extra=range(chunk.start, chunk.last + step))
        for i, chunk in enumerate(whole.cut(length))
    ]
    frames = sum(len(chunk.frames) for chunk in chunks)
    blocks = mix_chunks(chunks, fps=fps / step, frames=frames, sample_rate=rate)
    out = np.concatenate(list(blocks))
    assert len(out) == round(60 / fps * rate)
    expected = 0.5 * np.sin(2 * np.pi * 440 / rate * np.arange(len(out)))
    assert np.abs(out[:, 0] - expected).max() < 1 / 32767


def test_a_chunk_that_makes_no_sound_is_silence_between_others(tmp_path):
    def heard(frame):
        samples = np.full(2 * 1600, 8192, "<i2").tobytes()
        inline = () if 10 <= frame < 20 else (InlineSound(id="i", samples=samples),)
        return FrameSounds(frame=frame, inline=inline)

    chunks = [record(tmp_path / str(c.start), c, heard) for c in FrameRange(0, 30).cut(10)]
    out = np.concatenate(list(mix_chunks(chunks, fps=Fraction(30), frames=30, sample_rate=SR)))
    assert [set(part) for part in out[:, 0].reshape(3, 16_000)] == [{0.25}, {0.0}, {0.25}]
