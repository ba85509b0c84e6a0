"""The objects of one bucket of Google Cloud Storage."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import anyio
import anyio.to_thread
import google_crc32c
from google.api_core import exceptions as api
from google.cloud.storage import Blob, Client  # type: ignore[import-untyped]  # it ships no types

from framefleet.domain.stored import NO_ATTRIBUTES, ObjectAttributes, ObjectInfo
from framefleet.errors import (
    ObjectConflictError,
    ObjectNotFoundError,
    OptionRangeError,
    StorageError,
    StorageUnavailableError,
)
from framefleet.interfaces.parallel import each
from framefleet.interfaces.storage import OnBytes
from framefleet.interfaces.transfer import partial_file, source_size, stop_if_cancelled
from framefleet.storages.gcs.download import CheckedFile
from framefleet.storages.gcs.errors import translated
from framefleet.storages.gcs.signing import LONGEST_S, signed_url
from framefleet.storages.gcs.transport import GIVE_UP_S, TIMEOUTS_S, Retries
from framefleet.storages.gcs.upload import Upload

T = TypeVar("T")

# Requests at the same time.
_THREADS = 16
# Each is a round trip of some 30 ms; Google's batches are no faster, and fail in parts.
_DELETIONS = 12
# An object may be replaced between being looked up and being fetched, or arrive damaged.
_DOWNLOADS = 3
_BLOCK_BYTES = 1 << 20
_FIELDS = "items(name,size,updated,generation,md5Hash,crc32c),nextPageToken"


class _DamagedError(Exception):
    """What arrived is not what was sent."""


class GcsStorage:
    """A bucket's objects, over a client of google-cloud-storage's in threads.

    Args:
        give_up_s: how long failures that pass are tried again.
    """

    def __init__(self, client: Client, bucket: str, *, give_up_s: float = GIVE_UP_S) -> None:
        self._client = client
        self._bucket = client.bucket(bucket)
        self._name = bucket
        self._give_up_s = give_up_s
        self._limiter = anyio.CapacityLimiter(_THREADS)

    @property
    def address(self) -> str:
        """`gs://bucket`."""
        return f"gs://{self._name}"

    async def check(self) -> None:
        """List one object; credentials that may only write will do."""
        await self._call(self._check)

    async def put(
        self,
        key: str,
        source: Path | bytes,
        *,
        attributes: ObjectAttributes = NO_ATTRIBUTES,
        create_only: bool = False,
        if_version: str | None = None,
        on_bytes: OnBytes | None = None,
    ) -> ObjectInfo:
        """Upload; what is longer than 8 MiB goes up chunk by chunk."""
        upload = Upload(
            bucket=self._bucket,
            key=key,
            source=source,
            size=source_size(source),
            attributes=attributes,
            generation=0 if create_only else self._generation(key, if_version),
            on_bytes=on_bytes,
            retries=Retries(self._give_up_s),
        )
        with self._errors("put", key):
            return _described(await self._call(upload.run))

    async def get(self, key: str, target: Path, *, on_bytes: OnBytes | None = None) -> ObjectInfo:
        """Download; a connection that breaks is taken up where it was."""
        return await self._call(self._get, key, target, on_bytes)

    async def read(self, key: str) -> bytes:
        """Download into memory."""
        return await self._call(self._read, key)

    async def stat(self, key: str) -> ObjectInfo | None:
        """Ask for an object's metadata."""
        return await self._call(self._stat, key)

    async def objects(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """List the bucket, a page at a time."""
        pages = self._client.list_blobs(
            self._name,
            prefix=prefix,
            fields=_FIELDS,
            timeout=TIMEOUTS_S,
            retry=Retries(self._give_up_s),
        ).pages
        while True:
            with translated(f"list {self.address}/{prefix}"):
                page = await self._call(next, pages, None)
            if page is None:
                return
            for found in page:
                yield _described(found)

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete several objects at a time."""
        await each(list(keys), lambda key: self._call(self._delete, key), at_once=_DELETIONS)

    async def is_same(self, path: Path, stored: ObjectInfo) -> bool:
        """Compare MD5 sums, or CRC32C of objects that were composed and have no other."""
        kind, _, digest = (stored.checksum or "").partition(":")
        if source_size(path) != stored.size_bytes or kind not in _CHECKSUMS:
            return False
        return await self._call(_checksum, path, kind) == digest

    def url(self, key: str) -> str:
        """The object's address at Google, or at the endpoint."""
        return f"{self._client.api_endpoint}/{self._name}/{quote(key, safe='/~')}"

    def page_url(self, key: str) -> str:
        """The object's address, as the reference has it: Google's bucket hosts know no HTTPS."""
        return self.url(key)

    async def presign(self, key: str, expires_s: int) -> str:
        """Sign an address, as Google allows it for up to seven days."""
        if not 1 <= expires_s <= LONGEST_S:
            raise OptionRangeError(
                f"An address can be signed for 1 up to {LONGEST_S} seconds, not for {expires_s}."
            )
        with self._errors("sign an address of", key):
            return await self._call(signed_url, self._bucket.blob(key), expires_s)

    def local_path(self, key: str) -> Path | None:
        """None: it is elsewhere."""
        return None

    async def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        return await anyio.to_thread.run_sync(partial(function, *arguments), limiter=self._limiter)

    def _errors(self, action: str, key: str) -> AbstractContextManager[None]:
        return translated(
            f"{action} {self.address}/{key}", is_bucket_gone=lambda: self._is_bucket_gone()
        )

    def _is_bucket_gone(self) -> bool:
        # Asked only where the answer did not say what is missing: Google's does, others' do not.
        try:
            return not self._bucket.exists(timeout=TIMEOUTS_S, retry=Retries(self._give_up_s))
        except api.Forbidden:
            return False

    def _generation(self, key: str, version: str | None) -> int | None:
        if version is None:
            return None
        if not version.isdecimal():
            raise ObjectConflictError(f"{self.address}/{key} is not of the version {version!r}.")
        return int(version)

    def _check(self) -> None:
        with translated(f"use {self.address}"):
            try:
                found = self._client.list_blobs(
                    self._name,
                    max_results=1,
                    fields="items(name)",
                    timeout=TIMEOUTS_S,
                    retry=Retries(self._give_up_s),
                )
                next(iter(found), None)
            except api.Forbidden:
                return

    def _found(self, key: str) -> Blob | None:
        blob = self._bucket.blob(key)
        try:
            with self._errors("look for", key):
                blob.reload(timeout=TIMEOUTS_S, retry=Retries(self._give_up_s))
        except ObjectNotFoundError:
            return None
        return blob

    def _stat(self, key: str) -> ObjectInfo | None:
        found = self._found(key)
        return None if found is None else _described(found)

    def _get(self, key: str, target: Path, on_bytes: OnBytes | None) -> ObjectInfo:
        with self._errors("get", key):
            for _ in range(_DOWNLOADS):
                found = self._found(key)
                if found is None:
                    raise ObjectNotFoundError(f"There is no {key} in {self.address}.", key=key)
                if self._fetch(found, target, on_bytes):
                    return _described(found)
        raise StorageUnavailableError(
            f"Cannot get {self.address}/{key}: {_DOWNLOADS} times it was replaced meanwhile, or "
            "arrived damaged."
        )

    def _fetch(self, found: Any, target: Path, on_bytes: OnBytes | None) -> bool:
        """Download the very object that was found; False if it is another by now, or damaged."""
        # A blob that was looked up is fetched from the address in its metadata, which emulators
        # do not quote.
        blob = self._bucket.blob(found.name, generation=found.generation)
        try:
            with partial_file(target) as whole:
                file = CheckedFile(whole, target, on_bytes)
                blob.download_to_file(
                    file,
                    raw_download=True,
                    checksum=None,
                    timeout=TIMEOUTS_S,
                    retry=Retries(self._give_up_s, lambda: file.size_bytes),
                )
                if file.size_bytes != found.size or found.crc32c not in (None, file.crc32c):
                    raise _DamagedError
        except (api.NotFound, _DamagedError):
            return False
        return True

    def _read(self, key: str) -> bytes:
        with self._errors("get", key):
            content = self._bucket.blob(key).download_as_bytes(
                raw_download=True,
                checksum="auto",
                timeout=TIMEOUTS_S,
                retry=Retries(self._give_up_s),
            )
        assert isinstance(content, bytes)
        return content

    def _delete(self, key: str) -> None:
        try:
            with self._errors("delete", key):
                self._bucket.blob(key).delete(timeout=TIMEOUTS_S, retry=Retries(self._give_up_s))
        except ObjectNotFoundError:
            pass


def _described(found: Any) -> ObjectInfo:
    """What Google's metadata say of an object."""
    known = {"md5": found.md5_hash, "crc32c": found.crc32c}
    return ObjectInfo(
        key=found.name,
        size_bytes=found.size,
        modified=found.updated,
        version=str(found.generation),
        checksum=next((f"{kind}:{digest}" for kind, digest in known.items() if digest), None),
    )


_CHECKSUMS: dict[str, Callable[[], Any]] = {
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "crc32c": google_crc32c.Checksum,
}


def _checksum(path: Path, kind: str) -> str:
    total = _CHECKSUMS[kind]()
    for block in _blocks(path):
        total.update(block)
    return base64.b64encode(total.digest()).decode()


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                stop_if_cancelled()
                yield block
    except OSError as exc:
        raise StorageError(f"{path} cannot be read: {exc.strerror}.") from exc
