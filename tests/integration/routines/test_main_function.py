"""How a render ends that is cancelled, out of time or another's: told first, whatever it takes."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import anyio
import pytest

from framefleet.domain.events import Delivered
from framefleet.errors import PageScriptError
from framefleet.interfaces.buckets import Buckets
from framefleet.local.media import RenderResult
from framefleet.routines import launch
from framefleet.routines.call import Call, now_ms
from framefleet.routines.cleanup import bury
from framefleet.routines.keys import cancel_key, plan_key, record_key
from framefleet.routines.launch import STOP_BEFORE_S, MainFunction
from framefleet.routines.record_keeper import RecordKeeper, RecordTakenError, write_record
from framefleet.settings import Settings
from framefleet.storages.local import LocalStorage
from framefleet.wire.render_state import RenderState
from framefleet.wire.start_request import read_launch

pytestmark = pytest.mark.anyio

ID = "a1b2c3d4e5"
BUCKET = "remotionlambda-useast1-abcdefghij"
PAYLOAD = {
    "type": "launch", "serveUrl": "my-site", "composition": "film", "codec": "h264",
    "renderId": ID, "bucketName": BUCKET, "enableCancellation": True,
}  # fmt: skip

Work = Callable[["Main"], Awaitable[RenderResult]]


class Main(MainFunction):
    """The main function with another work than rendering."""

    has_succeeded = False

    def __init__(
        self, storage: LocalStorage, keeper: RecordKeeper, work: Work, **more: Any
    ) -> None:
        call = Call(
            function_name="fn",
            region="us-east-1",
            account_id="123456789012",
            memory_size_in_mb=2048,
            request_id="id",
            started_ms=now_ms(),
            # A second of work is left.
            deadline_ms=now_ms() + round((STOP_BEFORE_S + 1) * 1000),
        )
        self.storage, self.keeper, self._work = storage, keeper, work
        buckets = cast(Buckets, None)
        super().__init__(read_launch(PAYLOAD | more), call, Settings(), buckets, storage, keeper)

    async def _render(self) -> RenderResult:
        return await self._work(self)

    async def _succeed(self, result: RenderResult) -> None:
        self.has_succeeded = True

    async def record(self) -> dict[str, Any]:
        return dict(json.loads(await self.storage.read(record_key(ID))))


@pytest.fixture
async def storage(tmp_path) -> LocalStorage:
    storage = LocalStorage(tmp_path)
    state = RenderState(cancellation_enabled=True, max_attempts=2, launched_ms=1, timeout_ms=2)
    await write_record(storage, ID, state)
    await storage.put(plan_key(ID), b"plan")
    return storage


async def make(storage: LocalStorage, work: Work, **more: Any) -> Main:
    found = await storage.stat(record_key(ID))
    assert found is not None
    state = RenderState(
        cancellation_enabled=True, max_attempts=2, launched_ms=now_ms(), timeout_ms=now_ms() + 9000
    )
    keeper = RecordKeeper(storage, ID, state, found.version)
    return Main(storage, keeper, work, **more)


async def hang(main: Main) -> RenderResult:
    """Work for ever; once cancelled, look whether the end is told and the fleet is stopped."""
    try:
        await anyio.sleep(60)
    finally:
        with anyio.CancelScope(shield=True), anyio.fail_after(3):
            while await main.storage.stat(plan_key(ID)) is not None:  # noqa: ASYNC110
                await anyio.sleep(0.02)
            assert (await main.record())["fatalErrorTimestamp"]
            # Taking back an upload, for example, takes its time.
            await anyio.sleep(0.3)
            await main.storage.put(plan_key(ID), b"put late")
    raise AssertionError("nobody has cancelled it")


async def deliver(main: Main) -> RenderResult:
    """Be done, and take until after the limit to put things away."""
    main.keeper.note(Delivered())
    await main.storage.put(cancel_key(ID), b"")
    await anyio.sleep(1.3)
    return object.__new__(RenderResult)


async def fail(main: Main) -> RenderResult:
    raise PageScriptError("It threw.")


async def test_out_of_time_it_tells_so_while_the_render_is_unwinding(storage):
    main = await make(storage, hang)
    began = time.monotonic()
    await main.run()
    assert time.monotonic() - began < 3
    [error] = (await main.record())["errors"]
    assert error["name"] == "FunctionTimeoutError"
    assert error["isFatal"]
    assert await storage.stat(plan_key(ID)) is None, "what came late is gone as well"


async def test_cancelled_it_tells_so_while_the_render_is_unwinding(storage):
    await storage.put(cancel_key(ID), b"")
    main = await make(storage, hang)
    await main.run()
    [error] = (await main.record())["errors"]
    assert error["message"] == "renderMedia() got cancelled"


async def test_what_is_delivered_is_done_whatever_comes(storage):
    main = await make(storage, deliver)
    await main.run()
    assert main.has_succeeded
    assert (await main.record())["fatalErrorTimestamp"] is None


async def test_an_error_is_told_and_clears_up(storage):
    main = await make(storage, fail)
    await main.run()
    [error] = (await main.record())["errors"]
    assert (error["message"], error["isFatal"]) == ("It threw.", True)
    assert await storage.stat(plan_key(ID)) is None


async def test_a_render_that_another_goes_on_with_is_left_alone(storage):
    async def be_overtaken(main: Main) -> RenderResult:
        state = RenderState(cancellation_enabled=True, max_attempts=2, launched_ms=5, timeout_ms=6)
        await write_record(main.storage, ID, state)
        main.keeper.touch()
        await anyio.sleep(60)
        raise AssertionError("nobody has cancelled it")

    main = await make(storage, be_overtaken)
    with pytest.raises(RecordTakenError):
        await main.run()
    record = await main.record()
    assert (record["functionLaunched"], record["errors"]) == (5, [])
    assert await storage.stat(plan_key(ID)) is not None


async def test_one_that_comes_after_the_others_limit_ends_the_render(storage):
    async def begin(main: Main) -> RenderResult:
        raise AssertionError("everybody takes the render for over")

    main = await make(storage, begin)
    await main.run(await main.record())
    [error] = (await main.record())["errors"]
    assert error["name"] == "FunctionTimeoutError"
    assert await storage.stat(plan_key(ID)) is None


async def test_who_is_called_for_a_buried_render_sends_its_webhook(storage, monkeypatch):
    sent: list[str] = []

    async def report(*given: object) -> None:
        sent.append(ID)

    monkeypatch.setattr(launch, "report_timeout", report)
    main = await make(storage, fail, webhook={"url": "http://127.0.0.1:1/", "secret": None})
    answer = {"timeoutTimestamp": 2, "currentTime": 3}
    assert await bury(storage, ID, answer, {"name": "TimeoutError", "isFatal": True})
    await storage.put(plan_key(ID), b"put late")
    for _ in range(2):
        await main.leave()
    assert sent == [ID]
    assert await storage.stat(plan_key(ID)) is None


async def test_a_render_that_goes_on_is_left(storage):
    main = await make(storage, fail)
    await main.leave()
    assert await storage.stat(plan_key(ID)) is not None
