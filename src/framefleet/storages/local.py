"""Artifacts in a folder of this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import anyio

from framefleet.errors import OutputError, writing


class LocalStorage:
    """Artifacts as files below `root`, put in place by hard links: whole, and never replaced."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(self, key: str, path: Path) -> None:
        """Store a file; one on the same disk is linked, not copied."""
        await anyio.to_thread.run_sync(self._put, self.root / key, path)

    async def get(self, key: str) -> Path:
        """The artifact's own file."""
        path = self.root / key
        if not path.is_file():
            raise OutputError(f"The artifact {key} is missing from {self.root}.", key=key)
        return path

    async def exists(self, key: str) -> bool:
        """Whether the artifact is there."""
        return (self.root / key).is_file()

    def _put(self, target: Path, path: Path) -> None:
        with writing(str(target)):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, target)
            except FileExistsError:
                return
            except OSError:
                # Another disk, or a file system without links.
                self._copy(target, path)

    def _copy(self, target: Path, path: Path) -> None:
        descriptor, partial = tempfile.mkstemp(dir=target.parent)
        os.close(descriptor)
        try:
            shutil.copyfile(path, partial)
            try:
                os.link(partial, target)
            except OSError:
                if not target.exists():
                    os.replace(partial, target)
        finally:
            Path(partial).unlink(missing_ok=True)
