"""Decisions of a render: events go in, instructions come out. Reads no clock, opens no socket."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from framefleet.domain.events import ChunkFailed, ChunkRendered
from framefleet.errors import FramefleetError

# A browser that crashes three times over the same chunk will do it again.
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Start this attempt at a chunk."""

    chunk: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Assemble:
    """All chunks are there: make the output."""


@dataclass(frozen=True, slots=True)
class Fail:
    """End the render with this error; attempts under way are to be stopped."""

    error: FramefleetError


Instruction = Dispatch | Assemble | Fail
Event = ChunkRendered | ChunkFailed


class RenderMachine:
    """The state of one render: which attempt at which chunk is in flight."""

    def __init__(self, chunks: int, *, max_attempts: int = MAX_ATTEMPTS) -> None:
        self._chunks = chunks
        self._max_attempts = max_attempts
        self._in_flight: dict[int, int] = {}

    def start(self, done: Iterable[int] = ()) -> list[Instruction]:
        """Begin; chunks in `done` are there from an earlier run."""
        there = set(done)
        self._in_flight = {chunk: 1 for chunk in range(self._chunks) if chunk not in there}
        if not self._in_flight:
            return [Assemble()]
        return [Dispatch(chunk, attempt) for chunk, attempt in self._in_flight.items()]

    def handle(self, event: Event) -> list[Instruction]:
        """Take note of an event and say what follows from it."""
        match event:
            case ChunkRendered(chunk) if chunk in self._in_flight:
                del self._in_flight[chunk]
                return [] if self._in_flight else [Assemble()]
            case ChunkFailed(chunk, attempt, error) if self._in_flight.get(chunk) == attempt:
                if error.retryable and attempt < self._max_attempts:
                    self._in_flight[chunk] = attempt + 1
                    return [Dispatch(chunk, attempt + 1)]
                self._in_flight.clear()
                return [Fail(_last(error, chunk, attempt))]
        # Executors deliver at least once; an event that matches nothing was handled before.
        return []


def _last(error: FramefleetError, chunk: int, attempt: int) -> FramefleetError:
    if attempt == 1:
        return error
    context = {**error.context, "chunk": chunk, "attempts": attempt}
    return type(error)(f"{error} Chunk {chunk} was tried {attempt} times.", **context)
