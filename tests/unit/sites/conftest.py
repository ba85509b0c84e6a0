"""Small sites, and a folder that stands for a bucket."""

from __future__ import annotations

import anyio
import pytest

from framefleet.errors import StorageError
from framefleet.storages.local import LocalStorage


class WatchedStorage(LocalStorage):
    """Writes down in which order it is changed; one key can be made to fail, or to hang."""

    def __init__(self, root):
        super().__init__(root)
        self.events: list[tuple[str, str]] = []
        self.attributes: dict[str, object] = {}
        self.broken_key = ""
        self.hanging_key = ""
        self.hangs = anyio.Event()

    async def put(self, key, source, **options):
        if key == self.hanging_key:
            self.hangs.set()
            await anyio.sleep_forever()
        if key == self.broken_key:
            raise StorageError("The disk of the cloud is full.")
        info = await super().put(key, source, **options)
        self.events.append(("put", key))
        self.attributes[key] = options.get("attributes")
        return info

    async def delete(self, keys):
        listed = list(keys)
        await super().delete(listed)
        self.events += [("delete", key) for key in listed]


@pytest.fixture
def storage(tmp_path):
    return WatchedStorage(tmp_path / "bucket")


@pytest.fixture
def site(tmp_path):
    """Makes the folder of a site anew, with these files in it."""

    def make(files):
        folder = tmp_path / f"site{len(list(tmp_path.iterdir()))}"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return make


@pytest.fixture
def contents(storage):
    """What the bucket holds: keys and contents."""

    def read():
        return {
            path.relative_to(storage.root).as_posix(): path.read_text()
            for path in sorted(storage.root.rglob("*"))
            if path.is_file()
        }

    return read
