"""What every Storage promises: interfaces/storage.py is the contract."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from framefleet.domain.stored import ObjectAttributes
from framefleet.errors import (
    BucketNotFoundError,
    ObjectConflictError,
    ObjectNotFoundError,
    OutputError,
    StorageError,
)
from framefleet.interfaces.storage import Storage
from framefleet.storages.gcs.client import open_client as open_gcs
from framefleet.storages.gcs.options import GcsOptions
from framefleet.storages.gcs.storage import GcsStorage
from framefleet.storages.local import LocalStorage
from framefleet.storages.s3.client import open_client as open_s3
from framefleet.storages.s3.options import S3Options
from framefleet.storages.s3.storage import S3Storage
from framefleet.worker.artifacts import Artifacts

pytestmark = pytest.mark.anyio

KEY = "renders/a1b2c3d4e5/out.mp4"
BIG_BYTES = 120 << 20


KINDS = ("local_kind", "radosgw_kind", "moto_kind", "gcs_kind")
# Moto looks and then writes, so that two may win.
ATOMIC_KINDS = ("local_kind", "radosgw_kind", "gcs_kind")
# The emulator of Google's lists everything in one page: integration/storages has pages of its own.
PAGED_KINDS = ("local_kind", "radosgw_kind", "moto_kind")


@dataclass(frozen=True)
class Kind:
    """A storage under test, and one whose bucket is not there."""

    name: str
    storage: Storage
    elsewhere: Storage | None


@pytest.fixture
def local_kind(tmp_path) -> Kind:
    return Kind("local", LocalStorage(tmp_path / "store"), None)


@pytest.fixture
def radosgw_kind(radosgw, bucket_name) -> Kind:
    client = open_s3(
        S3Options(
            endpoint=radosgw.endpoint,
            access_key_id=radosgw.access_key,
            secret_access_key=radosgw.secret_key,
        )
    )
    client.create_bucket(Bucket=bucket_name)
    return Kind("radosgw", S3Storage(client, bucket_name), S3Storage(client, "no-such-bucket"))


@pytest.fixture
def moto_kind(moto, bucket_name) -> Kind:
    client = open_s3(
        S3Options(endpoint=moto.endpoint, access_key_id="any", secret_access_key="any")
    )
    client.create_bucket(Bucket=bucket_name)
    return Kind("moto", S3Storage(client, bucket_name), S3Storage(client, "no-such-bucket"))


@pytest.fixture
def gcs_kind(gcs, bucket_name):
    client = open_gcs(GcsOptions(project="test", endpoint=gcs.endpoint))
    client.create_bucket(bucket_name)
    yield Kind("gcs", GcsStorage(client, bucket_name), GcsStorage(client, "no-such-bucket"))
    client.close()


@pytest.fixture(params=KINDS)
def kind(request) -> Kind:
    found: Kind = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def storage(kind: Kind) -> Storage:
    return kind.storage


@pytest.fixture
def write(tmp_path):
    """Writes a file to put; its path."""

    def write_file(content: bytes, name: str = "file"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write_file


async def test_an_object_comes_back_as_it_went_in(storage, write, tmp_path):
    content = os.urandom(3 << 20)
    put = await storage.put(KEY, write(content))
    assert (put.key, put.size_bytes) == (KEY, len(content))
    assert await storage.read(KEY) == content
    got = await storage.get(KEY, tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == content
    assert (got.key, got.size_bytes, got.version) == (KEY, len(content), put.version)


async def test_bytes_can_be_put_as_well(storage):
    await storage.put(KEY, b"some bytes")
    assert await storage.read(KEY) == b"some bytes"


async def test_an_empty_object_is_one(storage, write, tmp_path):
    await storage.put(KEY, write(b""))
    found = await storage.stat(KEY)
    assert found is not None
    assert found.size_bytes == 0
    await storage.get(KEY, tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == b""


async def test_the_file_may_be_changed_after_the_put(storage, write):
    path = write(b"content")
    await storage.put(KEY, path)
    path.write_bytes(b"changed")
    assert await storage.read(KEY) == b"content"


async def test_a_put_replaces_and_changes_the_version(storage, write):
    first = await storage.put(KEY, write(b"first"))
    second = await storage.put(KEY, write(b"second, longer"))
    assert first.version != second.version
    assert await storage.read(KEY) == b"second, longer"


async def test_a_large_object_goes_both_ways_and_says_how_far(storage, tmp_path):
    source, target = tmp_path / "large", tmp_path / "here"
    with source.open("wb") as file:
        for _ in range(BIG_BYTES >> 20):
            file.write(os.urandom(1 << 20))
    up: list[int] = []
    down: list[int] = []
    put = await storage.put(KEY, source, on_bytes=up.append)
    await storage.get(KEY, target, on_bytes=down.append)
    assert await anyio.to_thread.run_sync(same_bytes, source, target)
    for told in (up, down):
        assert told == sorted(told)
        assert told[-1] == BIG_BYTES
        assert len(told) >= 3
    assert await storage.is_same(source, put)
    with source.open("r+b") as file:
        file.seek(BIG_BYTES // 2)
        file.write(b"something else")
    assert not await storage.is_same(source, put)


def same_bytes(one: Path, other: Path) -> bool:
    with one.open("rb") as a, other.open("rb") as b:
        while block := a.read(1 << 20):
            if block != b.read(1 << 20):
                return False
        return b.read(1) == b""


async def test_what_is_listed_and_told_agrees(storage, write):
    put = await storage.put(KEY, write(b"content"))
    told = await storage.stat(KEY)
    (listed,) = [item async for item in storage.objects("renders/")]
    for found in (put, told, listed):
        assert (found.key, found.size_bytes, found.version) == (KEY, 7, put.version)
        assert found.modified.tzinfo is not None
    assert await storage.is_same(write(b"content"), listed)
    assert not await storage.is_same(write(b"other!!"), listed)
    assert not await storage.is_same(write(b"longer than that"), listed)


async def test_a_list_is_by_prefix_and_in_order(storage):
    keys = ["a/b.txt", "a/c.txt", "b/ü.txt", "b/with space", "b/Z"]
    for key in keys:
        await storage.put(key, key.encode())
    assert [item.key async for item in storage.objects()] == sorted(keys, key=str.encode)
    assert [item.key async for item in storage.objects("b/")] == ["b/Z", "b/with space", "b/ü.txt"]
    assert [item.key async for item in storage.objects("a/c")] == ["a/c.txt"]
    assert [item async for item in storage.objects("nothing")] == []
    assert await storage.read("b/ü.txt") == "b/ü.txt".encode()


@pytest.mark.parametrize("kind", PAGED_KINDS, indirect=True)
async def test_a_long_list_has_several_pages(kind):
    count = 1100

    async def put(number: int) -> None:
        await kind.storage.put(f"many/{number:04}", b"x")

    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(put, number)
    found = [item.key async for item in kind.storage.objects("many/")]
    assert found == [f"many/{number:04}" for number in range(count)]
    await kind.storage.delete(found)
    assert [item async for item in kind.storage.objects("many/")] == []


async def test_deleted_objects_are_gone_and_others_are_not(storage):
    for key in ("x/1", "x/2", "y"):
        await storage.put(key, b"1")
    await storage.delete(["x/1", "x/2", "never/was"])
    assert [item.key async for item in storage.objects()] == ["y"]
    assert await storage.stat("x/1") is None
    await storage.delete([])


async def test_what_is_not_there_is_an_error_that_names_it(storage, tmp_path):
    assert await storage.stat(KEY) is None
    with pytest.raises(ObjectNotFoundError, match=KEY):
        await storage.read(KEY)
    with pytest.raises(ObjectNotFoundError, match=KEY):
        await storage.get(KEY, tmp_path / "here")
    assert list(tmp_path.glob("here*")) == []
    assert list(tmp_path.glob(".*")) == []


async def test_a_put_without_a_file_leaves_nothing(storage, tmp_path):
    with pytest.raises(StorageError, match="gone cannot be read"):
        await storage.put(KEY, tmp_path / "gone")
    assert await storage.stat(KEY) is None


async def test_a_folder_that_is_not_there_cannot_be_downloaded_to(storage, tmp_path):
    await storage.put(KEY, b"content")
    with pytest.raises(OutputError, match="cannot be written"):
        await storage.get(KEY, tmp_path / "no/such/folder")


async def test_create_only_keeps_what_is_there(storage, write):
    await storage.put(KEY, write(b"first"), create_only=True)
    with pytest.raises(ObjectConflictError):
        await storage.put(KEY, write(b"second"), create_only=True)
    assert await storage.read(KEY) == b"first"


async def test_create_only_keeps_what_is_there_from_a_large_object_too(kind, write):
    """In parts as well, where objects of this size go up in parts."""
    large = write(bytes(45 << 20), "large")
    await kind.storage.put(KEY, large, create_only=True)
    assert (await kind.storage.stat(KEY)).size_bytes == 45 << 20
    with pytest.raises(ObjectConflictError):
        await kind.storage.put(KEY, large, create_only=True)
    await kind.storage.put("small", write(b"small"))
    with pytest.raises(ObjectConflictError):
        await kind.storage.put("small", large, create_only=True)
    assert await kind.storage.read("small") == b"small"


@pytest.mark.parametrize("kind", ATOMIC_KINDS, indirect=True)
async def test_of_many_that_create_one_wins_and_is_whole_at_any_time(kind, write):
    storage = kind.storage
    contents = [bytes([number]) * (1 << 20) for number in range(8)]
    paths = [write(content, f"file{number}") for number, content in enumerate(contents)]
    seen: list[bytes] = []
    refused: list[int] = []

    async def put(number: int) -> None:
        try:
            await storage.put(KEY, paths[number], create_only=True)
        except ObjectConflictError:
            refused.append(number)

    async def look() -> None:
        while await storage.stat(KEY) is None:
            await anyio.lowlevel.checkpoint()
        seen.append(await storage.read(KEY))

    async with anyio.create_task_group() as tasks:
        for number in range(len(paths)):
            tasks.start_soon(look)
            tasks.start_soon(put, number)
    found = await storage.read(KEY)
    assert len(refused) == len(contents) - 1
    (winner,) = set(range(len(contents))) - set(refused)
    assert found == contents[winner]
    assert set(seen) == {found}


async def test_an_exchange_replaces_only_the_version_it_knows(kind, write):
    storage = kind.storage
    first = await storage.put(KEY, write(b"first"))
    second = await storage.put(KEY, write(b"second"), if_version=first.version)
    with pytest.raises(ObjectConflictError):
        await storage.put(KEY, write(b"third"), if_version=first.version)
    assert await storage.read(KEY) == b"second"
    await storage.put(KEY, write(b"third"), if_version=second.version)
    with pytest.raises((ObjectConflictError, ObjectNotFoundError)):
        await storage.put("other", write(b"x"), if_version=second.version)
    assert await storage.stat("other") is None


async def test_a_bucket_that_is_not_there_is_an_error_that_names_it(kind, tmp_path):
    if kind.elsewhere is None:
        assert [item async for item in kind.storage.objects()] == []
        return
    elsewhere = kind.elsewhere

    async def listed() -> None:
        async for _ in elsewhere.objects():
            pass

    for work in (elsewhere.check, listed):
        with pytest.raises(BucketNotFoundError, match="no-such-bucket"):
            await work()
    with pytest.raises(BucketNotFoundError, match="no-such-bucket"):
        await elsewhere.put(KEY, b"content")


async def test_a_bucket_that_is_there_passes_the_check(storage):
    await storage.check()
    assert "://" not in storage.address or storage.address.startswith(("s3://", "gs://"))


@pytest.mark.parametrize("size", [4 << 20, 100 << 20], ids=["small", "large"])
async def test_a_cancelled_put_leaves_nothing(storage, write, size):
    path = write(bytes(size))
    with anyio.CancelScope() as scope:
        await storage.put(KEY, path, on_bytes=canceller(scope))
    assert scope.cancelled_caught
    assert await storage.stat(KEY) is None
    assert [item async for item in storage.objects()] == []


async def test_a_cancelled_get_leaves_nothing(storage, write, tmp_path):
    await storage.put(KEY, write(bytes(100 << 20)))
    target = tmp_path / "target" / "here"
    target.parent.mkdir()
    with anyio.CancelScope() as scope:
        await storage.get(KEY, target, on_bytes=canceller(scope))
    assert scope.cancelled_caught
    assert list(target.parent.iterdir()) == []


def canceller(scope: anyio.CancelScope):
    """Cancels, from whatever thread reports."""
    loop = asyncio.get_running_loop()
    return lambda done: loop.call_soon_threadsafe(scope.cancel)


async def test_attributes_are_taken_by_every_storage(storage, write):
    attributes = ObjectAttributes(
        content_type="video/mp4", content_disposition="attachment", cache_control="no-cache"
    )
    await storage.put(KEY, write(b"content"), attributes=attributes)
    assert await storage.read(KEY) == b"content"


async def test_the_address_of_an_object_names_it(storage):
    assert storage.url("folder/a b.mp4").endswith("folder/a%20b.mp4")
    assert storage.page_url("folder/a b.html").endswith("folder/a%20b.html")


async def test_only_files_of_a_disk_have_a_path(kind):
    await kind.storage.put(KEY, b"content")
    path = kind.storage.local_path(KEY)
    assert (path is None) == (kind.name != "local")
    assert path is None or path.read_bytes() == b"content"


class TestArtifacts:
    """The files that tasks of a render leave for each other, over every storage."""

    @pytest.fixture
    def artifacts(self, storage, tmp_path) -> Artifacts:
        return Artifacts(storage, tmp_path / "fetched")

    async def test_the_first_to_arrive_wins(self, artifacts, write):
        assert not await artifacts.keys("chunks/00003/")
        await artifacts.put("chunks/00003/video.mp4", write(b"first", "a"))
        await artifacts.put("chunks/00003/video.mp4", write(b"second", "b"))
        assert await artifacts.keys("chunks/00003/") == {"chunks/00003/video.mp4"}
        path = await artifacts.get("chunks/00003/video.mp4")
        assert path.read_bytes() == b"first"

    async def test_what_is_not_there_is_an_error_that_names_it(self, artifacts):
        with pytest.raises(ObjectNotFoundError, match="chunks/9"):
            await artifacts.get("chunks/9")


class TestLocalStorage:
    """Its own ways to fail."""

    @pytest.fixture
    def local(self, tmp_path) -> LocalStorage:
        return LocalStorage(tmp_path / "store", may_link=True)

    @pytest.fixture(params=["another disk", "no links at all"])
    def links(self, request, monkeypatch, tmp_path):
        """os.link on a storage that lies on another disk, or on one that has no links."""
        link = os.link

        def fail(source, target) -> None:
            if request.param == "another disk" and str(source).startswith(str(tmp_path / "store")):
                link(source, target)
                return
            raise OSError(errno.EXDEV, "Invalid cross-device link")

        monkeypatch.setattr(os, "link", fail)
        return request.param

    async def test_files_that_never_change_are_linked(self, local, write):
        path = write(b"content")
        await local.put(KEY, path, create_only=True)
        assert local.local_path(KEY).samefile(path)

    async def test_without_links_the_first_wins_too(self, links, local, write):
        await local.put(KEY, write(b"first", "a"), create_only=True)
        with pytest.raises(ObjectConflictError):
            await local.put(KEY, write(b"second", "b"), create_only=True)
        assert await local.read(KEY) == b"first"
        assert [path.name for path in (local.root / KEY).parent.iterdir()] == ["out.mp4"]

    async def test_a_copy_that_breaks_leaves_nothing(self, links, local, write, monkeypatch):
        def half(reader, file, length):
            file.write(b"ha")
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr("shutil.copyfileobj", half)
        with pytest.raises(OutputError, match=r"out\.mp4 cannot be written: .*Input/output"):
            await local.put(KEY, write(b"halves"), create_only=True)
        assert await local.stat(KEY) is None
        assert list((local.root / KEY).parent.iterdir()) == []

    async def test_a_folder_that_cannot_be_made_is_an_error(self, write):
        storage = LocalStorage(write(b"a file where the folder should be", "store"))
        with pytest.raises(OutputError, match="cannot be written"):
            await storage.put(KEY, write(b"content"))

    @pytest.mark.parametrize("key", ["../out.mp4", "/etc/passwd", "a/../../b", ""])
    async def test_no_key_leads_out_of_the_folder(self, local, key):
        with pytest.raises(StorageError, match="cannot be the key"):
            await local.put(key, b"content")

    async def test_a_full_disk_is_said_to_be_full(self, tmp_path, write):
        """A disk of one megabyte, mounted where nobody else sees it."""
        source = write(bytes(2 << 20))
        (tmp_path / "store").mkdir()
        script = f"""
            import anyio, pathlib, subprocess
            from framefleet.errors import DiskFullError
            from framefleet.storages.local import LocalStorage

            root = pathlib.Path({str(tmp_path / "store")!r})
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", root], check=True)
            try:
                anyio.run(LocalStorage(root).put, {KEY!r}, pathlib.Path({str(source)!r}))
            except DiskFullError as error:
                print(error.code, [path for path in root.rglob("*") if path.is_file()])
        """
        alone = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c"]
        done = await anyio.run_process([*alone, textwrap.dedent(script)], check=False)
        assert (done.stdout, done.stderr) == (b"disk_full []\n", b"")
