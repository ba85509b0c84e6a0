"""The runner obeys: chunks side by side, the assembly beside them, one end for all."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, field

import anyio
import pytest

from framefleet.domain.events import ChunkProgressed
from framefleet.domain.plan import Plan
from framefleet.domain.progress import RenderProgress, RenderStage
from framefleet.errors import (
    BrowserCrashedError,
    DiskFullError,
    FramefleetError,
    MediaError,
    PageScriptError,
)
from framefleet.orchestration.runner import RenderRunner
from tests.plans import plan_of

pytestmark = pytest.mark.anyio
CHUNK = 10


@dataclass
class Executor:
    """Renders a chunk once its event is set; one in `never` sleeps until it is cancelled."""

    slots: int
    never: frozenset[int] = frozenset()
    failures: dict[int, list[FramefleetError]] = field(default_factory=dict)
    waits: dict[int, anyio.Event] = field(default_factory=dict)
    rendered: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)

    async def run(
        self, plan: Plan, chunk: int, attempt: int, on_progress: Callable[[ChunkProgressed], None]
    ) -> None:
        on_progress(ChunkProgressed(chunk, CHUNK // 2, 0))
        try:
            if chunk in self.never:
                await anyio.sleep_forever()
            if chunk in self.waits:
                await self.waits[chunk].wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled.append(chunk)
            raise
        if self.failures.get(chunk):
            raise self.failures[chunk].pop(0)
        on_progress(ChunkProgressed(chunk, CHUNK, CHUNK))
        self.rendered.append(chunk)


@dataclass
class Assembly:
    """Notes what it is given; `fails` raises when that chunk comes, `unfetched` does not come."""

    fails: dict[int, FramefleetError] = field(default_factory=dict)
    unfetched: dict[int, FramefleetError] = field(default_factory=dict)
    on_append: Callable[[int], None] = lambda chunk: None
    fetched: list[int] = field(default_factory=list)
    appended: list[int] = field(default_factory=list)
    is_whole: bool = False
    was_cancelled: bool = False

    async def fetch(self, chunk: int) -> None:
        await anyio.lowlevel.checkpoint()
        if chunk in self.unfetched:
            raise self.unfetched[chunk]
        self.fetched.append(chunk)

    async def run(self, chunks: AsyncIterable[int], on_frames: Callable[[int], None]) -> None:
        try:
            async for chunk in chunks:
                if chunk in self.fails:
                    raise self.fails[chunk]
                assert chunk in self.fetched
                self.appended.append(chunk)
                self.on_append(chunk)
                on_frames(len(self.appended) * CHUNK)
        except anyio.get_cancelled_exc_class():
            self.was_cancelled = True
            raise
        self.is_whole = True


async def test_chunks_are_appended_in_order_whatever_order_they_come_in():
    waits = {chunk: anyio.Event() for chunk in range(4)}
    executor, assembly = Executor(slots=4, waits=waits), Assembly()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(RenderRunner(plan_of(4, CHUNK), executor, assembly).run)
        for chunk in (2, 0, 3, 1):
            waits[chunk].set()
            await anyio.wait_all_tasks_blocked()
    assert executor.rendered == assembly.fetched == [2, 0, 3, 1]
    assert assembly.appended == [0, 1, 2, 3]
    assert assembly.is_whole


async def test_the_assembly_goes_on_beside_the_chunks():
    """Chunk 2 is not rendered before chunks 0 and 1 are in the output."""
    wait = anyio.Event()
    assembly = Assembly(on_append=lambda chunk: wait.set() if chunk == 1 else None)
    executor = Executor(slots=3, waits={2: wait})
    seen: list[RenderProgress] = []
    runner = RenderRunner(plan_of(3, CHUNK), executor, assembly, on_progress=seen.append)
    final = await runner.run()
    assert assembly.appended == [0, 1, 2]
    stages = [progress.stage for progress in seen]
    assert stages == sorted(stages, key=list(RenderStage).index)
    assert (final.stage, final.progress) == (RenderStage.DONE, 1.0)
    values = [progress.progress for progress in seen]
    assert values == sorted(values)


async def test_chunks_of_an_earlier_run_are_appended_too():
    executor, assembly = Executor(slots=1), Assembly()
    await RenderRunner(plan_of(4, CHUNK), executor, assembly, done=frozenset({0, 2})).run()
    assert executor.rendered == [1, 3]
    assert assembly.appended == [0, 1, 2, 3]


async def test_nothing_but_assembly_is_left_of_a_render_that_is_there():
    executor, assembly = Executor(slots=1), Assembly()
    await RenderRunner(plan_of(2, CHUNK), executor, assembly, done=frozenset({0, 1})).run()
    assert executor.rendered == []
    assert assembly.is_whole


async def test_an_assembly_that_fails_stops_the_chunks_at_once():
    error = DiskFullError("The disk is full.")
    executor, assembly = Executor(slots=4, never=frozenset({2, 3})), Assembly(fails={1: error})
    with pytest.raises(DiskFullError) as caught:
        await RenderRunner(plan_of(40, CHUNK), executor, assembly).run()
    assert caught.value is error
    assert sorted(executor.cancelled) == [2, 3]
    assert len(executor.rendered) < 38


async def test_an_assembly_that_fails_before_any_chunk_is_there_ends_the_render():
    class Refusing(Assembly):
        async def run(self, chunks, on_frames):
            raise MediaError("refused")

    executor = Executor(slots=2, never=frozenset(range(6)))
    with pytest.raises(MediaError, match="refused"):
        await RenderRunner(plan_of(6, CHUNK), executor, Refusing()).run()


async def test_a_source_that_cannot_be_fetched_ends_the_render_at_once():
    """Though the chunk that names it is not next."""
    executor = Executor(slots=3, never=frozenset({0, 1}))
    assembly = Assembly(unfetched={2: MediaError("no such sound")})
    with pytest.raises(MediaError, match="no such sound"):
        await RenderRunner(plan_of(3, CHUNK), executor, assembly).run()
    assert sorted(executor.cancelled) == [0, 1]
    assert assembly.was_cancelled


async def test_a_chunk_that_fails_stops_the_assembly():
    executor = Executor(slots=2, failures={1: [PageScriptError("bad page")]})
    assembly = Assembly()
    with pytest.raises(PageScriptError, match="bad page"):
        await RenderRunner(plan_of(3, CHUNK), executor, assembly).run()
    assert assembly.was_cancelled
    assert not assembly.is_whole


async def test_a_chunk_that_is_tried_again_is_appended_once():
    executor = Executor(slots=2, failures={0: [BrowserCrashedError("gone")] * 2})
    assembly = Assembly()
    final = await RenderRunner(plan_of(3, CHUNK), executor, assembly).run()
    assert assembly.appended == [0, 1, 2]
    assert final.retries == 2


async def test_a_render_that_is_cancelled_cancels_all_it_started():
    executor, assembly = Executor(slots=2, never=frozenset({1})), Assembly()
    with anyio.CancelScope() as scope:
        assembly.on_append = lambda chunk: scope.cancel()
        await RenderRunner(plan_of(3, CHUNK), executor, assembly).run()
    assert scope.cancelled_caught
    assert executor.cancelled == [1]
    assert assembly.was_cancelled
