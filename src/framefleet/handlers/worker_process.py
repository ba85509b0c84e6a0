"""A worker process: jobs come on standard input, facts go to standard output.

It ends when its input does, so it never outlives the process that started it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream

from framefleet.browser.flags import BrowserOptions
from framefleet.browser.supervisor import BrowserSupervisor
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.site import open_site
from framefleet.domain.events import ChunkProgressed, Log
from framefleet.domain.plan import Plan
from framefleet.errors import FramefleetError
from framefleet.machine import keep_freed_memory
from framefleet.wiring.executors import local_artifacts
from framefleet.worker import protocol
from framefleet.worker.worker import Worker

# The supervisor of a render tells its own caller ten times a second at most.
REPORT_INTERVAL_S = 0.1


class _Reporter:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._told_s = 0.0

    def send(self, message: protocol.FromWorker) -> None:
        data = memoryview(protocol.line(message))
        while data:
            data = data[os.write(self._descriptor, data) :]

    def log(self, log: Log) -> None:
        self.send(protocol.Logged(log))

    def progressed(self, event: ChunkProgressed) -> None:
        if time.monotonic() - self._told_s >= REPORT_INTERVAL_S:
            self._told_s = time.monotonic()
            self.send(protocol.Progressed(event.chunk, event.filmed, event.encoded))


async def serve(lines: MemoryObjectReceiveStream[bytes], reporter: _Reporter) -> None:
    """Render chunk after chunk as the lines ask for them."""
    job = msgspec.json.decode(await lines.receive(), type=protocol.Job)
    plan = Plan.from_json(job.plan.encode())
    executable = Path(job.browser_executable) if job.browser_executable else None
    options = BrowserOptions(
        executable=executable,
        chromium=plan.page.chromium,
        frame_control=job.browser_frame_control,
        raster_threads=job.browser_raster_threads,
        start_timeout_s=job.browser_start_timeout_s,
        answer_timeout_s=plan.page.timeout_s,
    )
    async with (
        BrowserSupervisor(options) as supervisor,
        open_site(SiteLocation.parse(job.site), plan.page) as site,
        Worker(
            plan,
            site,
            local_artifacts(Path(job.storage)),
            supervisor,
            on_log=reporter.log,
        ) as worker,
    ):
        async for data in lines:
            chunk = msgspec.json.decode(data, type=protocol.Render).chunk
            try:
                await worker.render(chunk, reporter.progressed)
            except FramefleetError as exc:
                reporter.send(protocol.Failed(chunk, exc.to_dict()))
            else:
                reporter.send(protocol.Rendered(chunk))


async def _main() -> None:
    # Standard output belongs to the protocol: whatever else is printed goes to standard error.
    protocol_output = os.dup(1)
    os.dup2(2, 1)
    loop = asyncio.get_running_loop()
    source = asyncio.StreamReader(limit=protocol.LONGEST_LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(source), sys.stdin)
    send, receive = anyio.create_memory_object_stream[bytes](8)
    async with anyio.create_task_group() as tasks:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, tasks.cancel_scope.cancel)
        tasks.start_soon(serve, receive, _Reporter(protocol_output))
        while data := await source.readline():
            await send.send(data)
        # Nobody is left to render for: stop even in the middle of a chunk.
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    keep_freed_memory()
    asyncio.run(_main())
