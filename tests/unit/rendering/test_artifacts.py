"""Files a composition emits have names of their own."""

from __future__ import annotations

import pytest

from framefleet.domain.timing import FrameRange
from framefleet.errors import PageScriptError
from framefleet.rendering.artifacts import gather_artifacts
from framefleet.rendering.chunk import ChunkRecord
from framefleet.rendering.chunk_sounds import ChunkSounds


def record(start: int, *artifacts: tuple[str, int]) -> ChunkRecord:
    return ChunkRecord(
        frames=FrameRange(start, start + 10), sounds=ChunkSounds(), files=(), artifacts=artifacts
    )


def test_files_come_in_the_order_of_their_frames():
    found = gather_artifacts(
        [record(0, ("b.txt", 3), ("a.txt", 7)), record(10), record(20, ("c", 20))]
    )
    assert found == [(0, "b.txt", 3), (0, "a.txt", 7), (2, "c", 20)]  # fmt: skip


@pytest.mark.parametrize(
    "records",
    [
        [record(0, ("a.txt", 3), ("a.txt", 7))],
        [record(0, ("a.txt", 3)), record(10, ("a.txt", 17))],
    ],
)
def test_a_name_may_be_used_once(records):
    with pytest.raises(PageScriptError, match=r'"a\.txt" was already registered at frame 3'):
        gather_artifacts(records)
