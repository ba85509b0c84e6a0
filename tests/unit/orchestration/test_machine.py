"""What a render does next: events in, instructions out."""

from __future__ import annotations

import pytest

from framefleet.domain.events import (
    Assembled,
    AssemblyFailed,
    ChunkFailed,
    ChunkFetched,
    ChunkRendered,
)
from framefleet.errors import (
    BrowserCrashedError,
    DiskFullError,
    FramefleetError,
    MediaError,
    PageScriptError,
    WorkerLostError,
)
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


def crashed(chunk: int, attempt: int) -> ChunkFailed:
    return ChunkFailed(chunk, attempt, BrowserCrashedError("The browser died.", pid=7))


# Chunks, chunks that are there already, first instructions, then what follows from each event.
Steps = list[tuple[Event, list[Instruction]]]
TABLES: dict[str, tuple[int, set[int], list[Instruction], Steps]] = {
    "a chunk is appended as soon as it is fetched": (
        2,
        set(),
        [Dispatch(0, 1), Dispatch(1, 1)],
        [
            (ChunkRendered(0), [Fetch(0)]),
            (ChunkFetched(0), [Append(0)]),
            (ChunkRendered(1), [Fetch(1)]),
            (ChunkFetched(1), [Append(1), Finish()]),
            (Assembled(), [Succeed()]),
        ],
    ),
    "chunks come in any order and are appended in theirs": (
        4,
        set(),
        [Dispatch(0, 1), Dispatch(1, 1), Dispatch(2, 1), Dispatch(3, 1)],
        [
            (ChunkRendered(2), [Fetch(2)]),
            (ChunkFetched(2), []),
            (ChunkRendered(0), [Fetch(0)]),
            (ChunkRendered(1), [Fetch(1)]),
            (ChunkFetched(1), []),
            (ChunkFetched(0), [Append(0), Append(1), Append(2)]),
            (ChunkRendered(3), [Fetch(3)]),
            (ChunkFetched(3), [Append(3), Finish()]),
        ],
    ),
    "only what is missing": (
        4,
        {0, 2},
        [Fetch(0), Fetch(2), Dispatch(1, 1), Dispatch(3, 1)],
        [
            (ChunkFetched(2), []),
            (ChunkFetched(0), [Append(0)]),
            (ChunkRendered(1), [Fetch(1)]),
            (ChunkFetched(1), [Append(1), Append(2)]),
            (ChunkRendered(3), [Fetch(3)]),
            (ChunkFetched(3), [Append(3), Finish()]),
        ],
    ),
    "nothing is missing": (
        2,
        {0, 1},
        [Fetch(0), Fetch(1)],
        [(ChunkFetched(0), [Append(0)]), (ChunkFetched(1), [Append(1), Finish()])],
    ),
    "a chunk is tried again": (
        2,
        set(),
        [Dispatch(0, 1), Dispatch(1, 1)],
        [
            (crashed(0, 1), [Dispatch(0, 2)]),
            (ChunkRendered(1), [Fetch(1)]),
            (crashed(0, 2), [Dispatch(0, 3)]),
            (ChunkRendered(0), [Fetch(0)]),
        ],
    ),
    "each chunk has its own tries": (
        2,
        set(),
        [Dispatch(0, 1), Dispatch(1, 1)],
        [
            (crashed(0, 1), [Dispatch(0, 2)]),
            (crashed(0, 2), [Dispatch(0, 3)]),
            (crashed(1, 1), [Dispatch(1, 2)]),
            (crashed(1, 2), [Dispatch(1, 3)]),
            (ChunkRendered(0), [Fetch(0)]),
            (ChunkRendered(1), [Fetch(1)]),
        ],
    ),
    "events that come twice, or late, change nothing": (
        2,
        set(),
        [Dispatch(0, 1), Dispatch(1, 1)],
        [
            (ChunkRendered(0), [Fetch(0)]),
            (ChunkRendered(0), []),
            (crashed(0, 1), []),
            (ChunkFetched(0), [Append(0)]),
            (ChunkFetched(0), []),
            (ChunkRendered(0), []),
            (crashed(1, 1), [Dispatch(1, 2)]),
            (crashed(1, 1), []),
            (ChunkRendered(1), [Fetch(1)]),
            (crashed(1, 2), []),
            (ChunkRendered(1), []),
            (ChunkFetched(1), [Append(1), Finish()]),
            (ChunkFetched(1), []),
        ],
    ),
    "an event of a chunk from an earlier run changes nothing": (
        2,
        {0},
        [Fetch(0), Dispatch(1, 1)],
        [(ChunkRendered(0), []), (crashed(0, 1), []), (ChunkRendered(1), [Fetch(1)])],
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_instructions_follow_from_events(name):
    chunks, done, first, steps = TABLES[name]
    machine = RenderMachine(chunks)
    assert machine.start(done) == first
    for event, instructions in steps:
        assert machine.handle(event) == instructions, event


@pytest.mark.parametrize("error", [PageScriptError("bad"), DiskFullError("full", path="/x")])
def test_an_error_no_other_try_can_mend_ends_the_render_as_it_is(error):
    machine = RenderMachine(2)
    machine.start()
    assert machine.handle(ChunkFailed(1, 1, error)) == [Fail(error)]
    assert machine.handle(ChunkRendered(0)) == []
    assert machine.handle(crashed(0, 1)) == []


def test_an_assembly_that_fails_ends_the_render_at_once():
    """Also with an error that another try might mend: it is the only one there is."""
    for error in (MediaError("no such file"), BrowserCrashedError("gone")):
        machine = RenderMachine(3)
        machine.start()
        machine.handle(ChunkRendered(1))
        assert machine.handle(AssemblyFailed(error)) == [Fail(error)]
        for event in (
            ChunkRendered(0),
            ChunkFetched(1),
            crashed(2, 1),
            AssemblyFailed(error),
            Assembled(),
        ):
            assert machine.handle(event) == []


def test_an_output_that_comes_after_a_failure_does_not_count():
    machine = RenderMachine(1)
    machine.start()
    machine.handle(ChunkFailed(0, 1, PageScriptError("bad")))
    assert machine.handle(Assembled()) == []


@pytest.mark.parametrize(
    "error", [BrowserCrashedError("The browser died.", pid=7), WorkerLostError("Gone.", pid=7)]
)
def test_the_last_try_says_how_many_there_were(error):
    machine = RenderMachine(3)
    machine.start()
    for attempt in range(1, MAX_ATTEMPTS):
        assert machine.handle(ChunkFailed(2, attempt, error)) == [Dispatch(2, attempt + 1)]
    [failure] = machine.handle(ChunkFailed(2, MAX_ATTEMPTS, error))
    assert isinstance(failure, Fail)
    assert type(failure.error) is type(error)
    assert str(failure.error) == f"{error} Chunk 2 was tried 3 times."
    assert failure.error.context == {"pid": 7, "chunk": 2, "attempts": 3}
    assert machine.handle(ChunkRendered(0)) == []


def test_the_number_of_tries_is_a_choice():
    machine = RenderMachine(1, max_attempts=1)
    machine.start()
    [failure] = machine.handle(crashed(0, 1))
    assert isinstance(failure, Fail)
    assert isinstance(failure.error, FramefleetError)
    assert str(failure.error) == "The browser died."
