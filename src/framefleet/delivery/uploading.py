"""The files of one render on their way to a bucket."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from framefleet.domain.stored import ObjectAttributes
from framefleet.errors import (
    AccessDeniedError,
    ObjectConflictError,
    OutputExistsError,
    StorageError,
)
from framefleet.interfaces.parallel import each
from framefleet.interfaces.storage import Storage
from framefleet.interfaces.transfer import source_size

# Pictures of a sequence are small, and a request takes longer than its bytes.
UPLOADS_AT_ONCE = 8
# What a failed upload has put is taken away again, but nobody waits for ever for that.
_CLEANUP_TIMEOUT_S = 30.0

# Called with the bytes sent, from any thread.
OnUpload = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file, and the object it becomes."""

    path: Path
    storage: Storage
    key: str
    attributes: ObjectAttributes

    @property
    def size_bytes(self) -> int:
        """Bytes of the file."""
        return source_size(self.path)


@asynccontextmanager
async def uploading(
    *, overwrite: bool, on_bytes: OnUpload, is_ours: Callable[[], bool] = lambda: True
) -> AsyncIterator[Uploads]:
    """Files go up within it: all of them, or none.

    Where it fails, what was new in the buckets is gone again, unless by then it is not `is_ours`.
    """
    uploads = Uploads(overwrite, _Meter(on_bytes))
    try:
        yield uploads
    except BaseException:
        if is_ours():
            with anyio.move_on_after(_CLEANUP_TIMEOUT_S, shield=True):
                await uploads.take_back()
        raise


@dataclass(slots=True)
class Uploads:
    """The files that go up for one render."""

    _overwrite: bool
    _meter: _Meter
    _new: list[OutgoingFile] = field(default_factory=list)

    async def put(self, files: Sequence[OutgoingFile]) -> None:
        """Upload these; they are there when this returns.

        Raises:
            OutputExistsError: an object is there, and it may not be replaced.
            StorageError: one of them cannot be stored.
        """
        await each(files, self._put, at_once=UPLOADS_AT_ONCE)

    async def take_back(self) -> None:
        """Delete what is new."""
        for storage in {id(file.storage): file.storage for file in self._new}.values():
            # The error on its way says why; it is not to be hidden by this one.
            with suppress(StorageError):
                await storage.delete([file.key for file in self._new if file.storage is storage])

    async def _put(self, file: OutgoingFile) -> None:
        try:
            await file.storage.put(
                file.key,
                file.path,
                attributes=file.attributes,
                create_only=not self._overwrite,
                on_bytes=lambda done: self._meter.sent(file, done),
            )
        except ObjectConflictError as exc:
            raise output_exists(file.storage, file.key) from exc
        if not self._overwrite:
            self._new.append(file)
        self._meter.sent(file, file.size_bytes)


async def check_absent(storage: Storage, keys: Sequence[str], *, overwrite: bool) -> None:
    """Refuse to replace an object unless asked to, before any work is done.

    Credentials that may write but not look pass: the upload itself is create-only.

    Raises:
        OutputExistsError: one is there already.
        StorageError: the bucket cannot be used.
    """
    if overwrite:
        return

    async def look(key: str) -> None:
        with suppress(AccessDeniedError):
            if await storage.stat(key) is not None:
                raise output_exists(storage, key)

    await each(keys, look, at_once=UPLOADS_AT_ONCE)


def output_exists(storage: Storage, key: str) -> OutputExistsError:
    """The error of an output that is there already."""
    return OutputExistsError(
        f'Output file "{key}" in bucket "{storage.address}" already exists. Delete it before '
        "re-rendering, or set the 'overwrite' option (--overwrite) to overwrite it.",
        key=key,
    )


@dataclass(slots=True)
class _Meter:
    """Adds up what several uploads report, from several threads."""

    on_bytes: OnUpload
    _sent: dict[OutgoingFile, int] = field(default_factory=dict)
    _total: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sent(self, file: OutgoingFile, done: int) -> None:
        with self._lock:
            before = self._sent.get(file, 0)
            self._sent[file] = max(done, before)
            self._total += self._sent[file] - before
            self.on_bytes(self._total)
