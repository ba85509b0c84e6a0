"""Puts a site into a bucket, in an order that leaves the site before it working until the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio.to_thread

from framefleet.domain.stored import ObjectAttributes, ObjectInfo, Privacy
from framefleet.errors import ObjectConflictError
from framefleet.interfaces.parallel import each
from framefleet.interfaces.storage import Storage
from framefleet.sites.folder import SiteFile, read_site
from framefleet.sites.names import INDEX, prefix_of, serve_path

# Of small files the way of a request takes longest: on a line of 50 ms three times as fast as the
# reference's five.
_UPLOADS_AT_ONCE = 16
# Each reads a file through and takes a core for its checksum.
_CHECKS_AT_ONCE = 4
_SHOWN_KEYS = 5
# The files of a bundle keep their names when it changes, and Cloud Storage would have public ones
# kept for an hour: ask each time, which costs an answer without a body.
_CACHE_CONTROL = "no-cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgress:
    """How much of what changed is in the bucket; sizes in bytes."""

    total_files: int
    files_uploaded: int
    total_size: int
    size_uploaded: int

    def to_dict(self) -> dict[str, int]:
        """The progress under the reference's names."""
        return {
            "totalFiles": self.total_files,
            "filesUploaded": self.files_uploaded,
            "totalSize": self.total_size,
            "sizeUploaded": self.size_uploaded,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployStats:
    """How many files a deployment uploaded, deleted and left as they were."""

    uploaded_files: int
    deleted_files: int
    untouched_files: int

    def to_dict(self) -> dict[str, int]:
        """The numbers under the reference's names."""
        return {
            "uploadedFiles": self.uploaded_files,
            "deletedFiles": self.deleted_files,
            "untouchedFiles": self.untouched_files,
        }


# Called with the bytes compared so far, and whether that is all.
OnDiff = Callable[[int, bool], None]
# Called while bytes flow, one call at a time, but from any thread.
OnUpload = Callable[[UploadProgress], None]


async def check_new(storage: Storage, name: str) -> None:
    """See to `throw_if_site_exists`.

    Raises:
        ObjectConflictError: there is a site of this name.
    """
    keys: list[str] = []
    async for found in storage.objects(prefix_of(name)):
        keys.append(found.key)
        if len(keys) == _SHOWN_KEYS:
            break
    if keys:
        raise ObjectConflictError(
            "`throwIfSiteExists` was passed as true, but there are already files in this folder: "
            + ", ".join(keys),
            hint="Give another name, or leave throw_if_site_exists out to replace the site.",
        )


async def deploy(
    storage: Storage,
    folder: Path,
    name: str,
    *,
    privacy: Privacy = Privacy.PUBLIC,
    on_diff: OnDiff | None = None,
    on_upload: OnUpload | None = None,
) -> DeployStats:
    """Make the site `name` of this bucket the same as a folder.

    First come files that the site does not have, then those that it has otherwise, then its
    index.html; what only the site before had is deleted when that is in place. Failed or cancelled,
    it has deleted nothing that the index.html in place asks for; called again, it goes on.

    Raises:
        SiteError: the folder is no site, or its bundle is for another place.
        StorageError: the storage cannot be used.
    """
    prefix = prefix_of(name)
    files = await anyio.to_thread.run_sync(
        read_site, folder, prefix, serve_path(storage, name), abandon_on_cancel=True
    )
    stored = {found.key: found async for found in storage.objects(prefix)}
    changed = await _changed(storage, files, stored, on_diff)
    meter = _Meter(changed, on_upload)
    attributes = ObjectAttributes(cache_control=_CACHE_CONTROL, privacy=privacy)

    async def upload(file: SiteFile) -> None:
        await storage.put(
            file.key,
            file.path,
            attributes=attributes,
            on_bytes=lambda done: meter.sent(file, done),
        )
        meter.finished(file)

    for step in _in_order(changed, stored, prefix + INDEX):
        await each(step, upload, at_once=_UPLOADS_AT_ONCE)
    stale = sorted(stored.keys() - {file.key for file in files})
    if stale:
        await storage.delete(stale)
    return DeployStats(
        uploaded_files=len(changed),
        deleted_files=len(stale),
        untouched_files=len(files) - len(changed),
    )


async def _changed(
    storage: Storage,
    files: list[SiteFile],
    stored: dict[str, ObjectInfo],
    on_diff: OnDiff | None,
) -> list[SiteFile]:
    """The files that the bucket has not, or has otherwise."""
    report = on_diff or (lambda done, is_all: None)
    same: set[str] = set()
    checked = 0

    async def check(file: SiteFile) -> None:
        nonlocal checked
        if await storage.is_same(file.path, stored[file.key]):
            same.add(file.key)
        checked += file.size_bytes
        report(checked, False)

    report(0, False)
    known = [file for file in files if file.key in stored]
    await each(known, check, at_once=_CHECKS_AT_ONCE)
    report(checked, True)
    return [file for file in files if file.key not in same]


def _in_order(
    changed: list[SiteFile], stored: dict[str, ObjectInfo], index: str
) -> tuple[list[SiteFile], ...]:
    others = [file for file in changed if file.key != index]
    return (
        [file for file in others if file.key not in stored],
        [file for file in others if file.key in stored],
        [file for file in changed if file.key == index],
    )


@dataclass(slots=True)
class _Meter:
    """Adds up what several uploads report, from several threads."""

    files: list[SiteFile]
    listener: OnUpload | None
    _total_size: int = 0
    _sent: dict[str, int] = field(default_factory=dict)
    _size: int = 0
    _finished: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._total_size = sum(file.size_bytes for file in self.files)
        self._report()

    def sent(self, file: SiteFile, done: int) -> None:
        """So many bytes of a file are in the bucket."""
        with self._lock:
            self._advance(file, done)
            self._report()

    def finished(self, file: SiteFile) -> None:
        """All of a file is."""
        with self._lock:
            self._advance(file, file.size_bytes)
            self._finished += 1
            self._report()

    def _advance(self, file: SiteFile, done: int) -> None:
        before = self._sent.get(file.key, 0)
        now = self._sent[file.key] = max(before, min(done, file.size_bytes))
        self._size += now - before

    def _report(self) -> None:
        if self.listener:
            self.listener(
                UploadProgress(
                    total_files=len(self.files),
                    files_uploaded=self._finished,
                    total_size=self._total_size,
                    size_uploaded=self._size,
                )
            )
