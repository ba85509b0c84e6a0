"""Objects as files in a folder of this machine."""

from __future__ import annotations

import fcntl
import filecmp
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

import anyio
import anyio.to_thread

from framefleet.domain.stored import NO_ATTRIBUTES, ObjectAttributes, ObjectInfo
from framefleet.errors import (
    ObjectConflictError,
    ObjectNotFoundError,
    StorageError,
    writing,
)
from framefleet.interfaces.storage import OnBytes
from framefleet.interfaces.transfer import PARTIAL_PREFIX, FileReader, partial_file

_BLOCK_BYTES = 1 << 20


class LocalStorage:
    """Files below `root`, which take their place by links and renames: whole at any time.

    Args:
        may_link: files that are put never change afterwards, so one on the same disk is linked,
            not copied.
    """

    def __init__(self, root: Path, *, may_link: bool = False) -> None:
        self.root = root
        self._may_link = may_link

    @property
    def address(self) -> str:
        """The folder."""
        return str(self.root)

    async def check(self) -> None:
        """The folder is made when something is put."""

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
        """Store a file; a folder has no place for its attributes."""
        target = self._path(key)
        put = partial(self._put, target, source, create_only, if_version, on_bytes)
        await anyio.to_thread.run_sync(put)
        return _info(key, target.stat())

    async def get(self, key: str, target: Path, *, on_bytes: OnBytes | None = None) -> ObjectInfo:
        """Copy a file."""
        source = self._existing(key)
        await anyio.to_thread.run_sync(_copy, source, target, on_bytes)
        return _info(key, source.stat())

    async def read(self, key: str) -> bytes:
        """The bytes of a file."""
        return await anyio.to_thread.run_sync(self._existing(key).read_bytes)

    async def stat(self, key: str) -> ObjectInfo | None:
        """What is known of a file."""
        path = self._path(key)
        return _info(key, path.stat()) if path.is_file() else None

    async def objects(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """The files whose paths below the root start with `prefix`."""
        for key in await anyio.to_thread.run_sync(self._keys, prefix):
            found = await self.stat(key)
            if found is not None:
                yield found

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove files, and the folders that are empty then."""
        await anyio.to_thread.run_sync(self._delete, list(keys))

    async def is_same(self, path: Path, stored: ObjectInfo) -> bool:
        """Compare the bytes themselves."""
        mine = self._path(stored.key)
        return await anyio.to_thread.run_sync(partial(filecmp.cmp, path, mine, shallow=False))

    def url(self, key: str) -> str:
        """A `file:` address."""
        return f"file://{quote(str(self._path(key).resolve()))}"

    def page_url(self, key: str) -> str:
        """A `file:` address."""
        return self.url(key)

    async def presign(self, key: str, expires_s: int) -> str:
        """A folder cannot do that."""
        raise StorageError(
            f"Files in the folder {self.root} have no addresses that can be signed. Put them into "
            "a bucket of S3 or Google Cloud Storage for that."
        )

    def local_path(self, key: str) -> Path | None:
        """The file itself."""
        return self._path(key)

    def _path(self, key: str) -> Path:
        path = self.root / key
        if not key or key.startswith("/") or ".." in Path(key).parts or "\0" in key:
            raise StorageError(f"{key!r} cannot be the key of a file in {self.root}.", key=key)
        return path

    def _existing(self, key: str) -> Path:
        path = self._path(key)
        if not path.is_file():
            raise ObjectNotFoundError(f"There is no {key} in {self.root}.", key=key)
        return path

    def _put(
        self,
        target: Path,
        source: Path | bytes,
        create_only: bool,
        if_version: str | None,
        on_bytes: OnBytes | None,
    ) -> None:
        with writing(str(target)):
            target.parent.mkdir(parents=True, exist_ok=True)
            if create_only and self._may_link and isinstance(source, Path):
                try:
                    os.link(source, target)
                except FileExistsError:
                    raise _conflict(target) from None
                except OSError:
                    # Another disk, or a file system without links.
                    pass
                else:
                    return
            place: Callable[[Path, Path], object] = Path.replace
            if create_only:
                place = self._create
            elif if_version is not None:
                place = partial(self._exchange, if_version)
            _copy(source, target, on_bytes, place)

    def _create(self, part: Path, target: Path) -> None:
        try:
            os.link(part, target)
        except FileExistsError:
            raise _conflict(target) from None
        except OSError:
            # A file system without links, such as exFAT.
            with self._alone():
                if target.exists():
                    raise _conflict(target) from None
                part.replace(target)

    def _exchange(self, version: str, part: Path, target: Path) -> None:
        """Replace the file of this version."""
        with self._alone():
            if not target.is_file() or _version(target.stat()) != version:
                raise ObjectConflictError(f"{target} was replaced or removed meanwhile.")
            part.replace(target)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time may look and then replace."""
        lock = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _keys(self, prefix: str) -> list[str]:
        found = []
        for folder, _, names in os.walk(self.root / prefix.rpartition("/")[0]):
            for name in names:
                key = Path(folder, name).relative_to(self.root).as_posix()
                if key.startswith(prefix) and not name.startswith(PARTIAL_PREFIX):
                    found.append(key)
        return sorted(found, key=str.encode)

    def _delete(self, keys: list[str]) -> None:
        for key in keys:
            path = self._path(key)
            with writing(str(path)):
                path.unlink(missing_ok=True)
            for folder in path.relative_to(self.root).parents:
                try:
                    if folder.name:
                        (self.root / folder).rmdir()
                except OSError:
                    # Others lie in it still, or it is gone with another file.
                    break


def _copy(
    source: Path | bytes,
    target: Path,
    on_bytes: OnBytes | None,
    place: Callable[[Path, Path], object] = Path.replace,
) -> None:
    with (
        writing(str(target)),
        partial_file(target, place) as file,
        FileReader(source, on_bytes) as reader,
    ):
        shutil.copyfileobj(reader, file, _BLOCK_BYTES)


def _conflict(target: Path) -> ObjectConflictError:
    return ObjectConflictError(f"{target} exists already.")


def _info(key: str, stat: os.stat_result) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size_bytes=stat.st_size,
        modified=datetime.fromtimestamp(stat.st_mtime, UTC),
        version=_version(stat),
    )


def _version(stat: os.stat_result) -> str:
    return f"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stat.st_size:x}"
