"""A function that renders one chunk, and tells of it while it does."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any

import anyio

from framefleet.compositions.location import SiteLocation
from framefleet.compositions.site import open_site
from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.domain.events import ChunkProgressed
from framefleet.domain.plan import Plan
from framefleet.domain.rules.buckets import read_bucket_name, read_render_id
from framefleet.errors import (
    FramefleetError,
    ObjectNotFoundError,
    OptionError,
    RenderCancelledError,
    StorageError,
    root_error,
)
from framefleet.interfaces.storage import Storage
from framefleet.local.requests import raster_threads
from framefleet.local.scratch import scratch_folder
from framefleet.local.warm import supervised
from framefleet.routines.call import Call, Send, now_ms
from framefleet.routines.keys import chunks_prefix, plan_hash, plan_key
from framefleet.settings import Settings
from framefleet.wire.framing import MessageType, frame
from framefleet.wire.renderer_request import RendererRequest, failure
from framefleet.wiring.buckets import open_buckets
from framefleet.worker.artifacts import Artifacts
from framefleet.worker.worker import Worker, chunk_prefix

logger = logging.getLogger(__name__)

# Told at least so often, and for the listener's sake not more often than that.
_HEARTBEAT_S = 5.0
_REPORT_INTERVAL_S = 0.5
# spec/serverless-orchestration.md 9; a render has to end within two seconds.
_WATCH_INTERVAL_S = 0.75


async def render_chunk(payload: Mapping[str, Any], call: Call, send: Send) -> None:
    """Render the chunk and put its files; `send` gets the messages."""
    request = RendererRequest.read(payload)
    await send(frame(MessageType.LAMBDA_INVOKED, {"attempt": request.attempt}))
    started = now_ms()
    try:
        _check_version(request, call)
        await _render(request, _Reporter(send))
    except FramefleetError as exc:
        logger.warning("chunk_failed", extra={"chunk": request.chunk, "code": exc.code})
        await send(frame(MessageType.ERROR_OCCURRED, failure(exc, attempt=request.attempt)))
    else:
        await send(frame(MessageType.CHUNK_COMPLETE, {"start": started, "rendered": now_ms()}))


def _check_version(request: RendererRequest, call: Call) -> None:
    """Text: spec/serverless-wire.md 2.1."""
    if request.version != call.version:
        raise OptionError(
            'The version of the function that was specified as "rendererFunctionName" is '
            f"{call.version} but the version of the function that invoked the render is "
            f"{request.version}. Please make sure that the version of the function that is "
            'specified as "rendererFunctionName" is the same as the version of the function that '
            "is invoked."
        )


async def _render(request: RendererRequest, reporter: _Reporter) -> None:
    read_render_id(request.render_id)
    if not request.serve_url.startswith(("http://", "https://")):
        raise OptionError("Functions render sites at addresses, not folders of their own.")
    address = BucketAddress(
        cloud=Cloud.S3,
        name=read_bucket_name(request.bucket_name),
        region=request.region,
        force_path_style=request.force_path_style,
    )
    settings = Settings.from_environment()
    async with AsyncExitStack() as stack:
        buckets = await stack.enter_async_context(open_buckets(address, settings))
        storage = buckets.storage(request.bucket_name)
        pulse = _Pulse(storage, request)
        plan = await pulse.plan()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pulse.watch)
                tasks.start_soon(reporter.run)
                await _film(plan, request, storage, settings, reporter)
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise root_error(group) from group
        finally:
            with anyio.CancelScope(shield=True):
                await pulse.leave_nothing_behind()


async def _film(
    plan: Plan,
    request: RendererRequest,
    storage: Storage,
    settings: Settings,
    reporter: _Reporter,
) -> None:
    browser = replace(
        settings.browser_options(plan.page.chromium, executable=None),
        answer_timeout_s=plan.page.timeout_s,
        raster_threads=raster_threads(1),
    )
    async with (
        scratch_folder() as folder,
        supervised(browser) as supervisor,
        open_site(SiteLocation.parse(request.serve_url), plan.page) as site,
        Worker(
            plan,
            site,
            Artifacts(storage, folder, prefix=_chunks_of(request)),
            supervisor,
            on_log=lambda log: logger.info("page_log", extra={"level": log.level}),
        ) as worker,
    ):
        await worker.render(request.chunk, reporter.progressed)


class _Pulse:
    """The plan in the bucket: the render goes on as long as it is there, and is this one."""

    def __init__(self, storage: Storage, request: RendererRequest) -> None:
        self._storage = storage
        self._request = request
        self._key = plan_key(request.render_id)
        self._version: str | None = None

    async def plan(self) -> Plan:
        """The plan that is meant.

        Raises:
            RenderCancelledError: the render has ended, or goes on by another plan.
        """
        data = await self._newest()
        if data is None:
            raise _over()
        return Plan.from_json(data)

    async def watch(self) -> None:
        """End the work when the render has ended."""
        while True:
            await anyio.sleep(_WATCH_INTERVAL_S)
            if await self._is_over():
                raise _over()

    async def leave_nothing_behind(self) -> None:
        """Take away what was put too late: whoever ended the render has cleaned up before."""
        if not await self._is_over():
            return
        prefix = _chunks_of(self._request) + chunk_prefix(self._request.chunk)
        with suppress(StorageError):
            await self._storage.delete([found.key async for found in self._storage.objects(prefix)])

    async def _is_over(self) -> bool:
        """A store that does not answer is asked again."""
        try:
            found = await self._storage.stat(self._key)
            if found is not None and found.version == self._version:
                return False
            return await self._newest() is None
        except StorageError:
            return False

    async def _newest(self) -> bytes | None:
        """The plan as it is now; None if it is gone, or another."""
        found = await self._storage.stat(self._key)
        if found is None:
            return None
        try:
            data = await self._storage.read(self._key)
        except ObjectNotFoundError:
            return None
        self._version = found.version
        return data if plan_hash(data) == self._request.plan_hash else None


def _chunks_of(request: RendererRequest) -> str:
    return chunks_prefix(request.render_id, request.plan_hash)


def _over() -> RenderCancelledError:
    return RenderCancelledError("The render has ended.")


class _Reporter:
    """Tells how far the chunk is, now and then, and at times that nothing has changed."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._counts = (0, 0)

    def progressed(self, event: ChunkProgressed) -> None:
        self._counts = (event.filmed, event.encoded)

    async def run(self) -> None:
        told, told_s = (0, 0), time.monotonic()
        while True:
            await anyio.sleep(_REPORT_INTERVAL_S)
            counts, now_s = self._counts, time.monotonic()
            if counts == told and now_s - told_s < _HEARTBEAT_S:
                continue
            told, told_s = counts, now_s
            rendered, encoded = counts
            await self._send(
                frame(MessageType.FRAMES_RENDERED, {"rendered": rendered, "encoded": encoded})
            )
