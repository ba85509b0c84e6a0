"""Where the artifacts of a render lie."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Storage(Protocol):
    """Immutable artifacts under keys such as `chunks/00003/video.mp4`.

    An artifact is there whole or not at all. The first to arrive wins: a later `put` of the same
    key changes nothing and is no error, as a task may run twice.
    """

    async def put(self, key: str, path: Path) -> None:
        """Store the file at `path`; it may be deleted once this returns.

        Raises:
            DiskFullError: no space is left.
            OutputError: the storage cannot be written.
        """
        ...

    async def get(self, key: str) -> Path:
        """A local file with the artifact's bytes, to be read only.

        Raises:
            OutputError: there is no such artifact.
        """
        ...

    async def exists(self, key: str) -> bool:
        """Whether the artifact is there."""
        ...
