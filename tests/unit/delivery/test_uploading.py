"""All files of a render, or none."""

from __future__ import annotations

import pytest

from framefleet.delivery.uploading import OutgoingFile, check_absent, uploading
from framefleet.domain.stored import NO_ATTRIBUTES
from framefleet.errors import OutputExistsError, StorageError
from framefleet.storages.local import LocalStorage

pytestmark = pytest.mark.anyio


@pytest.fixture
def storage(tmp_path):
    return LocalStorage(tmp_path / "store")


@pytest.fixture
def outgoing(storage, tmp_path):
    """A file on its way; without content it is not there."""

    def make(key: str, content: bytes | None = b"new") -> OutgoingFile:
        path = tmp_path / f"file-{key}"
        if content is not None:
            path.write_bytes(content)
        return OutgoingFile(path=path, storage=storage, key=key, attributes=NO_ATTRIBUTES)

    return make


async def upload(*groups, overwrite=False, on_bytes=lambda done: None):
    async with uploading(overwrite=overwrite, on_bytes=on_bytes) as uploads:
        for group in groups:
            await uploads.put(group)


async def keys(storage) -> list[str]:
    return [found.key async for found in storage.objects()]


async def test_all_arrive_and_bytes_only_grow(storage, outgoing):
    told: list[int] = []
    await upload(
        [outgoing("a"), outgoing("b", b"longer")], [outgoing("last")], on_bytes=told.append
    )
    assert await keys(storage) == ["a", "b", "last"]
    assert told == sorted(told)
    assert told[-1] == len(b"new" + b"longer" + b"new")


async def test_one_that_fails_takes_the_others_back(storage, outgoing):
    await storage.put("mine", b"mine")
    with pytest.raises(StorageError, match="cannot be read"):
        await upload([outgoing("a"), outgoing("b")], [outgoing("gone", None)])
    assert await keys(storage) == ["mine"]


async def test_what_appeared_during_the_render_stays(storage, outgoing):
    await check_absent(storage, ["b"], overwrite=False)
    await storage.put("b", b"somebody else's")
    with pytest.raises(OutputExistsError, match=r'Output file "b" in bucket .* already'):
        await upload([outgoing("a")], [outgoing("b")])
    assert await storage.read("b") == b"somebody else's"
    assert await keys(storage) == ["b"]


async def test_what_may_be_replaced_is_and_is_not_taken_back(storage, outgoing):
    await storage.put("a", b"old")
    await check_absent(storage, ["a"], overwrite=True)
    with pytest.raises(StorageError):
        await upload([outgoing("a")], [outgoing("gone", None)], overwrite=True)
    assert await storage.read("a") == b"new"


async def test_what_is_there_is_refused_before_the_render(storage):
    await storage.put("b", b"old")
    with pytest.raises(OutputExistsError):
        await check_absent(storage, ["a", "b"], overwrite=False)
