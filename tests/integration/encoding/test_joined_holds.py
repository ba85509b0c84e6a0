"""Films joined of chunks with skip pictures: holds across the border, motion behind them."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from framefleet.domain.codecs import Codec
from framefleet.domain.output import AudioOptions, OutputOptions
from framefleet.encoding.join import ChunkVideo, join
from framefleet.testing.video import presentation_times_s, read_stamps

RATE = Fraction(30000, 1001)
# Picture numbers by frame: motion into a hold, which goes on in the next chunk and ends there,
# motion alone, a hold alone, and too little of anything.
CHUNKS = (
    [*range(8)] + [8] * 60,
    [8] * 50 + [9, 10, 11],
    [*range(12, 40)],
    [40] * 45,
    [41],
    [41, 41],
)


@pytest.fixture(scope="module", params=["medium", "ultrafast"])
def chunks(request, write_chunk, stamped) -> list[ChunkVideo]:
    """A chunk of each row of CHUNKS; repeats are said to be repeats."""
    found = []
    for numbers in CHUNKS:
        pictures = [
            None if frame and numbers[frame - 1] == number else stamped(number)
            for frame, number in enumerate(numbers)
        ]
        options = {"preset": request.param, "threads": 2}
        found.append(write_chunk(Codec.H264, pictures, rate=RATE, **options))
    return found


@pytest.mark.parametrize(
    ("codec", "extension", "tick_s"),
    [
        (Codec.H264, "mp4", 0),
        (Codec.H264, "mov", 0),
        (Codec.H264, "mkv", Fraction(1, 1000)),
        (Codec.H264_MKV, "mkv", Fraction(1, 1000)),
        (Codec.H264_TS, "ts", Fraction(1, 90_000)),
    ],
)
def test_every_container_shows_each_frame_of_the_chunks(
    codec, extension, tick_s, chunks, decoded_strictly, check_skips, tmp_path
):
    path = tmp_path / f"film.{extension}"
    target = OutputOptions(codec=codec, extension=extension)
    join(chunks, path, rate=RATE, target=target, audio=AudioOptions(), sound=None)

    expected = [frame.md5 for chunk in chunks for frame in decoded_strictly(chunk.path)]
    assert [frame.md5 for frame in decoded_strictly(path)] == expected
    numbers = [number for chunk in CHUNKS for number in chunk]
    assert read_stamps(path) == numbers
    times = presentation_times_s(path)
    assert all(abs(time - times[0] - n / RATE) <= tick_s for n, time in enumerate(times))
    # Chunk by chunk: a hold that goes on begins anew.
    rows = [(row, number) for row, chunk in enumerate(CHUNKS) for number in chunk]
    check_skips(path, rows, ())


def test_the_ffmpeg_command_joins_them_alike(chunks, decoded_strictly, tmp_path):
    listing, path = tmp_path / "chunks.txt", tmp_path / "film.mp4"
    listing.write_text("".join(f"file '{chunk.path}'\n" for chunk in chunks))
    concatenate(listing, path)
    expected = [frame.md5 for chunk in chunks for frame in decoded_strictly(chunk.path)]
    assert [frame.md5 for frame in decoded_strictly(path)] == expected


def test_a_hold_in_full_hd(write_chunk, decoded_strictly, plain, tmp_path):
    """So many macroblocks that the arithmetic coder writes long runs of zeros."""
    pictures = [plain(200, 90, 30, size=(1080, 1920)), *[None] * 30]
    chunk = write_chunk(Codec.H264, pictures, preset="superfast")
    path = tmp_path / "film.ts"
    target = OutputOptions(codec=Codec.H264_TS, extension="ts")
    join([chunk] * 2, path, rate=Fraction(30), target=target, audio=AudioOptions(), sound=None)
    shown = [frame.md5 for frame in decoded_strictly(path)]
    assert len(shown) == 62
    assert len(set(shown[20:31])) == len(set(shown[51:62])) == 1


def concatenate(listing: Path, path: Path) -> None:
    command = ["ffmpeg", "-v", "warning", "-f", "concat", "-safe", "0", "-i", str(listing)]
    found = subprocess.run([*command, "-c", "copy", str(path)], capture_output=True, check=True)
    assert found.stderr == b""
