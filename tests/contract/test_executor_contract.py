"""What every Executor promises: interfaces/executor.py is the contract."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import psutil
import pytest

from framefleet.browser.flags import BrowserOptions
from framefleet.domain.arguments import complete
from framefleet.domain.events import ChunkProgressed
from framefleet.domain.options import MediaArguments
from framefleet.domain.output import CaptureOptions
from framefleet.domain.overrides import Overrides
from framefleet.domain.plan import PageOptions, Plan
from framefleet.domain.rules import resolve_media
from framefleet.encoding.video_encoder import encoder_version
from framefleet.errors import BrowserCrashedError, PageScriptError
from framefleet.interfaces.executor import Executor
from framefleet.local.opening import open_session
from framefleet.local.requests import SiteRequest
from framefleet.rendering.part import VIDEO_FILE
from framefleet.rendering.planning import Division, Filming, plan
from framefleet.testing.video import read_stamps
from framefleet.wiring.executors import local_artifacts, open_executor
from framefleet.worker.artifacts import Artifacts
from framefleet.worker.worker import chunk_files, rendered_chunks

pytestmark = pytest.mark.anyio

CHUNK = 6
FRAMES = 4 * CHUNK


@dataclass
class Bench:
    """A plan for some page, a storage, and the executor under test."""

    plan: Plan
    storage: Artifacts
    executor: Executor

    async def run(self, chunk: int, on_progress=lambda event: None) -> None:
        await self.executor.run(self.plan, chunk, 1, on_progress)

    async def has(self, chunk: int) -> bool:
        """Whether all of a chunk's files are stored."""
        return chunk in await rendered_chunks(self.storage, self.plan)

    async def stamps(self, chunk: int) -> list[int]:
        return read_stamps((await chunk_files(self.storage, self.plan, chunk))[0].paths[VIDEO_FILE])

    async def video(self, chunk: int) -> bytes:
        return (await chunk_files(self.storage, self.plan, chunk))[0].paths[VIDEO_FILE].read_bytes()


@pytest.fixture(params=["inline", "process"])
def open_bench(request, pages, tmp_path):
    """Opens a bench over one kind of executor."""

    @contextlib.asynccontextmanager
    async def opened(
        page: Path = pages / "stamped.html",
        *,
        composition: str = "stamped",
        slots: int = 1,
        storage: str = "store",
        props: str = f'{{"durationInFrames":{FRAMES}}}',
    ) -> AsyncIterator[Bench]:
        site = SiteRequest(
            site=str(page),
            input_props=props,
            page=PageOptions(),
            overrides=Overrides(),
            browser=BrowserOptions(),
            on_log=lambda log: None,
        )
        capture = CaptureOptions()
        async with open_session(site) as session:
            found, filming = await session.select_for(composition, capture)
            frozen = plan(
                found,
                resolve_media(complete(MediaArguments, {"x264_preset": "ultrafast"}), None, found),
                Division(chunk_frames=CHUNK),
                Filming(browser=filming.browser, encoder=encoder_version()),
                input_props=props,
                page=site.page,
            )
            store = local_artifacts(tmp_path / storage)
            async with open_executor(
                request.param,
                slots=slots,
                address=site.site,
                site=session.site,
                artifacts=store,
                supervisor=session.supervisor,
                browser=site.browser,
                on_log=site.on_log,
            ) as executor:
                assert executor.slots == slots
                yield Bench(frozen, store, executor)

    return opened


def page_of(tmp_path: Path, seek: str) -> Path:
    path = tmp_path / "page.html"
    compositions = f"[{{id: 'film', width: 320, height: 64, fps: 30, durationInFrames: {FRAMES}}}]"
    path.write_text(
        "<!doctype html><script>window.framefleet = "
        f"{{compositions: {compositions}, seek(frame, {{props}}) {{{seek}}}}}</script>"
    )
    return path


async def test_a_chunk_that_was_run_is_stored(open_bench):
    async with open_bench() as bench:
        assert not await bench.has(2)
        await bench.run(2)
        assert await bench.has(2)
        assert await bench.stamps(2) == list(range(2 * CHUNK, 3 * CHUNK))
        assert not await bench.has(1)


async def test_chunks_run_in_any_order(open_bench):  # checklist 74
    async with open_bench() as bench:
        for chunk in (3, 0, 2, 1):
            await bench.run(chunk)
        for chunk in range(4):
            first = chunk * CHUNK
            assert await bench.stamps(chunk) == list(range(first, first + CHUNK))


async def test_a_chunk_opens_with_a_picture_though_nothing_moved(open_bench, tmp_path):
    async with open_bench(page_of(tmp_path, ""), composition="film") as bench:
        for chunk in range(4):
            await bench.run(chunk)
            assert len(await bench.stamps(chunk)) == CHUNK


