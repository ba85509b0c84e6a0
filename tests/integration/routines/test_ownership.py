"""Whose render it is: who wrote the record last, and nobody who was taken for dead meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from framefleet.domain.stored import ObjectInfo
from framefleet.errors import ObjectConflictError, StorageUnavailableError
from framefleet.routines.cleanup import bury, take_over_burial
from framefleet.routines.keys import plan_key, record_key
from framefleet.routines.record_keeper import RecordKeeper, RecordTakenError, write_record
from framefleet.storages.local import LocalStorage
from framefleet.wire.render_state import RenderState

pytestmark = pytest.mark.anyio

ID = "a1b2c3d4e5"
KEY = record_key(ID)
ANSWER = {"timeoutTimestamp": 2, "currentTime": 99}
ERROR = {"name": "TimeoutError", "message": "gone", "isFatal": True, "willRetry": False}


def new_state() -> RenderState:
    return RenderState(cancellation_enabled=False, max_attempts=2, launched_ms=1, timeout_ms=2)


class Forgetful(LocalStorage):
    """Stores what it is given, and loses its answers while `is_deaf`.

    It refuses so many exchanges, as S3 does while another is under way (409).
    """

    is_deaf = False
    refusals = 0

    async def put(self, key: str, source: Path | bytes, **options: Any) -> ObjectInfo:
        if self.refusals:
            self.refusals -= 1
            raise ObjectConflictError("ConditionalRequestConflict")
        info = await super().put(key, source, **options)
        if self.is_deaf:
            raise StorageUnavailableError("The answer was lost.")
        return info


@pytest.fixture
async def storage(tmp_path) -> Forgetful:
    storage = Forgetful(tmp_path)
    await write_record(storage, ID, new_state())
    return storage


async def keeper(storage: LocalStorage) -> RecordKeeper:
    found = await storage.stat(KEY)
    assert found is not None
    return RecordKeeper(storage, ID, new_state(), found.version)


async def read(storage: LocalStorage) -> dict[str, Any]:
    return dict(json.loads(await storage.read(KEY)))


async def test_of_two_that_write_the_record_one_goes_on(storage):
    first, second = await keeper(storage), await keeper(storage)
    second.state.opened_ms = 22
    await second.write()
    first.state.opened_ms = 11
    with pytest.raises(RecordTakenError):
        await first.write()
    assert first.is_lost
    assert not second.is_lost
    await second.write()
    assert (await read(storage))["serveUrlOpened"] == 22


async def test_a_record_that_was_deleted_is_not_brought_back(storage):
    mine = await keeper(storage)
    await mine.write()
    await storage.delete([KEY])
    with pytest.raises(RecordTakenError):
        await mine.write()
    assert await storage.stat(KEY) is None


async def test_a_write_whose_answer_was_lost_is_our_own(storage):
    mine = await keeper(storage)
    storage.is_deaf = True
    for moment in (11, 12):
        mine.state.opened_ms = moment
        with pytest.raises(StorageUnavailableError):
            await mine.write()
    storage.is_deaf = False
    mine.state.opened_ms = 13
    await mine.write()
    assert (await read(storage))["serveUrlOpened"] == 13


async def test_the_dead_are_buried_once(storage):
    await storage.put(plan_key(ID), b"plan")
    assert await bury(storage, ID, ANSWER, ERROR)
    record = await read(storage)
    assert (record["errors"], record["fatalErrorTimestamp"]) == ([ERROR], 99)
    assert await storage.stat(plan_key(ID)) is None
    assert not await bury(storage, ID, ANSWER, ERROR)
    assert await read(storage) == record


async def test_one_that_has_begun_since_is_not_buried(storage):
    await storage.put(plan_key(ID), b"plan")
    assert not await bury(storage, ID, {**ANSWER, "timeoutTimestamp": 1}, ERROR)
    assert await storage.stat(plan_key(ID)) is not None


async def test_the_rest_of_a_burial_is_done_once(storage):
    await bury(storage, ID, ANSWER, ERROR)
    found = await storage.stat(KEY)
    assert found is not None
    buried = await read(storage)
    assert await take_over_burial(storage, ID, dict(buried), found.version)
    assert not await take_over_burial(storage, ID, dict(buried), found.version)
    assert not await take_over_burial(storage, ID, await read(storage), found.version)
    assert (await read(storage))["errors"] == [ERROR]


async def test_a_refused_write_that_changed_nothing_takes_nothing_away(storage):
    mine = await keeper(storage)
    await mine.write()
    storage.refusals = 1
    mine.state.opened_ms = 44
    await mine.write()
    assert (await read(storage))["serveUrlOpened"] == 44
    assert not mine.is_lost


async def test_one_that_writes_meanwhile_is_not_buried(storage, monkeypatch):
    living = await keeper(storage)
    await storage.put(plan_key(ID), b"plan")
    read_before = LocalStorage.read

    async def read_and_be_late(self: LocalStorage, key: str) -> bytes:
        data = await read_before(self, key)
        living.state.opened_ms = 33
        await living.write()
        return data

    monkeypatch.setattr(LocalStorage, "read", read_and_be_late)
    assert not await bury(storage, ID, ANSWER, ERROR)
    monkeypatch.undo()
    record = await read(storage)
    assert (record["serveUrlOpened"], record["fatalErrorTimestamp"]) == (33, None)
    assert await storage.stat(plan_key(ID)) is not None
    await living.write()
