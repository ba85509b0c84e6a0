"""The files that the tasks of one render leave for each other."""

from __future__ import annotations

from pathlib import Path

from framefleet.errors import ObjectConflictError
from framefleet.interfaces.storage import Storage


class Artifacts:
    """Immutable files under keys such as `chunks/00003/video.mp4`, in any storage.

    An artifact is there whole or not at all. The first to arrive wins: a task may run twice.

    Args:
        fetched: the folder for what has to be fetched from elsewhere; it may be missing yet.
        prefix: what the keys start with in the storage.
    """

    def __init__(self, storage: Storage, fetched: Path, *, prefix: str = "") -> None:
        self.storage = storage
        self._fetched = fetched
        self._prefix = prefix

    async def put(self, key: str, path: Path) -> None:
        """Store the file at `path`; it may be deleted once this returns, but never be changed.

        Raises:
            DiskFullError, StorageError: it cannot be stored.
        """
        try:
            await self.storage.put(self._prefix + key, path, create_only=True)
        except ObjectConflictError:
            return

    async def get(self, key: str) -> Path:
        """A file of this machine with the artifact's bytes, to be read only.

        Raises:
            ObjectNotFoundError: there is no such artifact.
        """
        path = self.storage.local_path(self._prefix + key)
        if path is None:
            path = self._fetched / key
            path.parent.mkdir(parents=True, exist_ok=True)
        elif path.is_file():
            return path
        await self.storage.get(self._prefix + key, path)
        return path

    async def keys(self, prefix: str) -> frozenset[str]:
        """The keys of the artifacts that are there and start with `prefix`."""
        cut = len(self._prefix)
        return frozenset(
            [found.key[cut:] async for found in self.storage.objects(self._prefix + prefix)]
        )
