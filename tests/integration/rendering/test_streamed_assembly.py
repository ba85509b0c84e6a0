"""An assembly takes chunks as they come, and gives the file that all chunks at once would give."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import av
import numpy as np
import pytest

from framefleet.domain.codecs import AudioCodec, Codec
from framefleet.encoding.join import ChunkVideo, join
from framefleet.encoding.mix import TimelinePart, mix
from framefleet.encoding.sound_file import write_sound
from framefleet.errors import EncodingError, MediaError, OutputExistsError
from framefleet.rendering.assembly import assemble
from framefleet.rendering.chunk_sounds import ChunkSounds
from framefleet.rendering.part import VIDEO_FILE
from framefleet.testing.video import read_stamps

from .films import CHUNKS, FPS, RATE, bed_and_clips, one_by_one, plan_of, segment, whole_timeline

FRAMES = sum(CHUNKS)
FILMS = [
    (Codec.H264, "mp4", AudioCodec.AAC),
    (Codec.H264, "mov", AudioCodec.PCM_16),
    (Codec.H264_TS, "ts", AudioCodec.AAC),
]
SOUNDS = [(Codec.AAC, "m4a"), (Codec.WAV, "wav"), (Codec.MP3, "mp3")]


def at_once(plan, chunks, sounds, sources, path: Path) -> bytes:
    """The film with the sound of its whole timeline, known from the start."""
    part = TimelinePart(stop=FRAMES, begins=tuple(whole_timeline(sounds)), sources=sources)
    sound = mix([part], fps=FPS, frames=FRAMES, sample_rate=RATE)
    if plan.output.codec.spec.is_audio_only:
        write_sound(
            path, extension=plan.output.extension, audio=plan.audio, sound=sound, metadata={}
        )
    else:
        videos = [ChunkVideo(chunk.paths[VIDEO_FILE], len(chunk.record.frames)) for chunk in chunks]
        join(videos, path, rate=FPS, target=plan.output, audio=plan.audio, sound=sound)
    return path.read_bytes()


def tracks(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [stream.type for stream in container.streams]


def sound_threads():
    return [thread for thread in threading.enumerate() if "framefleet-sound" in thread.name]


@pytest.mark.parametrize("from_chunk", [0, 2])
@pytest.mark.parametrize(("codec", "extension", "audio"), FILMS)
def test_a_film_is_the_same_to_the_byte(
    codec, extension, audio, from_chunk, shop, sources, tmp_path
):
    """Also one that turns out to have sound when half of it is written."""
    plan = plan_of(codec, extension, audio)
    sounds = bed_and_clips(from_chunk=from_chunk)
    chunks = list(shop.chunks(plan, sounds, sources))
    expected = at_once(plan, chunks, sounds, sources, tmp_path / f"whole.{extension}")
    output = tmp_path / f"out.{extension}"
    assemble(plan, one_by_one(chunks, lambda number: None), output, overwrite=False)
    assert output.read_bytes() == expected
    assert tracks(output) == ["video", "audio"]
    assert read_stamps(output) == list(range(FRAMES))


@pytest.mark.parametrize(("codec", "extension"), SOUNDS)
def test_a_sound_alone_is_the_same_to_the_byte(codec, extension, shop, sources, tmp_path):
    plan = plan_of(codec, extension, codec.spec.default_audio, is_enforced=True)
    sounds = bed_and_clips()
    chunks = list(shop.chunks(plan, sounds, sources))
    expected = at_once(plan, chunks, sounds, sources, tmp_path / f"whole.{extension}")
    output = tmp_path / f"out.{extension}"
    assemble(plan, iter(chunks), output, overwrite=False)
    assert output.read_bytes() == expected


def test_what_can_be_written_is_written_before_the_next_chunk_is_there(shop, sources, tmp_path):
    plan = plan_of(Codec.H264, "mp4", AudioCodec.AAC)

    def run(sounds, name) -> list[int]:
        written, seen = [0], []
        chunks = list(shop.chunks(plan, sounds, sources))
        coming = one_by_one(chunks, lambda number: seen.append(written[-1]))
        assemble(plan, coming, tmp_path / name, overwrite=False, on_frames=written.append)
        return seen

    assert run([], "silent.mp4") == [0, 40, 65, 125, 160]
    # Sound is mixed a second at a time, up to a second and a half before what is known.
    assert run(bed_and_clips(), "sounding.mp4") == [0, 0, 0, 40, 160]


def test_a_sounding_film_lags_by_seconds_not_by_its_length(shop, sources, tmp_path):
    plan = plan_of(Codec.H264, "mov", AudioCodec.PCM_16)
    sizes: list[int] = []

    def look(number: int) -> None:
        sizes.append(sum(path.stat().st_size for path in tmp_path.iterdir()))

    chunks = list(shop.chunks(plan, bed_and_clips(), sources))
    assemble(plan, one_by_one(chunks, look), tmp_path / "out.mov", overwrite=False)
    whole = (tmp_path / "out.mov").stat().st_size
    # 125 of 160 frames are known when the last chunk is asked for: two seconds are mixed.
    assert sizes[3] > whole / 4


@pytest.mark.parametrize("sounds", [[], bed_and_clips()])
def test_a_separate_sound_file_grows_beside_the_film(shop, sources, tmp_path, sounds):
    plan = plan_of(Codec.H264, "mp4", AudioCodec.PCM_16, separate_audio="wav", is_enforced=True)
    chunks = list(shop.chunks(plan, sounds, sources))
    sizes: list[int] = []

    def look(number: int) -> None:
        sizes.append(sum(path.stat().st_size for path in tmp_path.glob(".own*.wav")))

    output, own = tmp_path / "out.mp4", tmp_path / "own.wav"
    assemble(plan, one_by_one(chunks, look), output, overwrite=False, separate_audio=own)
    assert tracks(output) == ["video"]
    assert read_stamps(output) == list(range(FRAMES))
    part = TimelinePart(stop=FRAMES, begins=tuple(whole_timeline(sounds)), sources=sources)
    write_sound(
        tmp_path / "whole.wav",
        extension="wav",
        audio=plan.audio,
        sound=mix([part], fps=FPS, frames=FRAMES, sample_rate=RATE),
        metadata={},
    )
    assert own.read_bytes() == (tmp_path / "whole.wav").read_bytes()
    assert sizes[3] >= RATE * 4


def test_a_film_of_silent_chunks_has_no_track_unless_it_is_wanted(shop, tmp_path):
    chunks = list(shop.chunks(plan_of(Codec.H264, "mp4", AudioCodec.AAC), [], {}))
    for name, options, expected in (
        ("silent", {}, ["video"]),
        ("enforced", {"is_enforced": True}, ["video", "audio"]),
    ):
        plan = plan_of(Codec.H264, "mp4", AudioCodec.AAC, **options)
        assemble(plan, iter(chunks), tmp_path / f"{name}.mp4", overwrite=False)
        assert tracks(tmp_path / f"{name}.mp4") == expected


def test_a_muted_film_has_no_track_whatever_its_chunks_say(shop, sources, tmp_path):
    plan = plan_of(Codec.H264, "mp4", None)
    chunks = shop.chunks(plan, bed_and_clips(), sources)
    assemble(plan, chunks, tmp_path / "out.mp4", overwrite=False)
    assert tracks(tmp_path / "out.mp4") == ["video"]


def test_a_film_is_begun_anew_once_when_its_first_sound_comes(shop, sources, tmp_path):
    plan = plan_of(Codec.H264, "mp4", AudioCodec.AAC)
    counts: list[int] = []
    asked: list[int] = []
    chunks = list(shop.chunks(plan, bed_and_clips(from_chunk=2), sources))
    assemble(
        plan,
        one_by_one(chunks, asked.append),
        tmp_path / "out.mp4",
        overwrite=False,
        on_frames=counts.append,
    )
    assert asked == [0, 1, 2, 3, 4]
    assert counts == [40, 65, 40, 65, 125, 160]
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize(("extension", "spare"), [("mp4", "free"), ("mov", "wide")])
def test_the_index_of_a_large_file_has_its_place_from_the_start(
    extension, spare, shop, sources, tmp_path, monkeypatch
):
    plan = plan_of(Codec.H264, extension, AudioCodec.AAC, metadata={"title": "Film" * 100})
    chunks = list(shop.chunks(plan, bed_and_clips(), sources))
    moved, kept = tmp_path / f"moved.{extension}", tmp_path / f"kept.{extension}"
    assemble(plan, iter(chunks), moved, overwrite=False)
    monkeypatch.setattr("framefleet.encoding.index_room.MOVED_BELOW_BYTES", 0)
    assemble(plan, iter(chunks), kept, overwrite=False)
    assert boxes(moved) == ["ftyp", "moov", spare, "mdat"]
    assert boxes(kept) == ["ftyp", "moov", "free", spare, "mdat"]
    assert packets_of(moved) == packets_of(kept)
    assert read_stamps(kept) == list(range(FRAMES))


def test_an_index_that_does_not_fit_is_moved_as_in_a_small_file(
    shop, sources, tmp_path, monkeypatch
):
    plan = plan_of(Codec.H264, "mp4", AudioCodec.AAC)
    chunks = list(shop.chunks(plan, bed_and_clips(), sources))
    assemble(plan, iter(chunks), tmp_path / "moved.mp4", overwrite=False)
    monkeypatch.setattr("framefleet.encoding.index_room.MOVED_BELOW_BYTES", 0)
    for name in ("_FRAME_BYTES", "_SOUND_PACKET_BYTES", "_OTHER_BYTES"):
        monkeypatch.setattr(f"framefleet.encoding.index_room.{name}", 1)
    assemble(plan, iter(chunks), tmp_path / "out.mp4", overwrite=False)
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "moved.mp4").read_bytes()


def boxes(path: Path) -> list[str]:
    """The boxes of an MP4 file, in order."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found.append(kind.decode())
        at += size
    return found


