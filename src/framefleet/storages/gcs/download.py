"""One object on its way from Google Cloud Storage to a file."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import google_crc32c

from framefleet.errors import writing
from framefleet.interfaces.storage import OnBytes
from framefleet.storages.gcs.transport import stop_if_cancelled

# The library hands over 8 KiB at a time.
_BUFFER_BYTES = 1 << 20


class PartialFile:
    """A file beside its target that is written, and then takes the target's place.

    Counts and sums what is written: the library does not check a download that it had to resume.
    """

    def __init__(self, path: Path, target: Path, file: BinaryIO, on_bytes: OnBytes | None) -> None:
        self._path = path
        self._target = target
        self._file = file
        self._on_bytes = on_bytes
        # Any, as its methods are not typed.
        self._checksum: Any = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
        self.size_bytes = 0

    @property
    def crc32c(self) -> str:
        """The checksum of what was written, in Google's notation."""
        return base64.b64encode(self._checksum.digest()).decode()

    def write(self, data: bytes) -> int:
        """Append, as the library does for every piece that arrives."""
        stop_if_cancelled()
        with writing(str(self._target)):
            self._file.write(data)
        self._checksum.update(data)
        self.size_bytes += len(data)
        if self._on_bytes is not None:
            self._on_bytes(self.size_bytes)
        return len(data)

    def finish(self) -> None:
        """Put it in the target's place."""
        with writing(str(self._target)):
            self._file.close()
            self._path.replace(self._target)


@contextmanager
def partial_file(target: Path, on_bytes: OnBytes | None) -> Iterator[PartialFile]:
    """A file to download to; gone at the end, unless it was finished.

    Raises:
        DiskFullError, OutputError: it cannot be written.
    """
    path = target.with_name(f".framefleet-{secrets.token_hex(8)}")
    with writing(str(target)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    file = os.fdopen(descriptor, "wb", buffering=_BUFFER_BYTES)
    try:
        yield PartialFile(path, target, file, on_bytes)
    finally:
        _close(file)
        path.unlink(missing_ok=True)


def _close(file: BinaryIO) -> None:
    try:
        file.close()
    except OSError:
        # What is left in its buffer finds no space either; the file is given up anyway.
        assert file.closed
