"""What a bucket says of its sites, and how they go."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from framefleet.errors import AccessDeniedError, OptionError, StorageError
from framefleet.sites.deploying import deploy
from framefleet.sites.listing import Site, delete_site, list_sites

pytestmark = pytest.mark.anyio

REMOTION = "<script>window.remotion_version = '4.0.529';</script>"


@pytest.fixture
async def filled(storage, site):
    """A bucket with two sites and a render."""
    await deploy(storage, site({"index.html": "page", "a/b.js": "12345"}), "plain")
    await storage.put("sites/video/index.html", REMOTION.encode())
    await storage.put("sites/video/bundle.js", b"1")
    await storage.put("renders/abc/out.mp4", b"1")
    storage.events.clear()
    return storage


async def test_sites_are_listed_with_their_sizes_addresses_and_versions(filled):
    plain, video = await list_sites(filled)
    newest = max([path.stat().st_mtime for path in (filled.root / "sites/plain").rglob("*.*")])
    assert plain == Site(
        id="plain",
        size_bytes=9,
        bucket=str(filled.root),
        modified=datetime.fromtimestamp(newest, UTC),
        serve_url=f"file://{filled.root}/sites/plain/index.html",
        version=None,
    )
    assert (video.id, video.size_bytes, video.version) == ("video", len(REMOTION) + 1, "4.0.529")


def test_a_site_speaks_the_references_words():
    found = Site(
        id="x",
        size_bytes=5,
        bucket="remotionlambda-a",
        modified=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
        serve_url="https://host/sites/x/index.html",
        version="4.0.529",
    )
    assert found.to_dict() == {
        "id": "x",
        "sizeInBytes": 5,
        "bucketName": "remotionlambda-a",
        "lastModified": 1767323045678,
        "serveUrl": "https://host/sites/x/index.html",
        "version": "4.0.529",
    }


async def test_an_empty_bucket_has_no_sites(storage):
    assert await list_sites(storage) == []


async def test_many_sites_have_many_versions(storage):
    for number in range(25):
        page = REMOTION.replace("529", str(number))
        await storage.put(f"sites/s{number:02}/index.html", page.encode())
    found = await list_sites(storage)
    assert [site.version for site in found] == [f"4.0.{number}" for number in range(25)]


@pytest.mark.parametrize("key", ["sites/stray.txt", "sites/a b/index.html"])
async def test_a_stray_file_is_named(storage, key):
    await storage.put(key, b"1")
    with pytest.raises(StorageError) as caught:
        await list_sites(storage)
    assert caught.value.message == (
        f'A file was found in the bucket "{storage.root}" with the key {key} which is an '
        "unexpected folder structure. Delete this file."
    )


async def test_a_page_that_may_not_be_read_has_no_version(filled, monkeypatch):
    async def denied(key):
        raise AccessDeniedError

    monkeypatch.setattr(filled, "read", denied)
    assert [site.version for site in await list_sites(filled)] == [None, None]


async def test_half_a_site_is_listed_still(storage):
    await storage.put("sites/half/bundle.js", b"1")
    assert [(site.id, site.version) for site in await list_sites(storage)] == [("half", None)]


async def test_a_site_is_deleted_page_first(filled, contents):
    told: list[str] = []
    assert await delete_site(filled, "video", on_deleted=told.append) == len(REMOTION) + 1
    assert told == ["sites/video/index.html", "sites/video/bundle.js"]
    assert filled.events == [("delete", key) for key in told]
    assert set(contents()) == {
        "sites/plain/index.html",
        "sites/plain/a/b.js",
        "renders/abc/out.mp4",
    }


async def test_a_site_that_is_not_there_frees_nothing(filled):
    assert await delete_site(filled, "vide") == 0
    assert filled.events == []


async def test_a_large_site_is_deleted_in_batches(storage):
    for number in range(250):
        await storage.put(f"sites/x/{number:03}", b"12")
    calls: list[int] = []
    delete = storage.delete

    async def counted(keys):
        calls.append(len(keys))
        await delete(keys)

    storage.delete = counted
    assert await delete_site(storage, "x") == 500
    assert calls == [100, 100, 50]


@pytest.mark.parametrize("name", ["", "..", "a/b"])
async def test_only_a_site_can_be_deleted(filled, name):
    with pytest.raises(OptionError):
        await delete_site(filled, name)
    assert filled.events == []