def packets_of(path: Path) -> list[tuple[object, ...]]:
    with av.open(str(path)) as container:
        return [
            (packet.stream.index, packet.pts, packet.dts, packet.duration, bytes(packet))
            for packet in container.demux()
            if packet.size
        ]


OUTPUTS = [
    pytest.param(Codec.H264, "mp4", AudioCodec.AAC, id="mp4"),
    pytest.param(Codec.H264, "mkv", AudioCodec.AAC, id="mkv"),
    pytest.param(Codec.GIF, "gif", None, id="gif"),
    pytest.param(Codec.WAV, "wav", AudioCodec.PCM_16, id="wav"),
    pytest.param(None, "png", None, id="sequence"),
]


@pytest.mark.parametrize("stopped_at", range(4))
@pytest.mark.parametrize(("codec", "extension", "audio"), OUTPUTS)
def test_an_assembly_that_is_stopped_while_it_waits_leaves_nothing(
    codec, extension, audio, stopped_at, shop, sources, tmp_path
):
    options = {"picture_pattern": "element-[frame].[ext]"} if codec is None else {}
    plan = plan_of(codec, extension, audio, **options)
    output = tmp_path / ("out" if codec is None else f"out.{extension}")
    chunks = list(shop.chunks(plan, bed_and_clips() if audio else [], sources))

    class Stop(BaseException):
        """As a cancelled task raises it."""

    def stop(number: int) -> None:
        if number == stopped_at:
            raise Stop

    with pytest.raises(Stop):
        assemble(plan, one_by_one(chunks, stop), output, overwrite=False)
    assert list(tmp_path.iterdir()) == []
    assert not sound_threads()


