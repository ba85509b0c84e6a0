"""Pictures of a sequence come into their folder whole and together, or not at all."""

from __future__ import annotations

import errno
from itertools import pairwise
from pathlib import Path

import pytest

from framefleet.domain.output import ImageFormat
from framefleet.encoding.join import ChunkVideo
from framefleet.encoding.picture_chunk import PictureWriter
from framefleet.errors import (
    DiskFullError,
    EncodingError,
    OptionError,
    OutputError,
    OutputExistsError,
)
from framefleet.rendering.output_file import check_sequence_folder
from framefleet.rendering.sequence import write_sequence

PICTURES = [b"first", None, b"third", b"third", None, b"last"]
SHOWN = [b"first", b"first", b"third", b"third", b"third", b"last"]
NAMES = [f"element-{number}.png" for number in range(6)]


@pytest.fixture
def chunks(tmp_path):
    made = []
    for start, stop in pairwise((0, 3, 5, 6)):
        path = tmp_path / f"chunk-{start}.zip"
        pictures = [PICTURES[start] or SHOWN[start], *PICTURES[start + 1 : stop]]
        with PictureWriter(path, image_format=ImageFormat.PNG) as writer:
            for picture in pictures:
                writer.write(picture)
            writer.finish()
        made.append(ChunkVideo(path, stop - start))
    return made


def content(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


EXPECTED = dict(zip(NAMES, SHOWN, strict=True))


def test_every_frame_is_a_file_with_chromiums_bytes(tmp_path, chunks):
    counts: list[int] = []
    write_sequence(chunks, NAMES, tmp_path / "out", overwrite=False, on_frames=counts.append)
    assert content(tmp_path / "out") == EXPECTED
    assert counts == [1, 2, 3, 4, 5, 6]


def test_pictures_have_the_permissions_of_any_new_file(tmp_path, chunks):
    (tmp_path / "plain").touch()
    write_sequence(chunks, NAMES, tmp_path / "out", overwrite=False)
    modes = {path.stat().st_mode for path in (tmp_path / "out").iterdir()}
    assert modes == {(tmp_path / "plain").stat().st_mode}


def test_editing_a_picture_leaves_its_repetitions_alone(tmp_path, chunks):
    write_sequence(chunks, NAMES, tmp_path / "out", overwrite=False)
    (tmp_path / "out" / NAMES[1]).write_bytes(b"edited in place")
    assert content(tmp_path / "out") == {**EXPECTED, NAMES[1]: b"edited in place"}


def test_other_files_of_the_folder_stay(tmp_path, chunks):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes").write_bytes(b"mine")
    write_sequence(chunks, NAMES, tmp_path / "out", overwrite=False)
    assert content(tmp_path / "out") == {**EXPECTED, "notes": b"mine"}


def test_pictures_that_are_there_are_replaced_only_if_asked(tmp_path, chunks):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / NAMES[2]).write_bytes(b"old")
    with pytest.raises(OutputExistsError, match=r"element-2\.png exists already"):
        write_sequence(chunks, NAMES, folder, overwrite=False)
    (folder / NAMES[4]).write_bytes(b"old")
    with pytest.raises(OutputExistsError, match=r"element-2\.png and 1 others exist already"):
        check_sequence_folder(folder, NAMES, overwrite=False)
    assert content(folder) == {NAMES[2]: b"old", NAMES[4]: b"old"}
    write_sequence(chunks, NAMES, folder, overwrite=True)
    assert content(folder) == EXPECTED


def test_a_picture_that_comes_meanwhile_is_kept(tmp_path, chunks):
    folder = tmp_path / "out"

    def interfere(count: int) -> None:
        if count == 5:
            (folder / NAMES[0]).write_bytes(b"theirs")

    with pytest.raises(OutputExistsError, match="exists already"):
        write_sequence(chunks, NAMES, folder, overwrite=False, on_frames=interfere)
    assert content(folder) == {NAMES[0]: b"theirs"}


@pytest.mark.parametrize("existed", [True, False])
def test_a_sequence_that_is_stopped_leaves_nothing(tmp_path, chunks, existed):
    folder = tmp_path / "out"
    if existed:
        folder.mkdir()

    def stop(count: int) -> None:
        if count == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sequence(chunks, NAMES, folder, overwrite=False, on_frames=stop)
    assert folder.exists() is existed
    assert not existed or content(folder) == {}


def test_a_damaged_chunk_leaves_nothing(tmp_path, chunks):
    data = chunks[-1].path.read_bytes()
    chunks[-1].path.write_bytes(data.replace(b"last", b"lost"))
    with pytest.raises(EncodingError, match="CRC"):
        write_sequence(chunks, NAMES, tmp_path / "out", overwrite=False)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_names_the_folder(tmp_path, chunks, monkeypatch):
    def refuse(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(DiskFullError, match=r"The disk is full: .*/out cannot be written"):
        write_sequence(chunks, NAMES, tmp_path / "out", overwrite=False)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_an_extension_is_refused_as_in_the_reference(tmp_path):
    with pytest.raises(OptionError) as caught:
        check_sequence_folder(tmp_path / "out.mp4", overwrite=True)
    assert caught.value.message == (
        "The output directory of the image sequence cannot have an extension. Got: mp4"
    )


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_file_is_no_folder(tmp_path, overwrite):
    (tmp_path / "out").write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        check_sequence_folder(tmp_path / "out", overwrite=overwrite)
    assert (tmp_path / "out").read_bytes() == b"mine"


def test_a_folder_in_a_missing_one_is_refused(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        check_sequence_folder(tmp_path / "none" / "out", overwrite=False)
