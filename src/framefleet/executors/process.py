"""Chunks in worker processes of this machine: a crash costs the chunk, not the render."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import anyio
import msgspec
import psutil

from framefleet.browser.flags import BrowserOptions
from framefleet.browser.process import remove_folder
from framefleet.domain.events import ChunkProgressed, Log
from framefleet.domain.plan import Plan
from framefleet.errors import FramefleetError, WorkerLostError, writing
from framefleet.interfaces.executor import OnProgress
from framefleet.worker import protocol

# A worker that is told to stop kills its browser and removes its folders within this time.
STOP_TIMEOUT_S = 5.0
WORKER_MODULE = "framefleet.handlers.worker_process"
_LOG_FILE = "stderr.log"
_LOG_TAIL_BYTES = 2000


@dataclass(slots=True)
class ProcessExecutor:
    """Starts up to `slots` worker processes, each with a browser of its own.

    `site` and `storage` are the site as the user named it and the folder of a local storage.
    """

    slots: int
    site: str
    storage: str
    browser: BrowserOptions
    on_log: Callable[[Log], None]
    _idle: list[_Worker] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as tasks:
                for worker in self._idle:
                    tasks.start_soon(worker.aclose)
        self._idle.clear()

    async def run(self, plan: Plan, chunk: int, attempt: int, on_progress: OnProgress) -> None:
        """Render a chunk on an idle worker, or on a new one. A worker that fails us is ended."""
        worker = self._idle.pop() if self._idle else await self._start(plan)
        try:
            error = await worker.render(chunk, on_progress, self.on_log)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await worker.aclose()
            raise
        self._idle.append(worker)
        if error is not None:
            raise error

    async def _start(self, plan: Plan) -> _Worker:
        executable = self.browser.executable
        job = protocol.Job(
            plan=plan.to_json().decode(),
            site=self.site,
            storage=self.storage,
            browser_executable=str(executable) if executable else None,
            browser_frame_control=self.browser.frame_control,
            browser_raster_threads=self.browser.raster_threads,
            browser_start_timeout_s=self.browser.start_timeout_s,
        )
        return await _Worker.start(job)


class _Worker:
    """One worker process, in a session of its own: Ctrl-C reaches us alone, and we tell it.

    `folder` holds all its temporary files: it goes with the worker, even one that was killed.
    """

    def __init__(self, process: Process, folder: Path) -> None:
        self._process = process
        self._folder = folder

    @classmethod
    async def start(cls, job: protocol.Job) -> _Worker:
        with writing("A worker's folder"):
            folder = Path(tempfile.mkdtemp(prefix="framefleet-worker-"))
        try:
            with (folder / _LOG_FILE).open("wb") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    WORKER_MODULE,
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=log,
                    start_new_session=True,
                    limit=protocol.LONGEST_LINE_BYTES,
                    env={**os.environ, "TMPDIR": str(folder)},
                )
        except BaseException:
            with anyio.CancelScope(shield=True):
                await remove_folder(folder)
            raise
        worker = cls(process, folder)
        try:
            await worker._send(job)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await worker.aclose()
            raise
        return worker

    async def render(
        self, chunk: int, on_progress: OnProgress, on_log: Callable[[Log], None]
    ) -> FramefleetError | None:
        """Have a chunk rendered; the answer is the error of a failed attempt.

        Raises:
            WorkerLostError: the process ended first.
        """
        await self._send(protocol.Render(chunk))
        assert self._process.stdout is not None
        while data := await self._process.stdout.readline():
            match msgspec.json.decode(data, type=protocol.FromWorker):
                case protocol.Progressed(chunk, filmed, encoded):
                    on_progress(ChunkProgressed(chunk, filmed, encoded))
                case protocol.Logged(log):
                    on_log(log)
                case protocol.Failed(_, error):
                    return FramefleetError.from_dict(error)
                case protocol.Rendered(_):
                    return None
        code = await self._process.wait()
        raise WorkerLostError(
            f"A worker process ended with status {code} while it rendered chunk {chunk}. "
            f"{self._said() or 'It printed nothing.'}",
            chunk=chunk,
            status=code,
        )

    async def aclose(self) -> None:
        """Tell the worker to stop; kill it if it does not."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        if self._process.returncode != 0:
            await asyncio.to_thread(_end_session, self._process.pid)
        await remove_folder(self._folder)

    async def _send(self, message: protocol.ToWorker) -> None:
        assert self._process.stdin is not None
        # A worker that is gone says so on the reading side.
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(protocol.line(message))
            await self._process.stdin.drain()

    def _said(self) -> str:
        said = (self._folder / _LOG_FILE).read_bytes()[-_LOG_TAIL_BYTES:]
        return said.decode(errors="replace").strip()


def _end_session(leader: int) -> None:
    """Kill what a worker that could not clean up has left: its browser, still at its files."""
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)