@pytest.mark.parametrize(("codec", "extension", "audio"), OUTPUTS)
def test_an_output_that_is_there_already_is_refused_before_a_chunk_is_there(
    codec, extension, audio, tmp_path
):
    options = {"picture_pattern": "element-[frame].[ext]"} if codec is None else {}
    plan = plan_of(codec, extension, audio, **options)
    output = tmp_path / ("out" if codec is None else f"out.{extension}")
    taken = output / "element-000.png" if codec is None else output
    taken.parent.mkdir(exist_ok=True)
    taken.write_bytes(b"mine")

    def never():
        raise AssertionError("asked for a chunk")
        yield

    with pytest.raises(OutputExistsError):
        assemble(plan, never(), output, overwrite=False)


def test_a_sound_that_cannot_be_read_is_an_error_when_its_time_comes(shop, sources, tmp_path):
    plan = plan_of(Codec.H264, "mp4", AudioCodec.AAC)
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"this is no sound" * 100)
    sounds = [ChunkSounds(segments=(segment("bed", 0, 40),))]
    chunks = list(shop.chunks(plan, sounds, {"bed": broken}))
    asked: list[int] = []
    with pytest.raises(MediaError, match="Cannot read the sound of bed"):
        assemble(plan, one_by_one(chunks, asked.append), tmp_path / "out.mp4", overwrite=False)
    assert asked[-1] < 3
    assert [path.name for path in tmp_path.iterdir()] == ["broken.mp3"]
    assert not sound_threads()


