"""One object on its way to Google Cloud Storage: in one request, or chunk by chunk."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.api_core import exceptions as api
from google.cloud.storage import Blob, Bucket  # type: ignore[import-untyped]  # it ships no types

from framefleet.domain.stored import ObjectAttributes, Privacy, content_type_of
from framefleet.errors import StorageError, StorageUnavailableError
from framefleet.interfaces.storage import OnBytes
from framefleet.interfaces.transfer import FileReader
from framefleet.storages.gcs.transport import TIMEOUTS_S, Retries

# A chunk lies in memory, and its answer is waited for: short ones are slow, long ones are large.
# Up to 8 MiB the library sends one request.
CHUNK_BYTES = 16 << 20
# Names the try, so that an answer that was lost can be told from somebody else's object.
_NONCE = "framefleet-put"
# The reference's.
_ACLS = {Privacy.PUBLIC: "publicRead", Privacy.PRIVATE: "projectPrivate"}
_SESSIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What is to be put. `generation` is the one to replace: 0 is none, None any."""

    bucket: Bucket
    key: str
    source: Path | bytes
    size: int
    attributes: ObjectAttributes
    generation: int | None
    on_bytes: OnBytes | None
    retries: Retries
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)

    def run(self) -> Blob:
        """Put it; the blob knows what Google says of it."""
        told = _never_less(self.on_bytes)
        for session in range(1, _SESSIONS + 1):
            try:
                return self._put(told)
            except api.PreconditionFailed:
                ours = self._ours()
                if ours is None:
                    raise
                return ours
            except (ValueError, api.GoogleAPICallError) as exc:
                if not _is_session_lost(exc):
                    raise
                if session == _SESSIONS:
                    raise StorageUnavailableError(
                        f"Cannot put gs://{self.bucket.name}/{self.key}: the upload was lost "
                        f"{_SESSIONS} times."
                    ) from exc
        raise AssertionError("a session returns or raises")

    def _put(self, told: OnBytes | None) -> Blob:
        blob = self.bucket.blob(self.key, chunk_size=CHUNK_BYTES)
        self._describe(blob)
        with FileReader(self.source, told, size=self.size) as reader:
            try:
                blob.upload_from_file(
                    reader,
                    size=self.size,
                    content_type=self.attributes.content_type or content_type_of(self.key),
                    predefined_acl=_ACLS.get(self.attributes.privacy),
                    if_generation_match=self.generation,
                    timeout=TIMEOUTS_S,
                    checksum="auto",
                    retry=self.retries,
                )
            except ValueError as exc:
                if reader.tell() < self.size and not reader.read(1):
                    raise StorageError(
                        f"{self.source!s} became shorter while it was read."
                    ) from exc
                raise
        return blob

    def _describe(self, blob: Any) -> None:
        if self.attributes.content_disposition is not None:
            blob.content_disposition = self.attributes.content_disposition
        if self.attributes.cache_control is not None:
            blob.cache_control = self.attributes.cache_control
        if self.attributes.storage_class is not None:
            blob.storage_class = self.attributes.storage_class
        if self.generation is not None:
            blob.metadata = {_NONCE: self.nonce}

    def _ours(self) -> Blob | None:
        """The object, if it was put by this very call: its answer was lost, and it was sent again.

        Nobody else knows the nonce. An object of ours that others have replaced since is theirs.
        """
        found = self.bucket.get_blob(self.key, timeout=TIMEOUTS_S, retry=self.retries)
        if found is None or (found.metadata or {}).get(_NONCE) != self.nonce:
            return None
        return found


def _is_session_lost(exc: Exception) -> bool:
    """Whether Google knows less of the upload than was sent, or nothing more; starting anew helps.

    The library only says the former in words.
    """
    if isinstance(exc, api.GoogleAPICallError):
        return exc.code == 410
    return "unexpected state" in str(exc)


def _never_less(on_bytes: OnBytes | None) -> OnBytes | None:
    if on_bytes is None:
        return None
    most = 0

    def told(done: int) -> None:
        nonlocal most
        if done > most:
            most = done
            on_bytes(done)

    return told
