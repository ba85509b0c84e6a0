"""A record that is not there may come; one that does not is named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
import pytest

from framefleet.delivery import progress
from framefleet.domain.destination import render_prefix
from framefleet.errors import ObjectNotFoundError
from framefleet.storages.local import LocalStorage
from framefleet.wire.progress_answer import ProgressView
from framefleet.wire.render_record import RECORD_NAME

pytestmark = pytest.mark.anyio

ID = "4h1xz9c0ab"
VIEW = ProgressView(
    render_id=ID,
    bucket="bucket",
    region="eu-west-1",
    function_name="fn",
    memory_size_in_mb=2048,
    timeout_ms=120_000,
    now_ms=1_700_000_000_000,
)


async def no_other(output):
    raise AssertionError(f"{output} is not looked for")


@dataclass
class Pauses:
    """The pauses that would be made; `then` is done in each of them."""

    made: list[float] = field(default_factory=list)
    then: Callable[[], Awaitable[None]] | None = None

    async def pause(self, seconds):
        self.made.append(seconds)
        if self.then is not None:
            await self.then()


@pytest.fixture
def pauses(monkeypatch):
    """No time passes."""
    pauses = Pauses()
    monkeypatch.setattr(anyio, "sleep", pauses.pause)
    return pauses


async def test_a_render_that_is_not_there_is_looked_for_three_times(pauses, tmp_path):
    storage = LocalStorage(tmp_path)
    with pytest.raises(ObjectNotFoundError) as caught:
        await progress.render_progress(storage, VIEW, open_other=no_other)
    assert caught.value.message == (
        f'No render with ID "{ID}" found in bucket bucket and region eu-west-1'
    )
    assert pauses.made == [1.0, 1.0]


async def test_one_that_comes_late_is_found(pauses, tmp_path):
    storage = LocalStorage(tmp_path)

    async def then():
        if len(pauses.made) == 2:
            await storage.put(f"{render_prefix(ID)}{RECORD_NAME}", b'{"framesRendered": 3}')

    pauses.then = then
    answer = await progress.render_progress(storage, VIEW, open_other=no_other)
    assert answer["framesRendered"] == 3
