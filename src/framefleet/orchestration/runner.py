"""Carries out what the machine decides: chunks through an executor, beside them the assembly."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass
from typing import Protocol

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from framefleet.domain.events import (
    Assembled,
    AssemblyFailed,
    AttemptFailed,
    ChunkFailed,
    ChunkFetched,
    ChunkProgressed,
    ChunkRendered,
    FramesAssembled,
    RenderFact,
)
from framefleet.domain.plan import Plan
from framefleet.domain.progress import ProgressTally, RenderProgress, RenderStage
from framefleet.errors import FramefleetError
from framefleet.interfaces.executor import Executor
from framefleet.orchestration.machine import (
    MAX_ATTEMPTS,
    Append,
    Dispatch,
    Event,
    Fail,
    Fetch,
    Finish,
    Instruction,
    RenderMachine,
    Succeed,
)

logger = logging.getLogger(__name__)

# A callback ten times a second is as much as an eye or a log can use.
PROGRESS_INTERVAL_S = 0.1
# Chunks that are there from an earlier run would all be fetched at once.
FETCHES_AT_ONCE = 8

OnProgress = Callable[[RenderProgress], None]
OnFact = Callable[[RenderFact], None]


class Assembly(Protocol):
    """Makes the output of one render."""

    async def fetch(self, chunk: int) -> None:
        """Get what it takes to append a rendered chunk.

        Called as chunks are rendered, in any order and for several at once.

        Raises:
            FramefleetError: there is something it cannot get: the render fails.
        """
        ...

    async def run(self, chunks: AsyncIterable[int], on_frames: Callable[[int], None]) -> None:
        """Make the output. It is there when this returns, and nothing of it before.

        Args:
            chunks: all of them in order, each once it is fetched; it ends after the last one.
            on_frames: told how many frames have been written.

        Raises:
            FramefleetError: there is no output; the render fails at once.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Work:
    """What is under way: its tasks, the events they send, and the chunks whose turn has come."""

    tasks: TaskGroup
    events: MemoryObjectSendStream[Event]
    turns: MemoryObjectSendStream[int]
    slots: anyio.Semaphore
    fetches: anyio.Semaphore


class RenderRunner:
    """Runs one render to its end.

    `on_progress` hears how far it is, now and then; `on_fact` each single thing.
    """

    def __init__(
        self,
        plan: Plan,
        executor: Executor,
        assembly: Assembly,
        *,
        done: frozenset[int] = frozenset(),
        max_attempts: int = MAX_ATTEMPTS,
        on_progress: OnProgress = lambda progress: None,
        on_fact: OnFact = lambda fact: None,
    ) -> None:
        self._plan = plan
        self._executor = executor
        self._assembly = assembly
        self._done = done
        self._on_progress = on_progress
        self._on_fact = on_fact
        self._machine = RenderMachine(len(plan.chunks), max_attempts=max_attempts)
        self._tally = ProgressTally(plan, time.monotonic())
        self._told_s = 0.0
        for chunk in done:
            self._tally.chunk_done(chunk, resumed=True)

    async def run(self) -> RenderProgress:
        """Render what is missing, and assemble chunks as they come.

        Returns:
            The final progress.

        Raises:
            FramefleetError: the render failed; nothing is running any more.
        """
        # Bounded by the attempts there can be: each sends an event or two.
        events, received = anyio.create_memory_object_stream[Event](math.inf)
        turns, in_turn = anyio.create_memory_object_stream[int](len(self._plan.chunks))
        end: Succeed | Fail | None = None
        slots, fetches = map(anyio.Semaphore, (self._executor.slots, FETCHES_AT_ONCE))
        async with anyio.create_task_group() as tasks, events, received, turns, in_turn:
            work = _Work(tasks, events, turns, slots, fetches)
            tasks.start_soon(self._assemble, in_turn, work)
            end = self._obey(self._machine.start(self._done), work)
            while end is None:
                end = self._obey(self._note(await received.receive()), work)
            tasks.cancel_scope.cancel()
        if isinstance(end, Fail):
            raise end.error
        self._tally.stage = RenderStage.DONE
        return self._tell()

    def _note(self, event: Event) -> list[Instruction]:
        instructions = self._machine.handle(event)
        match event:
            case ChunkRendered(chunk):
                self._tally.chunk_done(chunk)
                self._on_fact(event)
            case ChunkFailed(chunk, attempt, error):
                logger.warning(
                    "chunk_failed", extra={"chunk": chunk, "attempt": attempt, "code": error.code}
                )
                will_retry = any(isinstance(found, Dispatch) for found in instructions)
                self._on_fact(AttemptFailed(chunk, attempt, error, will_retry))
            case Assembled():
                self._on_fact(event)
        self._tell()
        return instructions

    def _obey(self, instructions: list[Instruction], work: _Work) -> Succeed | Fail | None:
        for instruction in instructions:
            match instruction:
                case Dispatch(chunk, attempt):
                    self._tally.retries += attempt > 1
                    work.tasks.start_soon(self._attempt, chunk, attempt, work)
                case Fetch(chunk):
                    work.tasks.start_soon(self._fetch, chunk, work)
                case Append(chunk):
                    work.turns.send_nowait(chunk)
                case Finish():
                    work.turns.close()
                case Succeed() | Fail():
                    return instruction
        return None

    async def _attempt(self, chunk: int, attempt: int, work: _Work) -> None:
        async with work.slots:
            try:
                await self._executor.run(self._plan, chunk, attempt, self._progressed)
            except FramefleetError as exc:
                await work.events.send(ChunkFailed(chunk, attempt, exc))
            else:
                await work.events.send(ChunkRendered(chunk))

    async def _fetch(self, chunk: int, work: _Work) -> None:
        async with work.fetches:
            try:
                await self._assembly.fetch(chunk)
            except FramefleetError as exc:
                await work.events.send(AssemblyFailed(exc))
            else:
                await work.events.send(ChunkFetched(chunk))

    async def _assemble(self, in_turn: MemoryObjectReceiveStream[int], work: _Work) -> None:
        try:
            await self._assembly.run(in_turn, self._assembled)
        except FramefleetError as exc:
            await work.events.send(AssemblyFailed(exc))
        else:
            await work.events.send(Assembled())

    def _progressed(self, event: ChunkProgressed) -> None:
        self._tally.chunk_progressed(event)
        self._on_fact(event)
        self._tell_now_and_then()

    def _assembled(self, count: int) -> None:
        self._tally.frames_assembled(count)
        self._on_fact(FramesAssembled(count))
        self._tell_now_and_then()

    def _tell_now_and_then(self) -> None:
        if time.monotonic() - self._told_s >= PROGRESS_INTERVAL_S:
            self._tell()

    def _tell(self) -> RenderProgress:
        self._told_s = time.monotonic()
        progress = self._tally.now(self._told_s)
        self._on_progress(progress)
        return progress
