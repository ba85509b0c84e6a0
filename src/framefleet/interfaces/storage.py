"""Where bytes lie: the objects of one bucket, or the files of one folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Protocol

from framefleet.domain.stored import NO_ATTRIBUTES, ObjectAttributes, ObjectInfo

# Called with the bytes done so far, rarely from the thread that asked; never with fewer than
# before, though a part that failed is sent again.
OnBytes = Callable[[int], None]


class Storage(Protocol):
    """Objects under keys such as `renders/a1b2c3d4e5/out.mp4`.

    An object is there whole or not at all, and a reader sees the old one or the new one. Failures
    that pass (a reset connection, a busy server) are tried again with growing pauses before they
    become an error. Memory does not grow with the size of an object.

    Every method raises `StorageError`s: CredentialsError, AccessDeniedError, BucketNotFoundError,
    StorageUnavailableError. Methods may be called at the same time.
    """

    @property
    def address(self) -> str:
        """The bucket or folder as people write it: `s3://bucket`, `gs://bucket`, a path."""
        ...

    async def check(self) -> None:
        """Fail as early as can be told: there is no such bucket, or not for these credentials."""
        ...

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
        """Store a file, or a few bytes. Cancelled or failed, it leaves nothing behind.

        Args:
            create_only: fail if there is an object of this key already, whoever was faster.
            if_version: replace only the object of this version.

        Raises:
            ObjectConflictError: `create_only` or `if_version` did not hold; nothing was changed.
            DiskFullError: no space is left.
            StorageError: it cannot be stored, or `source` cannot be read.
        """
        ...

    async def get(self, key: str, target: Path, *, on_bytes: OnBytes | None = None) -> ObjectInfo:
        """Write the object to the file `target`, which takes its place when it is whole.

        Raises:
            ObjectNotFoundError: there is no such object.
            DiskFullError, OutputError: `target` cannot be written.
        """
        ...

    async def read(self, key: str) -> bytes:
        """The bytes of a small object.

        Raises:
            ObjectNotFoundError: there is no such object.
        """
        ...

    async def stat(self, key: str) -> ObjectInfo | None:
        """What is known of an object; None if there is none."""
        ...

    def objects(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """The objects whose keys start with `prefix`, in the order of their keys' bytes."""
        ...

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; one that is not there is no error."""
        ...

    async def is_same(self, path: Path, stored: ObjectInfo) -> bool:
        """Whether a file has the bytes of a stored object, by size and checksum.

        False where the storage keeps no checksum that could tell.
        """
        ...

    def url(self, key: str) -> str:
        """The address at which everybody may read the object, if it is public."""
        ...

    def page_url(self, key: str) -> str:
        """The same for a page that browsers are to open, at a host of the bucket's own if it has
        one: pages of one host can read what the others stored."""
        ...

    async def presign(self, key: str, expires_s: int) -> str:
        """An address at which whoever has it may read the object for `expires_s` seconds.

        It is as secret as the object. Asks nothing of the object: it need not be there.

        Raises:
            StorageError: these credentials, or this storage, cannot sign addresses.
        """
        ...

    def local_path(self, key: str) -> Path | None:
        """The object's own file, to be read only; None where it lies elsewhere than on a disk."""
        ...
