"""One object on its way from Google Cloud Storage to a file."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, BinaryIO

import google_crc32c

from framefleet.errors import writing
from framefleet.interfaces.storage import OnBytes
from framefleet.interfaces.transfer import stop_if_cancelled


class CheckedFile:
    """Counts and sums what is written to a file.

    The library does not check a download that it had to resume.
    """

    def __init__(self, file: BinaryIO, target: Path, on_bytes: OnBytes | None) -> None:
        self._file = file
        self._target = target
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
