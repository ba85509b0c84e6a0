"""What is told of objects of Google Cloud Storage: lists, checksums, addresses."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.request

import anyio
import anyio.to_thread
import google_crc32c
import pytest

from framefleet.domain.stored import ObjectInfo
from framefleet.errors import (
    AccessDeniedError,
    OptionRangeError,
    StorageError,
)
from tests.integration.storages.gcs_bucket import BUCKET, KEY, answer
from tests.services.faults import (
    Answer,
    ResetRequest,
)

pytestmark = pytest.mark.anyio


class TestObjects:
    async def test_objects_are_listed_in_order(self, storage):
        keys = ["sites/b", "sites/a/2", "sites/a/10", "sites/ä", "other"]
        put = {key: await storage.put(key, key.encode()) for key in keys}
        assert [found async for found in storage.objects("sites/")] == [
            put[key] for key in sorted(keys, key=str.encode) if key.startswith("sites/")
        ]
        assert len([found async for found in storage.objects()]) == 5
        assert [found async for found in storage.objects("nothing")] == []

    async def test_pages_are_asked_for_as_they_are_needed(self, storage, emulator):
        item = {
            "name": "a",
            "size": "3",
            "updated": "2026-01-02T03:04:05.678Z",
            "generation": "17",
            "crc32c": "AAAAAA==",
        }

        def page(name: str, token: str | None) -> Answer:
            body = {"items": [{**item, "name": name}], "nextPageToken": token}
            return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

        emulator.fail("GET", "/o?", page("a", "more"), answer(503), page("b", None))
        listing = storage.objects("x")
        first = await anext(listing)
        assert first.checksum == "crc32c:AAAAAA=="
        assert (first.version, first.size_bytes) == ("17", 3)
        assert len(emulator.requests) == 1
        assert [found.key async for found in listing] == ["b"]
        assert "pageToken=more" in emulator.requests[-1]
        assert "prefix=x" in emulator.requests[-1]

    async def test_many_are_deleted(self, storage, emulator):
        for number in range(30):
            await storage.put(f"sites/{number}", b"x")
        emulator.fail("DELETE", "/o/", answer(503), ResetRequest(0))
        await storage.delete(f"sites/{number}" for number in range(40))
        assert [found async for found in storage.objects()] == []

    async def test_what_may_not_be_deleted_is_told(self, storage, emulator):
        await storage.put(KEY, b"x")
        emulator.fail("DELETE", "/o/", answer(403, "a@b does not have storage.objects.delete"))
        with pytest.raises(AccessDeniedError, match=r"Cannot delete gs://.*objects\.delete"):
            await storage.delete([KEY])

    async def test_files_are_compared_by_size_and_checksum(self, storage, write):
        path = write(b"content")
        info = await storage.put(KEY, path)
        md5 = base64.b64encode(hashlib.md5(b"content").digest()).decode()
        crc32c = base64.b64encode(google_crc32c.Checksum(b"content").digest()).decode()
        assert info.checksum == f"md5:{md5}"

        def stored(checksum: str | None, size: int = 7) -> ObjectInfo:
            return ObjectInfo(
                key=KEY, size_bytes=size, modified=info.modified, version="1", checksum=checksum
            )

        assert await storage.is_same(path, stored(f"crc32c:{crc32c}"))
        for other in (
            stored(f"md5:{md5}", 8),
            stored("md5:AAAA"),
            stored("crc32c:AAAAAA=="),
            stored('"etag"'),
            stored(None),
        ):
            assert not await storage.is_same(path, other)
        with pytest.raises(StorageError, match="cannot be read"):
            await storage.is_same(path.with_name("gone"), info)

    async def test_addresses(self, storage, emulator):
        assert storage.address == f"gs://{BUCKET}"
        assert storage.local_path(KEY) is None
        key = "a b/ü+?#~.json"
        await storage.put(key, b"{}")
        assert storage.url(key) == f"{emulator.url}/{BUCKET}/a%20b/%C3%BC%2B%3F%23~.json"
        assert await _fetch(storage.url(key)) == b"{}"

    async def test_credentials_without_a_key_cannot_sign(self, storage):
        with pytest.raises(StorageError, match=r"cannot sign.*REMOTION_GCP_PRIVATE_KEY"):
            await storage.presign(KEY, 60)
        for seconds in (0, 604801):
            with pytest.raises(OptionRangeError):
                await storage.presign(KEY, seconds)


async def _fetch(url: str) -> bytes:
    def fetch() -> bytes:
        with urllib.request.urlopen(url, timeout=5) as answered:
            content: bytes = answered.read()
            return content

    return await anyio.to_thread.run_sync(fetch)
