"""Carries out what the machine decides: chunks through an executor, then the assembly."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectSendStream

from framefleet.domain.events import ChunkFailed, ChunkProgressed, ChunkRendered
from framefleet.domain.plan import Plan
from framefleet.domain.progress import ProgressTally, RenderProgress, RenderStage
from framefleet.errors import FramefleetError
from framefleet.interfaces.executor import Executor
from framefleet.orchestration.machine import (
    Assemble,
    Dispatch,
    Event,
    Fail,
    Instruction,
    RenderMachine,
)

logger = logging.getLogger(__name__)

# A callback ten times a second is as much as an eye or a log can use.
PROGRESS_INTERVAL_S = 0.1

OnProgress = Callable[[RenderProgress], None]
# Makes the output; reports the frames written so far.
Assembler = Callable[[Callable[[int], None]], Awaitable[None]]


class RenderRunner:
    """Runs one render to its end."""

    def __init__(
        self,
        plan: Plan,
        executor: Executor,
        assemble: Assembler,
        *,
        done: frozenset[int] = frozenset(),
        on_progress: OnProgress = lambda progress: None,
    ) -> None:
        self._plan = plan
        self._executor = executor
        self._assemble = assemble
        self._done = done
        self._on_progress = on_progress
        self._machine = RenderMachine(len(plan.chunks))
        self._tally = ProgressTally(plan, time.monotonic())
        self._told_s = 0.0
        for chunk in done:
            self._tally.chunk_done(chunk, resumed=True)

    async def run(self) -> RenderProgress:
        """Render what is missing and assemble.

        Returns:
            The final progress.

        Raises:
            FramefleetError: the render failed; nothing is running any more.
        """
        send, receive = anyio.create_memory_object_stream[Event](len(self._plan.chunks) * 4)
        failure: FramefleetError | None = None
        limiter = anyio.Semaphore(self._executor.slots)
        async with anyio.create_task_group() as tasks, send, receive:
            failure = self._obey(self._machine.start(self._done), tasks, send, limiter)
            while self._tally.stage is RenderStage.RENDERING and failure is None:
                failure = self._obey(self._note(await receive.receive()), tasks, send, limiter)
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure
        await self._assemble(self._assembled)
        self._tally.stage = RenderStage.DONE
        return self._tell()

    def _note(self, event: Event) -> list[Instruction]:
        match event:
            case ChunkRendered(chunk):
                self._tally.chunk_done(chunk)
            case ChunkFailed(chunk, attempt, error):
                logger.warning(
                    "chunk_failed", extra={"chunk": chunk, "attempt": attempt, "code": error.code}
                )
        self._tell()
        return self._machine.handle(event)

    def _obey(
        self,
        instructions: list[Instruction],
        tasks: TaskGroup,
        events: MemoryObjectSendStream[Event],
        limiter: anyio.Semaphore,
    ) -> FramefleetError | None:
        for instruction in instructions:
            match instruction:
                case Dispatch(chunk, attempt):
                    self._tally.retries += attempt > 1
                    tasks.start_soon(self._attempt, chunk, attempt, events, limiter)
                case Assemble():
                    self._tally.stage = RenderStage.ASSEMBLING
                case Fail(error):
                    return error
        return None

    async def _attempt(
        self,
        chunk: int,
        attempt: int,
        events: MemoryObjectSendStream[Event],
        limiter: anyio.Semaphore,
    ) -> None:
        async with limiter:
            try:
                await self._executor.run(self._plan, chunk, attempt, self._progressed)
            except FramefleetError as exc:
                await events.send(ChunkFailed(chunk, attempt, exc))
            else:
                await events.send(ChunkRendered(chunk))

    def _progressed(self, event: ChunkProgressed) -> None:
        self._tally.chunk_progressed(event)
        if time.monotonic() - self._told_s >= PROGRESS_INTERVAL_S:
            self._tell()

    def _assembled(self, count: int) -> None:
        self._tally.frames_assembled(count)
        if time.monotonic() - self._told_s >= PROGRESS_INTERVAL_S:
            self._tell()

    def _tell(self) -> RenderProgress:
        self._told_s = time.monotonic()
        progress = self._tally.now(self._told_s)
        self._on_progress(progress)
        return progress
