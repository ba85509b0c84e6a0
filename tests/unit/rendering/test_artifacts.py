"""Files a composition emits have names of their own."""

from __future__ import annotations

import pytest

from framefleet.errors import PageScriptError
from framefleet.rendering.artifacts import gather_artifacts


def chunk(*artifacts: tuple[str, int]) -> tuple[tuple[str, int], ...]:
    return artifacts


def test_files_come_in_the_order_of_their_frames():
    found = gather_artifacts([chunk(("b.txt", 3), ("a.txt", 7)), chunk(), chunk(("c", 20))])
    assert found == [(0, "b.txt", 3), (0, "a.txt", 7), (2, "c", 20)]  # fmt: skip


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(("a.txt", 3), ("a.txt", 7))],
        [chunk(("a.txt", 3)), chunk(("a.txt", 17))],
    ],
)
def test_a_name_may_be_used_once(chunks):
    with pytest.raises(PageScriptError, match=r'"a\.txt" was already registered at frame 3'):
        gather_artifacts(chunks)
