"""As many functions at once as a render may have, each of which streams to the main one."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from aiohttp import web
from anyio.from_thread import BlockingPortal, start_blocking_portal
from botocore.credentials import Credentials

from framefleet.domain.events import AttemptFailed, ChunkProgressed, RenderFact
from framefleet.domain.stored import ObjectInfo
from framefleet.errors import FunctionLostError
from framefleet.executors.aws_lambda.executor import LambdaExecutor
from framefleet.executors.aws_lambda.functions import LambdaEndpoint, LambdaFunctions
from framefleet.orchestration.runner import RenderRunner
from framefleet.routines.keys import record_key
from framefleet.routines.record_keeper import RecordKeeper, write_record
from framefleet.storages.local import LocalStorage
from framefleet.testing import event_stream
from framefleet.wire.framing import MessageType, frame
from framefleet.wire.render_state import RenderState
from tests.plans import plan_of

pytestmark = pytest.mark.anyio

CHUNKS, FRAMES = 200, 5
# Some pieces of a stream have the ends of two messages, some have none.
PIECE_BYTES = 90
ID = "a1b2c3d4e5"
COUNTS = [(rendered, max(0, rendered - 1)) for rendered in range(1, FRAMES + 1)]
PLAN = plan_of(CHUNKS, FRAMES)


def is_throttled(chunk: int) -> bool:
    """Whether the first call for the chunk is one too many for the account."""
    return chunk % 10 == 3


def is_lost(chunk: int, attempt: int) -> bool:
    """Whether the stream breaks when most has been told."""
    return attempt == 1 and chunk % 20 == 0


@dataclass
class Service:
    """A Lambda whose functions tell of frames, one after the other, once all of them run.

    Those that are called again wait for `may_go_on`.
    """

    calls: Counter[int] = field(default_factory=Counter)
    at_work: int = 0
    most_at_work: int = 0
    all_at_work: anyio.Event = field(default_factory=anyio.Event)
    may_go_on: anyio.Event = field(default_factory=anyio.Event)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        chunk, attempt = asked["chunk"], asked["attempt"]
        self.calls[chunk] += 1
        if is_throttled(chunk) and self.calls[chunk] == 1:
            headers = {"x-amzn-ErrorType": "TooManyRequestsException"}
            return web.json_response({"Message": "Rate Exceeded."}, status=429, headers=headers)
        answer = web.StreamResponse(headers={"Content-Type": event_stream.CONTENT_TYPE})
        await answer.prepare(request)
        self.at_work += 1
        self.most_at_work = max(self.at_work, self.most_at_work)
        try:
            await self._render(answer, chunk, attempt)
        finally:
            self.at_work -= 1
        return answer

    async def _render(self, answer: web.StreamResponse, chunk: int, attempt: int) -> None:
        async def tell(*messages: tuple[MessageType, dict[str, Any]]) -> None:
            told = b"".join(frame(*message) for message in messages)
            for at in range(0, len(told), PIECE_BYTES):
                await answer.write(event_stream.payload_chunk(told[at : at + PIECE_BYTES]))
                await anyio.lowlevel.checkpoint()

        await tell((MessageType.LAMBDA_INVOKED, {"attempt": attempt}))
        if self.at_work == CHUNKS:
            self.all_at_work.set()
        await self.all_at_work.wait()
        if attempt > 1:
            await self.may_go_on.wait()
        await tell(
            *(
                (MessageType.FRAMES_RENDERED, {"rendered": rendered, "encoded": encoded})
                for rendered, encoded in COUNTS
            )
        )
        if is_lost(chunk, attempt):
            return
        await tell((MessageType.CHUNK_COMPLETE, {"start": 1, "rendered": 2}))
        await answer.write(event_stream.invoke_complete())


@asynccontextmanager
async def _serving(service: Service) -> Any:
    app = web.Application()
    app.router.add_post(
        "/2021-11-15/functions/{name}/response-streaming-invocations", service.stream
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2 * CHUNKS)
        await site.start()
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


@pytest.fixture
def service() -> Iterator[tuple[Service, str, BlockingPortal]]:
    """The service, its address and the way into its thread."""
    service = Service()
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_serving(service)) as url,
    ):
        yield service, url, portal


class Assembly:
    """Takes chunks in their order, and makes nothing of them."""

    def __init__(self) -> None:
        self.taken: list[int] = []

    async def fetch(self, chunk: int) -> None:
        await anyio.lowlevel.checkpoint()

    async def run(self, chunks: AsyncIterable[int], on_frames: Callable[[int], None]) -> None:
        async for chunk in chunks:
            self.taken.append(chunk)
            on_frames(len(self.taken) * FRAMES)


class Remembering(LocalStorage):
    """A folder, and all records that it has had; `on_put` is called before each."""

    def __init__(self, root: Path, on_put: Callable[[], None]) -> None:
        super().__init__(root)
        self.records: list[dict[str, Any]] = []
        self._on_put = on_put

    async def put(self, key: str, source: Path | bytes, **options: Any) -> ObjectInfo:
        assert isinstance(source, bytes)
        self._on_put()
        info = await super().put(key, source, **options)
        self.records.append(json.loads(source))
        return info


async def render(
    url: str, keeper: RecordKeeper, assembly: Assembly, on_fact: Callable[[RenderFact], None]
) -> None:
    """A render of all chunks at once, and the record of it."""
    endpoint = LambdaEndpoint(url=url, region="us-east-1", credentials=Credentials("a", "b"))
    async with LambdaFunctions(endpoint) as functions, anyio.create_task_group() as tasks:

        async def stop() -> None:
            raise AssertionError("nothing is cancelled")

        executor = LambdaExecutor(
            slots=CHUNKS,
            functions=functions,
            function_name="renderer",
            request=lambda chunk, attempt: json.dumps(
                {"chunk": chunk, "attempt": attempt}
            ).encode(),
            stop=stop,
        )
        tasks.start_soon(keeper.run)
        await RenderRunner(PLAN, executor, assembly, max_attempts=2, on_fact=on_fact).run()
        tasks.cancel_scope.cancel()


async def test_two_hundred_functions_lose_no_update(service, tmp_path):
    served, url, portal = service
    lost = [chunk for chunk in range(CHUNKS) if is_lost(chunk, 1)]
    heard: dict[int, list[tuple[int, int]]] = defaultdict(list)
    failures: dict[int, type[Exception]] = {}

    def note(fact: RenderFact) -> None:
        keeper.note(fact)
        if isinstance(fact, ChunkProgressed):
            heard[fact.chunk].append((fact.filmed, fact.encoded))
        if isinstance(fact, AttemptFailed):
            failures[fact.chunk] = type(fact.error)

    def go_on() -> None:
        # A record is written while those that are called again have told nothing of frames.
        if all(heard[chunk].count((0, 0)) == 2 for chunk in lost):
            portal.start_task_soon(served.may_go_on.set)

    state = RenderState(cancellation_enabled=False, max_attempts=2, launched_ms=1, timeout_ms=2)
    state.planned(PLAN, {"type": "video"})
    storage = Remembering(tmp_path, go_on)
    await write_record(storage, ID, state)
    first = await storage.stat(record_key(ID))
    assert first is not None
    keeper = RecordKeeper(storage, ID, state, first.version)
    assembly = Assembly()
    with anyio.fail_after(60):
        await render(url, keeper, assembly, note)
    await keeper.write()

    assert served.most_at_work == CHUNKS
    assert assembly.taken == list(range(CHUNKS))
    assert failures == dict.fromkeys(lost, FunctionLostError)
    for chunk in range(CHUNKS):
        whole = [(0, 0), *COUNTS, (FRAMES, FRAMES)]
        assert heard[chunk] == (whole[:-1] + whole if chunk in lost else whole)
        assert served.calls[chunk] == 1 + is_throttled(chunk) + is_lost(chunk, 1)

    last = storage.records[-1]
    assert json.loads(await storage.read(record_key(ID))) == last
    counts = ("framesRendered", "framesEncoded", "combinedFrames", "lambdasInvoked")
    assert [last[name] for name in counts] == [CHUNKS * FRAMES] * 3 + [CHUNKS]
    assert sorted(last["chunks"]) == list(range(CHUNKS))
    assert sorted(retry["chunk"] for retry in last["retries"]) == lost
    for before, after in zip(storage.records, storage.records[1:], strict=False):
        assert [after[name] >= before[name] for name in counts] == [True] * 4
        assert after["chunks"][: len(before["chunks"])] == before["chunks"]
