"""Bytes on their way to a storage or from it, in threads: watched, whole or not at all."""

from __future__ import annotations

import contextlib
import io
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import anyio.from_thread

from framefleet.errors import StorageError, writing

if TYPE_CHECKING:
    from framefleet.interfaces.storage import OnBytes


# Files of this name are on their way to become others.
PARTIAL_PREFIX = ".framefleet-"
_BUFFER_BYTES = 1 << 20


class FileReader(io.BufferedIOBase, BinaryIO):
    """A file, or a part of it, for a client that uploads it from a thread of anyio's.

    Every read ends the upload when the task that waits for it was cancelled. `on_bytes` hears how
    far reading is; what is read again after a failed try is not counted again.

    Args:
        source: the file, or its bytes.
        size: length of the part in bytes, from `start`; None is up to the end.

    Raises:
        StorageError: the file cannot be read.
    """

    def __init__(
        self,
        source: Path | bytes,
        on_bytes: OnBytes | None = None,
        *,
        start: int = 0,
        size: int | None = None,
    ) -> None:
        try:
            self._file = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        except OSError as exc:
            raise StorageError(f"{source!s} cannot be read: {exc.strerror}.") from exc
        whole = self._file.seek(0, io.SEEK_END)
        self._start = start
        self._size = whole - start if size is None else size
        self._on_bytes = on_bytes
        self._most = 0
        self.seek(0)

    def __len__(self) -> int:
        return self._size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell() - self._start

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self._size}[whence]
        return self._file.seek(self._start + origin + offset) - self._start

    def read(self, size: int | None = -1, /) -> bytes:
        stop_if_cancelled()
        left = max(0, self._size - self.tell())
        data = self._file.read(left if size is None or size < 0 else min(size, left))
        if self._on_bytes is not None and self.tell() > self._most:
            self._most = self.tell()
            self._on_bytes(self._most)
        return data

    def close(self) -> None:
        self._file.close()
        super().close()


def stop_if_cancelled() -> None:
    """End this thread's work if the task that waits for it was cancelled."""
    # It fails in threads that no task waits for, which nobody can have cancelled.
    with contextlib.suppress(RuntimeError):
        anyio.from_thread.check_cancelled()


@contextmanager
def partial_file(
    target: Path, place: Callable[[Path, Path], object] = Path.replace
) -> Iterator[BinaryIO]:
    """A file beside `target` to write to, which takes its place at the end of the block.

    Where the block fails, or is cancelled, nothing is left. Its own errors pass as they are: those
    of a network look like those of a disk.

    Args:
        place: how it does so, given its own path and the target's.

    Raises:
        DiskFullError, OutputError: it cannot be written.
    """
    path = target.with_name(f"{PARTIAL_PREFIX}{secrets.token_hex(8)}")
    with writing(str(target)):
        file = path.open("xb", buffering=_BUFFER_BYTES)
    try:
        yield file
        with writing(str(target)):
            file.close()
            place(path, target)
    finally:
        # What is left in its buffer finds no space either, and nobody wants it.
        with contextlib.suppress(OSError):
            file.close()
        path.unlink(missing_ok=True)


def source_size(source: Path | bytes) -> int:
    """Bytes of what is to be uploaded.

    Raises:
        StorageError: the file cannot be read.
    """
    if isinstance(source, bytes):
        return len(source)
    try:
        return source.stat().st_size
    except OSError as exc:
        raise StorageError(f"{source} cannot be read: {exc.strerror}.") from exc