async def test_as_many_chunks_run_at_once_as_there_are_slots(open_bench, tmp_path):
    """The first frame of a chunk waits until that of another chunk is wanted as well."""
    waiting: list[anyio.Event] = []

    async def answer(stream) -> None:
        async with stream:
            await stream.receive()
            mine = anyio.Event()
            waiting.append(mine)
            if len(waiting) == 2:
                for event in waiting:
                    event.set()
            await mine.wait()
            await stream.send(
                b"HTTP/1.1 204 Gone on\r\nAccess-Control-Allow-Origin: *\r\n"
                b"Connection: close\r\n\r\n"
            )

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    page = page_of(tmp_path, f"if (frame % {CHUNK} === 0) return fetch(props.gate)")
    props = f'{{"gate":"http://127.0.0.1:{port}/"}}'
    async with listener, anyio.create_task_group() as server:
        server.start_soon(listener.serve, answer)
        async with (
            open_bench(page, composition="film", slots=2, props=props) as bench,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(bench.run, 0)
            tasks.start_soon(bench.run, 1)
        server.cancel_scope.cancel()
    assert len(waiting) == 2
    assert await bench.has(0)
    assert await bench.has(1)


async def test_progress_tells_of_frames_filmed_and_encoded(open_bench):
    events: list[ChunkProgressed] = []
    async with open_bench() as bench:
        await bench.run(1, events.append)
    assert events
    assert {event.chunk for event in events} == {1}
    assert all(0 <= event.encoded <= event.filmed <= CHUNK for event in events)
    for counts in ([event.filmed for event in events], [event.encoded for event in events]):
        assert counts == sorted(counts)


async def test_a_chunk_that_is_run_twice_gives_the_same_bytes(open_bench):
    async with open_bench(storage="one") as one:
        await one.run(0)
        await one.run(1)
        first = await one.video(1)
        await one.run(1)
        assert await one.video(1) == first
    async with open_bench(storage="two") as two:
        await two.run(1)
        assert await two.video(1) == first


async def test_a_failure_is_our_own_error_and_the_executor_goes_on(open_bench, tmp_path):
    page = page_of(tmp_path, f"if (frame === {CHUNK + 1}) throw new TypeError('no such frame')")
    async with open_bench(page, composition="film") as bench:
        with pytest.raises(PageScriptError, match="TypeError: no such frame") as caught:
            await bench.run(1)
        assert caught.value.context["frame"] == CHUNK + 1
        assert not await bench.has(1)
        await bench.run(2)
        assert await bench.has(2)


async def test_a_broken_browser_is_an_error_that_may_be_tried_again(open_bench):
    of_others = browsers()
    async with open_bench() as bench:
        await bench.run(0)
        for process in browsers() - of_others:
            process.kill()
        with pytest.raises(BrowserCrashedError):
            await bench.run(1)
        await bench.run(1)
        assert await bench.stamps(1) == list(range(CHUNK, 2 * CHUNK))


@pytest.mark.parametrize("slots", [1, 2])
async def test_a_cancelled_run_ends_what_it_started(open_bench, tmp_path, slots):
    page = page_of(tmp_path, f"if (frame % {CHUNK} === 2) return new Promise(() => {{}})")
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    async with open_bench(page, composition="film", slots=slots) as bench:
        warm = {child.pid for child in psutil.Process().children(recursive=True)}
        async with anyio.create_task_group() as tasks:
            begun = [anyio.Event() for _ in range(slots)]
            for chunk, event in enumerate(begun):
                tasks.start_soon(bench.run, chunk, lambda _, event=event: event.set())
            for event in begun:
                await event.wait()
            tasks.cancel_scope.cancel()
        assert tasks.cancel_scope.cancelled_caught
        # The site's own server and the browser that looked at the site may be there still.
        left = [child for child in psutil.Process().children(True) if child.pid not in warm]
        assert [child for child in left if child.status() != psutil.STATUS_ZOMBIE] == []
        for chunk in range(slots):
            assert not await bench.has(chunk)
    left = [child for child in psutil.Process().children(True) if child.pid not in before]
    assert left == []


async def test_after_a_cancelled_run_others_work(open_bench):
    async with open_bench() as bench:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.run, 0, lambda _: tasks.cancel_scope.cancel())
        await bench.run(1)
        assert await bench.stamps(1) == list(range(CHUNK, 2 * CHUNK))


def browsers() -> set[psutil.Process]:
    """The Chromium processes that others descend from."""
    return {
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "--remote-debugging-pipe" in child.cmdline()
    }
