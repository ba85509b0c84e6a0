"""The room kept for the index of a large MP4 or MOV is always enough."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest

from framefleet.domain.codecs import CODECS, AudioCodec, Codec
from framefleet.domain.output import AudioOptions, OutputOptions
from framefleet.encoding.containers import has_edit_lists, muxer_of
from framefleet.encoding.index_room import MOVED_BELOW_BYTES, index_room
from framefleet.encoding.join import join

FILMS = [
    (codec, audio, extension)
    for codec, spec in CODECS.items()
    if spec.encoder
    for audio, extensions in spec.audio.items()
    for extension in sorted(extensions)
    if has_edit_lists(muxer_of(extension))
]


@pytest.fixture
def large(tmp_path, write_chunk, stamped, noise, monkeypatch):
    """Write a film as a large one is; the bytes its index takes and those it was given."""
    monkeypatch.setattr("framefleet.encoding.index_room.MOVED_BELOW_BYTES", 0)

    def write(codec, audio, extension, sizes, *, rate=Fraction(30), sample_rate=48_000, **tags):
        first, chunks = 0, []
        for size in sizes:
            pictures = [stamped(first + n) for n in range(size)]
            chunks.append(write_chunk(codec, pictures, rate=rate))
            first += size
        path = tmp_path / f"film.{extension}"
        options = AudioOptions(codec=audio, sample_rate=sample_rate)
        sound = None
        if audio is not None:
            samples = noise(round(first / rate * sample_rate))
            sound = (samples[at : at + sample_rate] for at in range(0, len(samples), sample_rate))
        target = OutputOptions(codec=codec, extension=extension, metadata=tags)
        join(chunks, path, rate=rate, target=target, audio=options, sound=sound, frames=first)
        return index_bytes(path.read_bytes())

    return write


def index_bytes(data: bytes) -> tuple[int, int]:
    """The size of the index at the start of an MP4, and of the space up to the media data."""
    at = data.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", data, at)
    return size, data.index(b"mdat") - 4 - at


@pytest.mark.parametrize(("codec", "audio", "extension"), FILMS)
def test_the_index_fits_in_every_file(large, codec, audio, extension):
    used, kept = large(codec, audio, extension, (37, 1, 22), rate=Fraction(30000, 1001))
    assert used <= kept


@pytest.mark.parametrize("sample_rate", [16_000, 44_100, 96_000])
@pytest.mark.parametrize("audio", [AudioCodec.AAC, AudioCodec.MP3, None])
def test_the_index_fits_where_every_frame_is_a_chunk(large, audio, sample_rate, monkeypatch):
    """All frames are key frames, and none lies next to another; what is kept for the rest is not
    there to help.
    """
    monkeypatch.setattr("framefleet.encoding.index_room._OTHER_BYTES", 3000)
    used, kept = large(
        Codec.H264, audio, "mp4", (1,) * 200, sample_rate=sample_rate, title="Film" * 500
    )
    assert used <= kept


def room_for(frames: int, bytes_per_frame: float) -> int | None:
    return index_room(
        frames=frames,
        bytes_per_frame=bytes_per_frame,
        rate=Fraction(30),
        sample_rate=48_000,
        metadata={},
    )


def test_small_files_keep_no_room():
    per_frame = MOVED_BELOW_BYTES / 1000
    assert room_for(999, per_frame) is None
    assert room_for(1000, per_frame)


def test_the_room_for_ten_minutes_is_a_hundredth_of_a_large_file():
    kept = room_for(18_000, 300e6 / 18_000)
    assert kept is not None
    assert kept < 2e6
