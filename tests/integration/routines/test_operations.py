"""What whoever runs a fleet counts on: calm writes, answers at once, a front that may restart."""

from __future__ import annotations

import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import anyio
import pytest

from framefleet import aws
from framefleet.domain.events import FramesAssembled
from framefleet.domain.stored import ObjectInfo
from framefleet.routines.keys import record_key
from framefleet.routines.record_keeper import WRITE_INTERVAL_S, RecordKeeper, write_record
from framefleet.storages.local import LocalStorage
from framefleet.testing.event_stream import CONTENT_TYPE
from framefleet.wire.render_state import RenderState
from tests.services.fleet import MAIN, VERSION
from tests.services.lambda_server import local_lambda

ID = "a1b2c3d4e5"
UPDATES = 1000
SHORT: dict[str, Any] = {"input_props": {"durationInFrames": 5}, "scale": 0.25}
# Nowhere near its end when the test is.
LONG: dict[str, Any] = {"input_props": {"durationInFrames": 6000}, "concurrency": 1}


class Timed(LocalStorage):
    """A folder, and when it was written to; `entered` is set when that is next, `last` when all
    updates are in it.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.begun_s: list[float] = []
        self.entered, self.last = anyio.Event(), anyio.Event()

    async def put(self, key: str, source: Path | bytes, **options: Any) -> ObjectInfo:
        self.begun_s.append(time.monotonic())
        self.entered.set()
        info = await super().put(key, source, **options)
        if await combined(self) == UPDATES:
            self.last.set()
        return info


async def combined(storage: LocalStorage) -> int:
    """How many frames the record says are in the output."""
    return int(json.loads(await storage.read(record_key(ID)))["combinedFrames"])


@pytest.mark.anyio
async def test_a_thousand_updates_a_second_are_written_four_times(tmp_path):
    storage = Timed(tmp_path)
    state = RenderState(cancellation_enabled=False, max_attempts=2, launched_ms=1, timeout_ms=2)
    await write_record(storage, ID, state)
    first = await storage.stat(record_key(ID))
    assert first is not None
    keeper = RecordKeeper(storage, ID, state, first.version)
    storage.begun_s.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.run)
        began_s = time.monotonic()
        for update in range(1, UPDATES):
            keeper.note(FramesAssembled(update))
            await anyio.sleep(max(0.0, began_s + update / 1000 - time.monotonic()))
        assert 0 < await combined(storage) < UPDATES
        # While a write is under way, which does not have it.
        storage.entered = anyio.Event()
        await storage.entered.wait()
        keeper.note(FramesAssembled(UPDATES))
        with anyio.fail_after(2):
            await storage.last.wait()
        storage.entered = anyio.Event()
        keeper.note(FramesAssembled(UPDATES + 1))
        await storage.entered.wait()
        # In the middle of a write, as a render ends.
        tasks.cancel_scope.cancel()
    await keeper.write()
    assert await combined(storage) == UPDATES + 1

    gaps_s = [after - before for before, after in pairwise(storage.begun_s[:-1])]
    assert min(gaps_s) >= WRITE_INTERVAL_S
    # What waits for the next write does not wait longer than it has to.
    assert median(gaps_s) < 2 * WRITE_INTERVAL_S


def seconds_to_headers(url: str, payload: dict[str, Any]) -> tuple[float, float]:
    """How long a stream takes to begin, and to end."""
    request = urllib.request.Request(
        f"{url}/2021-11-15/functions/{MAIN}/response-streaming-invocations",
        data=json.dumps(payload).encode(),
    )
    began_s = time.monotonic()
    with urllib.request.urlopen(request, timeout=60) as answer:
        begun_s = time.monotonic() - began_s
        assert answer.headers["Content-Type"] == CONTENT_TYPE
        assert b'"size"' in answer.read()
    return begun_s, time.monotonic() - began_s


def test_streams_begin_at_once_while_functions_are_busy(fleet):
    """Clients give up after half a minute (spec/serverless-wire.md 1.3)."""
    long = aws.render_media_on_lambda(
        function_name=MAIN, serve_url="stamped", composition="stamped", codec="h264",
        enable_cancellation=True, **LONG,
    )  # fmt: skip
    wait_for_frames(long)
    still = {
        "type": "still", "version": VERSION.replace("-", "."), "serveUrl": "stamped",
        "composition": "stamped", "imageFormat": "png", "privacy": "private",
        "inputProps": {"type": "payload", "payload": "{}"},
    }  # fmt: skip
    url = fleet.server.service.url
    with ThreadPoolExecutor(3) as threads:
        times = list(threads.map(lambda _: seconds_to_headers(url, still), range(3)))
    aws.cancel_render_on_lambda(render_id=long.render_id, bucket_name=long.bucket_name)
    # What renders has told nothing by then.
    assert [begun_s < ended_s / 2 for begun_s, ended_s in times] == [True] * 3
    assert median(begun_s for begun_s, _ in times) < 1
    wait_until(lambda: fleet.server.service.at_work == 0)


def test_a_front_that_restarts_answers_from_storage(fleet, monkeypatch):
    options = replace(fleet.server.service.options, on_invoke=None)
    with local_lambda(options) as front:
        url = front.service.url
        for name, value in front.environment.items():
            monkeypatch.setenv(name, value)
        done = fleet.render("stamped", "stamped", **SHORT)
        long = aws.render_media_on_lambda(
            function_name=MAIN, serve_url="stamped", composition="stamped", codec="h264", **LONG
        )
        before = wait_for_frames(long)
        # Another front knows as much, while the first is at work.
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", fleet.server.service.url)
        assert progress(long).frames_rendered >= before.frames_rendered
    with local_lambda(replace(options, port=int(url.rpartition(":")[2]))) as front:
        for name, value in front.environment.items():
            monkeypatch.setenv(name, value)
        assert front.service.url == url
        after = progress(long)
        assert (after.done, after.fatal_error_encountered) == (False, False)
        assert after.frames_rendered >= before.frames_rendered
        assert after.overall_progress >= before.overall_progress
        again = aws.get_render_progress(
            render_id=done.render_id, bucket_name=done.bucket, function_name=MAIN
        )
        assert (again.done, again.output_file, again.costs) == (
            True, done.output_file, done.costs,
        )  # fmt: skip


def progress(started: aws.StartedRender) -> aws.LambdaProgress:
    return aws.get_render_progress(
        render_id=started.render_id, bucket_name=started.bucket_name, function_name=MAIN
    )


def wait_for_frames(started: aws.StartedRender) -> aws.LambdaProgress:
    wait_until(lambda: progress(started).frames_rendered > 0)
    return progress(started)


def wait_until(is_so, timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, "it has not come to pass"
        time.sleep(0.1)
