"""Pictures come back from a chunk byte for byte, or not at all."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from framefleet.domain.output import ImageFormat
from framefleet.encoding.picture_chunk import PictureWriter, read_pictures
from framefleet.errors import DiskFullError, EncodingError, OutputError

PICTURES = [b"first picture", None, None, b"second", b"third", None]


def write(path: Path, pictures) -> Path:
    with PictureWriter(path, image_format=ImageFormat.PNG) as writer:
        for picture in pictures:
            writer.write(picture)
        writer.finish()
        assert writer.frames == len(pictures)
    return path


def test_pictures_come_back_as_they_were_and_repeats_as_none(tmp_path):
    pictures = [np.random.default_rng(n).bytes(50_000) if n % 3 else None for n in range(1, 9)]
    path = write(tmp_path / "chunk.zip", pictures)
    assert list(read_pictures(path, 8)) == pictures


def test_any_unzip_shows_the_pictures_under_their_frame_numbers(tmp_path):
    with ZipFile(write(tmp_path / "chunk.zip", PICTURES)) as archive:
        assert archive.namelist() == ["000000.png", "000003.png", "000004.png"]
        assert archive.read("000003.png") == b"second"


def test_a_repeated_frame_takes_no_space(tmp_path):
    one = write(tmp_path / "one.zip", [b"picture"])
    many = write(tmp_path / "many.zip", [b"picture", *[None] * 8])
    assert many.stat().st_size == one.stat().st_size
    assert list(read_pictures(many, 9)) == [b"picture", *[None] * 8]


def test_the_same_pictures_give_the_same_bytes(tmp_path):
    first, second = (write(tmp_path / name, PICTURES) for name in ("a.zip", "b.zip"))
    assert first.read_bytes() == second.read_bytes()


def test_one_picture_is_in_memory_at_a_time(tmp_path):
    size = 1_000_000
    tracemalloc.start()
    try:
        path = write(tmp_path / "chunk.zip", [bytes([n]) * size for n in range(2)] * 20)
        tracemalloc.reset_peak()
        assert sum(len(picture or b"") for picture in read_pictures(path, 40)) == 40 * size
        assert tracemalloc.get_traced_memory()[1] < 5 * size
    finally:
        tracemalloc.stop()


def test_a_chunk_cut_off_anywhere_is_refused(tmp_path):
    whole = write(tmp_path / "chunk.zip", PICTURES).read_bytes()
    cut = tmp_path / "cut.zip"
    for length in range(0, len(whole), 9):
        cut.write_bytes(whole[:length])
        with pytest.raises(EncodingError):
            list(read_pictures(cut, 6))


def test_no_damaged_byte_goes_unseen(tmp_path):
    pictures = [b"1st", None, b"2nd", None]
    whole = write(tmp_path / "chunk.zip", pictures).read_bytes()
    damaged = tmp_path / "damaged.zip"
    refused = 0
    for position, byte in enumerate(whole):
        damaged.write_bytes(whole[:position] + bytes([byte ^ 1]) + whole[position + 1 :])
        try:
            assert list(read_pictures(damaged, 4)) == pictures
        except EncodingError:
            refused += 1
    assert refused > len(whole) / 2


def test_a_chunk_that_was_not_finished_is_refused(tmp_path):
    path = tmp_path / "chunk.zip"
    with PictureWriter(path, image_format=ImageFormat.JPEG) as writer:
        writer.write(b"picture")
    with pytest.raises(EncodingError, match=r"chunk\.zip was not finished"):
        list(read_pictures(path, 1))


def test_another_number_of_frames_is_refused(tmp_path):
    path = write(tmp_path / "chunk.zip", PICTURES)
    with pytest.raises(EncodingError, match="holds 6 frames in 3 pictures instead of 7"):
        list(read_pictures(path, 7))


def test_a_missing_chunk_is_refused(tmp_path):
    with pytest.raises(EncodingError, match="No such file"):
        list(read_pictures(tmp_path / "chunk.zip", 1))


def test_a_full_disk_is_named():
    def fill() -> None:
        with PictureWriter(Path("/dev/full"), image_format=ImageFormat.PNG) as writer:
            for _ in range(100):
                writer.write(bytes(10_000))
            writer.finish()

    with pytest.raises(DiskFullError, match="The disk is full"):
        fill()


def test_a_folder_that_is_missing_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        PictureWriter(tmp_path / "none" / "chunk.zip", image_format=ImageFormat.PNG)
