"""What every Storage promises: interfaces/storage.py is the contract."""

from __future__ import annotations

import errno
import os
import sys
import textwrap

import anyio
import anyio.lowlevel
import pytest

from framefleet.errors import OutputError
from framefleet.interfaces.storage import Storage
from framefleet.storages.local import LocalStorage

pytestmark = pytest.mark.anyio

KEY = "chunks/00003/video.mp4"


@pytest.fixture
def local_storage(tmp_path):
    return LocalStorage(tmp_path / "store")


@pytest.fixture(params=["local_storage"])
def storage(request) -> Storage:
    found: Storage = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def write(tmp_path):
    """Writes a file to put; its path."""

    def write_file(content: bytes, name: str = "artifact"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write_file


async def test_an_artifact_comes_back_as_it_went_in(storage, write):
    content = os.urandom(3 << 20)
    await storage.put(KEY, write(content))
    assert await storage.exists(KEY)
    assert (await storage.get(KEY)).read_bytes() == content


async def test_the_file_may_be_deleted_after_the_put(storage, write):
    path = write(b"content")
    await storage.put(KEY, path)
    path.unlink()
    assert (await storage.get(KEY)).read_bytes() == b"content"


async def test_the_first_to_arrive_wins(storage, write):
    await storage.put(KEY, write(b"first", "a"))
    await storage.put(KEY, write(b"second", "b"))
    assert (await storage.get(KEY)).read_bytes() == b"first"


async def test_keys_are_apart(storage, write):
    await storage.put("a/b", write(b"1", "1"))
    await storage.put("a/c", write(b"2", "2"))
    assert [(await storage.get(key)).read_bytes() for key in ("a/b", "a/c")] == [b"1", b"2"]
    assert not await storage.exists("a")
    assert not await storage.exists("a/d")


async def test_an_empty_artifact_is_one(storage, write):
    await storage.put(KEY, write(b""))
    assert await storage.exists(KEY)
    assert (await storage.get(KEY)).read_bytes() == b""


async def test_what_is_not_there_is_an_error_that_names_it(storage):
    assert not await storage.exists(KEY)
    with pytest.raises(OutputError, match=KEY):
        await storage.get(KEY)


async def test_a_put_without_a_file_leaves_nothing(storage, tmp_path):
    with pytest.raises(OutputError):
        await storage.put(KEY, tmp_path / "gone")
    assert not await storage.exists(KEY)


async def test_many_puts_at_once_leave_one_whole_artifact(storage, write):
    contents = [bytes([number]) * (1 << 20) for number in range(16)]
    paths = [write(content, f"artifact{number}") for number, content in enumerate(contents)]
    seen: list[bytes] = []

    async def look() -> None:
        while not await storage.exists(KEY):
            await anyio.lowlevel.checkpoint()
        seen.append((await storage.get(KEY)).read_bytes())

    async with anyio.create_task_group() as tasks:
        for path in paths:
            tasks.start_soon(look)
            tasks.start_soon(storage.put, KEY, path)
    found = (await storage.get(KEY)).read_bytes()
    assert found in contents
    # Whole at any time, and never replaced.
    assert set(seen) == {found}


class TestLocalStorage:
    """Its own ways to fail."""

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

    async def test_without_links_artifacts_are_copied_whole(self, links, local_storage, write):
        await local_storage.put(KEY, write(b"first", "a"))
        await local_storage.put(KEY, write(b"second", "b"))
        assert (await local_storage.get(KEY)).read_bytes() == b"first"
        assert [path.name for path in (local_storage.root / KEY).parent.iterdir()] == ["video.mp4"]

    @pytest.mark.parametrize("links", ["another disk"], indirect=True)
    async def test_from_another_disk_the_first_wins_too(self, links, local_storage, write):
        await test_many_puts_at_once_leave_one_whole_artifact(local_storage, write)

    async def test_a_copy_that_breaks_leaves_nothing(
        self, links, local_storage, write, monkeypatch
    ):
        def half(source, target):
            with open(target, "wb") as file:
                file.write(b"ha")
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr("shutil.copyfile", half)
        with pytest.raises(OutputError, match=r"video\.mp4 cannot be written: .*Input/output"):
            await local_storage.put(KEY, write(b"halves"))
        assert not await local_storage.exists(KEY)
        assert list((local_storage.root / KEY).parent.iterdir()) == []

    async def test_a_folder_that_cannot_be_made_is_an_error(self, tmp_path, write):
        storage = LocalStorage(write(b"a file where the folder should be", "store"))
        with pytest.raises(OutputError, match="cannot be written"):
            await storage.put(KEY, write(b"content"))

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
