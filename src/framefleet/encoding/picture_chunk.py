"""Chromium's pictures kept as they are, a chunk to a file, for GIFs and sequences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self
from zipfile import BadZipFile, ZipFile, ZipInfo

from framefleet.domain.output import ImageFormat
from framefleet.errors import EncodingError, writing


class PictureWriter:
    """Writes the frames of one chunk into `path` as Chromium made them.

    The file is a ZIP archive without compression: every picture under its frame's number and with
    a check sum, a repeated frame left out, and how many there are in the comment, which comes
    last and marks the chunk as whole. The same pictures give the same bytes.
    """

    def __init__(self, path: Path, *, image_format: ImageFormat) -> None:
        self._what = f"The chunk {path}"
        self._extension = image_format.value
        self.frames = 0
        with writing(self._what):
            self._archive = ZipFile(path, "w")

    def write(self, picture: bytes | None) -> None:
        """Add the next frame; None repeats the one before and takes no space.

        Raises:
            DiskFullError: no space is left.
        """
        if picture is not None:
            name = f"{self.frames:06}.{self._extension}"
            with writing(self._what):
                self._archive.writestr(ZipInfo(name), picture)
        elif not self.frames:
            raise AssertionError("the first frame of a chunk is always a picture")
        self.frames += 1

    def finish(self) -> None:
        """Write the file's index: only now is the chunk whole."""
        self._archive.comment = _summary(self.frames, len(self._archive.filelist))
        with writing(self._what):
            self._archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # After `finish` this does nothing; else another error is on its way up.
        with suppress(OSError, ValueError):
            self._archive.close()


def read_pictures(path: Path, frames: int) -> Iterator[bytes | None]:
    """The pictures of a chunk, one for each frame; None where it repeats the one before.

    One picture is in memory at a time.

    Raises:
        EncodingError: the file is damaged, or holds another number of frames.
    """
    try:
        with ZipFile(path) as archive:
            names = {int(name.partition(".")[0]): name for name in archive.namelist()}
            found, expected = archive.comment, _summary(frames, len(names))
            if not found:
                raise EncodingError(f"The chunk {path} was not finished.")
            if found != expected:
                raise EncodingError(
                    f"The chunk {path} holds {found.decode(errors='replace')} instead of "
                    f"{expected.decode()}."
                )
            if not (
                len(names) == len(archive.namelist()) and 0 == min(names) <= max(names) < frames
            ):
                raise BadZipFile("its index is damaged")
            for frame in range(frames):
                yield archive.read(names[frame]) if frame in names else None
    except EncodingError:
        raise
    except Exception as exc:  # zipfile answers damage with errors of a dozen kinds.
        raise EncodingError(f"The chunk {path} cannot be read: {exc}.") from exc


def _summary(frames: int, pictures: int) -> bytes:
    return f"{frames} frames in {pictures} pictures".encode()
