"""A signal any thread can give, at any time."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from framefleet.cancellation import CancelSignal, cancelled_by
from framefleet.errors import RenderCancelledError


async def wait_for(signal: CancelSignal) -> None:
    async with cancelled_by(signal):
        await anyio.sleep_forever()


@pytest.mark.anyio
async def test_a_signal_given_before_ends_the_block_at_once():
    signal = CancelSignal()
    signal.cancel()
    with pytest.raises(RenderCancelledError):
        await wait_for(signal)


@pytest.mark.anyio
async def test_one_signal_ends_every_block_that_listens():
    signal = CancelSignal()
    ended = []

    async def listen() -> None:
        with pytest.raises(RenderCancelledError):
            await wait_for(signal)
        ended.append(True)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        tasks.start_soon(listen)
        await anyio.wait_all_tasks_blocked()
        signal.cancel()
    assert ended == [True, True]


def test_a_signal_that_comes_after_the_render_is_no_error():
    signal = CancelSignal()

    async def render() -> None:
        async with cancelled_by(signal):
            await anyio.lowlevel.checkpoint()

    anyio.run(render)
    signal.cancel()
    assert signal.is_cancelled
