"""Decisions of a render: events go in, instructions come out. Reads no clock, opens no socket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from framefleet.domain.events import (
    Assembled,
    AssemblyFailed,
    ChunkFailed,
    ChunkFetched,
    ChunkRendered,
)
from framefleet.errors import FramefleetError

# A browser that crashes three times over the same chunk will do it again.
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Start this attempt at a chunk."""

    chunk: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Fetch:
    """Get a chunk that is rendered, and what its sounds name, to where the output is made."""

    chunk: int


@dataclass(frozen=True, slots=True)
class Append:
    """Go on with the output: it is this chunk's turn."""

    chunk: int


@dataclass(frozen=True, slots=True)
class Finish:
    """Finish the output: no more chunks come."""


@dataclass(frozen=True, slots=True)
class Succeed:
    """End the render: the output is there."""


@dataclass(frozen=True, slots=True)
class Fail:
    """End the render with this error; whatever is under way is to be stopped."""

    error: FramefleetError


Instruction = Dispatch | Fetch | Append | Finish | Succeed | Fail
Event = ChunkRendered | ChunkFailed | ChunkFetched | Assembled | AssemblyFailed


class RenderMachine:
    """The state of one render: which attempt at which chunk is in flight, and whose turn it is.

    Chunks are rendered in any order and appended to the output in their own, each one once: what
    a later attempt brings changes nothing.
    """

    def __init__(self, chunks: int, *, max_attempts: int = MAX_ATTEMPTS) -> None:
        self._chunks = chunks
        self._max_attempts = max_attempts
        self._in_flight: dict[int, int] = {}
        self._fetching: set[int] = set()
        self._waiting: set[int] = set()
        self._appended = 0
        self._has_failed = False

    def start(self, done: Iterable[int] = ()) -> list[Instruction]:
        """Begin; chunks in `done` are there from an earlier run."""
        self._fetching = set(done)
        self._in_flight = {c: 1 for c in range(self._chunks) if c not in self._fetching}
        fetches = [Fetch(chunk) for chunk in sorted(self._fetching)]
        return [*fetches, *(Dispatch(chunk, 1) for chunk in self._in_flight)]

    def handle(self, event: Event) -> list[Instruction]:
        """Take note of an event and say what follows from it."""
        match event:
            case ChunkRendered(chunk) if chunk in self._in_flight:
                del self._in_flight[chunk]
                self._fetching.add(chunk)
                return [Fetch(chunk)]
            case ChunkFailed(chunk, attempt, error) if self._in_flight.get(chunk) == attempt:
                if error.retryable and attempt < self._max_attempts:
                    self._in_flight[chunk] = attempt + 1
                    return [Dispatch(chunk, attempt + 1)]
                return self._fail(_last(error, chunk, attempt))
            case ChunkFetched(chunk) if chunk in self._fetching:
                self._fetching.remove(chunk)
                self._waiting.add(chunk)
                return list(self._next_turns())
            case AssemblyFailed(error) if not self._has_failed:
                return self._fail(error)
            case Assembled() if not self._has_failed:
                return [Succeed()]
        # Executors deliver at least once; an event that matches nothing was handled before.
        return []

    def _next_turns(self) -> Iterator[Instruction]:
        while self._appended in self._waiting:
            self._waiting.remove(self._appended)
            yield Append(self._appended)
            self._appended += 1
        if self._appended == self._chunks:
            yield Finish()

    def _fail(self, error: FramefleetError) -> list[Instruction]:
        self._in_flight.clear()
        self._fetching.clear()
        self._has_failed = True
        return [Fail(error)]


def _last(error: FramefleetError, chunk: int, attempt: int) -> FramefleetError:
    if attempt == 1:
        return error
    context = {**error.context, "chunk": chunk, "attempts": attempt}
    return type(error)(f"{error.message} Chunk {chunk} was tried {attempt} times.", **context)