def test_a_damaged_chunk_is_an_error_when_its_turn_comes(shop, tmp_path):
    plan = plan_of(Codec.H264, "mp4", AudioCodec.AAC)
    chunks = list(shop.chunks(plan, [], {}))
    bad = tmp_path / "bad"
    bad.write_bytes(chunks[1].paths[VIDEO_FILE].read_bytes()[:2000])
    chunks[1].paths[VIDEO_FILE] = bad
    asked: list[int] = []
    with pytest.raises(EncodingError, match="bad"):
        assemble(plan, one_by_one(chunks, asked.append), tmp_path / "out.mp4", overwrite=False)
    assert asked == [0, 1]
    assert [path.name for path in tmp_path.iterdir()] == ["bad"]


@pytest.mark.parametrize(("codec", "extension", "audio"), OUTPUTS)
def test_chunks_that_are_not_all_make_no_output(codec, extension, audio, shop, tmp_path):
    options = {"picture_pattern": "element-[frame].[ext]"} if codec is None else {}
    plan = plan_of(codec, extension, audio, **options)
    output = tmp_path / ("out" if codec is None else f"out.{extension}")
    chunks = list(shop.chunks(plan, [], {}))
    with pytest.raises(EncodingError, match="Only 3 of 4 parts of chunks are there"):
        assemble(plan, chunks[:3], output, overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_a_sequence_are_written_as_they_come_and_appear_together(shop, tmp_path):
    plan = plan_of(None, "png", None, picture_pattern="element-[frame].[ext]")
    chunks = list(shop.chunks(plan, [], {}))
    folder = tmp_path / "out"
    seen: list[tuple[int, int]] = []

    def look(number: int) -> None:
        seen.append((len(list(folder.glob("*.png"))), len(list(folder.glob(".*/*.png")))))

    assemble(plan, one_by_one(chunks, look), folder, overwrite=False)
    assert seen == [(0, n) for n in (0, 40, 65, 125, 160)]
    assert len(list(folder.iterdir())) == FRAMES


def test_a_gif_is_the_same_whether_its_chunks_wait_or_not(shop, tmp_path):
    plan = plan_of(Codec.GIF, "gif", None)
    chunks = list(shop.chunks(plan, [], {}))
    counts: list[int] = []
    assemble(plan, chunks, tmp_path / "a.gif", overwrite=False, on_frames=counts.append)
    assemble(plan, iter(chunks), tmp_path / "b.gif", overwrite=False)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    assert counts == [0] * FRAMES + list(range(1, FRAMES + 1))


def test_silence_before_the_first_sound_is_silence(shop, sources, tmp_path):
    plan = plan_of(Codec.H264, "mov", AudioCodec.PCM_16)
    sounds = [ChunkSounds(), ChunkSounds(segments=(segment("clip", 5, 20),))]
    assemble(plan, shop.chunks(plan, sounds, sources), tmp_path / "out.mov", overwrite=False)
    with av.open(str(tmp_path / "out.mov")) as container:
        samples = np.concatenate(
            [frame.to_ndarray().reshape(-1, 2) for frame in container.decode(audio=0)]
        )
    onset, stop = 45 * 1600, 65 * 1600
    assert len(samples) == FRAMES * 1600
    assert not samples[:onset].any()
    assert samples[onset:stop].any(axis=1).mean() > 0.99
    assert not samples[stop:].any()
