"""The sites of a bucket: what there is, and what is to go."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from framefleet.domain.stored import ObjectInfo
from framefleet.errors import AccessDeniedError, ObjectNotFoundError, StorageError
from framefleet.interfaces.parallel import each
from framefleet.interfaces.storage import Storage
from framefleet.sites.names import INDEX, SITES, prefix_of, serve_url

# Called with the key of each object that is gone.
OnDeleted = Callable[[str], None]

_KEY = re.compile(rf"{SITES}([-0-9a-zA-Z!_.*'()]+)/")
_VERSION = re.compile(rb"window\.remotion_version\s*=\s*['\"]([^'\"]+)['\"]")
_READS_AT_ONCE = 10
# Small enough for whoever watches, large enough for S3, which deletes up to 1000 with one call.
_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site in a bucket.

    `modified` is its newest file's, aware UTC; `version` is the Remotion that bundled it, None for
    a plain page.
    """

    id: str
    size_bytes: int
    bucket: str
    modified: datetime
    serve_url: str
    version: str | None = None

    def to_dict(self) -> dict[str, str | int | None]:
        """The site under the reference's names, its time in milliseconds."""
        return {
            "id": self.id,
            "sizeInBytes": self.size_bytes,
            "bucketName": self.bucket,
            "lastModified": round(self.modified.timestamp() * 1000),
            "serveUrl": self.serve_url,
            "version": self.version,
        }


async def list_sites(storage: Storage) -> list[Site]:
    """All sites of a bucket, by their ids.

    Raises:
        StorageError: a file lies where there should be none; or the storage cannot be used.
    """
    sites: dict[str, Site] = {}
    pages: set[str] = set()
    async for found in storage.objects(SITES):
        # A console that "makes a folder" leaves an empty object of its name.
        if found.key == SITES:
            continue
        site = _site(storage, found)
        sites[site.id] = _joined(sites[site.id], site) if site.id in sites else site
        if found.key == prefix_of(site.id) + INDEX:
            pages.add(site.id)
    versions = await _versions(storage, sorted(pages))
    return [replace(site, version=versions.get(site.id)) for site in sites.values()]


async def delete_site(storage: Storage, name: str, *, on_deleted: OnDeleted | None = None) -> int:
    """Delete a site, its page first: nobody shall render half of it.

    Returns:
        The bytes that it had; 0 if there is no such site.
    """
    prefix = prefix_of(name)
    found = [item async for item in storage.objects(prefix)]
    keys = [item.key for item in found]
    index = prefix + INDEX
    if index in keys:
        await _delete(storage, [index], on_deleted)
    for batch in _batches(key for key in keys if key != index):
        await _delete(storage, batch, on_deleted)
    return sum(item.size_bytes for item in found)


def _site(storage: Storage, found: ObjectInfo) -> Site:
    """The site an object belongs to, as if it had no other."""
    bucket = storage.address.partition("://")[2] or storage.address
    match = _KEY.match(found.key)
    if match is None or match[1] in (".", ".."):
        raise StorageError(
            f'A file was found in the bucket "{bucket}" with the key {found.key} which is an '
            "unexpected folder structure. Delete this file."
        )
    return Site(
        id=match[1],
        size_bytes=found.size_bytes,
        bucket=bucket,
        modified=found.modified,
        serve_url=serve_url(storage, match[1]),
    )


def _joined(site: Site, other: Site) -> Site:
    return replace(
        site,
        size_bytes=site.size_bytes + other.size_bytes,
        modified=max(site.modified, other.modified),
    )


async def _versions(storage: Storage, ids: Iterable[str]) -> dict[str, str]:
    versions: dict[str, str] = {}

    async def read(site: str) -> None:
        # It may be deleted meanwhile; and who may list need not be allowed to read.
        with suppress(ObjectNotFoundError, AccessDeniedError):
            page = await storage.read(prefix_of(site) + INDEX)
            if match := _VERSION.search(page):
                versions[site] = match[1].decode(errors="replace")

    await each(ids, read, at_once=_READS_AT_ONCE)
    return versions


async def _delete(storage: Storage, keys: list[str], on_deleted: OnDeleted | None) -> None:
    await storage.delete(keys)
    if on_deleted:
        for key in keys:
            on_deleted(key)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    left = iter(keys)
    while batch := list(islice(left, _BATCH)):
        yield batch
