"""The main function of a render: it plans, has chunks rendered, and makes the output of them.

Order of what clients see, and what happens at the end: spec/serverless-orchestration.md 1, 2, 6
and 8.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import anyio

from framefleet.delivery.props import delete_props
from framefleet.delivery.renders import read_record
from framefleet.domain.destination import BucketAddress, Cloud, RemoteFile
from framefleet.errors import (
    FramefleetError,
    FunctionTimeoutError,
    RenderCancelledError,
    StorageError,
    root_error,
)
from framefleet.interfaces.buckets import Buckets
from framefleet.interfaces.storage import Storage
from framefleet.local.media import RenderResult
from framefleet.local.opening import open_session
from framefleet.routines.call import Call, now_ms
from framefleet.routines.cleanup import clear_transport
from framefleet.routines.fleet import Fleet
from framefleet.routines.keys import cancel_key
from framefleet.routines.lease import has_ended, is_taken_over, take_lease
from framefleet.routines.options import media_request
from framefleet.routines.record_keeper import RecordKeeper
from framefleet.routines.start import bucket_address, new_state
from framefleet.routines.webhooks import report_failure, report_success, report_timeout
from framefleet.settings import Settings
from framefleet.wire.render_record import Outputs
from framefleet.wire.start_request import LaunchRequest, read_launch
from framefleet.wiring.buckets import open_buckets

logger = logging.getLogger(__name__)

# What the end takes that comes after the last second of rendering: functions stop, objects go, the
# record and a webhook are sent.
STOP_BEFORE_S = 5.0
# spec/serverless-orchestration.md 9; with the functions' own watch it makes two seconds.
_WATCH_INTERVAL_S = 0.5
_CLEANUP_TIMEOUT_S = 3.0


async def launch(payload: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Run a render to its end, which is told in its record and by its webhook."""
    request = read_launch(payload)
    settings = Settings.from_environment()
    address = bucket_address(request.bucket_name, call, request.start.output.force_path_style)
    async with open_buckets(address, settings) as buckets:
        storage = buckets.storage(request.bucket_name)
        lease = await take_lease(storage, request.render_id, call.request_id)
        if lease is None:
            return {}
        state = new_state(request.start, call)
        if lease > 1:
            state.resume(await read_record(storage, request.render_id))
        keeper = RecordKeeper(storage, request.render_id, state)
        await keeper.write()
        await _Main(request, call, settings, buckets, storage, keeper, lease).run()
    return {}


@dataclass(frozen=True, slots=True)
class _Main:
    request: LaunchRequest
    call: Call
    settings: Settings
    buckets: Buckets
    storage: Storage
    keeper: RecordKeeper
    lease: int

    async def run(self) -> None:
        """Render, and report how it ended."""
        try:
            result = await self._in_time()
        except FramefleetError as exc:
            await self._fail(exc)
        except Exception as exc:
            logger.exception("render_failed")
            await self._fail(FramefleetError(f"{type(exc).__name__}: {exc}"))
        else:
            await self._succeed(result)

    async def _in_time(self) -> RenderResult:
        limit_s = max(self.call.remaining_s - STOP_BEFORE_S, 1.0)
        result: RenderResult | None = None
        with anyio.move_on_after(limit_s):
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self.keeper.run)
                    if self.request.start.enable_cancellation:
                        tasks.start_soon(self._watch)
                    result = await self._render()
                    tasks.cancel_scope.cancel()
            except BaseExceptionGroup as group:
                raise root_error(group) from group
        if result is None:
            raise FunctionTimeoutError(
                f"The main function timed out after {self.call.timeout_ms}ms. Consider increasing "
                "the timeout of your function.",
                timeout_ms=self.call.timeout_ms,
            )
        return result

    async def _render(self) -> RenderResult:
        state = self.keeper.state
        serve_url, media = await media_request(
            self.request, self.call, self.buckets, may_replace=state.was_planned
        )
        async with open_session(media.site) as session:
            from framefleet.local import media as local_media

            state.opened_ms = now_ms()
            self.keeper.touch()
            fleet = Fleet(
                launch=self.request,
                media=media,
                session=session,
                call=self.call,
                storage=self.storage,
                keeper=self.keeper,
                settings=self.settings,
                serve_url=serve_url,
                is_resumed=self.lease > 1,
            )
            return await local_media.render(media, session, fleet)

    async def _watch(self) -> None:
        """End the render when a client cancels it."""
        while True:
            await anyio.sleep(_WATCH_INTERVAL_S)
            with suppress(StorageError):
                if await self.storage.stat(cancel_key(self.request.render_id)) is not None:
                    raise RenderCancelledError("renderMedia() got cancelled")

    async def _succeed(self, result: RenderResult) -> None:
        ended = now_ms()
        await self._delete_props()
        state = self.keeper.state
        assert isinstance(result.output, RemoteFile), "its output is in a bucket"
        sound = result.separate_audio
        outputs = Outputs(
            main=result.output,
            separate_audio=sound if isinstance(sound, RemoteFile) else None,
            artifacts=[file for file in result.artifacts if isinstance(file, RemoteFile)],
        )
        home = BucketAddress(cloud=Cloud.S3, name=self.request.bucket_name)
        state.finish(outputs, home, ended_ms=ended, cleaned_ms=now_ms() - ended)
        await self._write_last()
        # Only now: whoever gets the same event late must find that the render has ended.
        await clear_transport(self.storage, self.request.render_id)
        await self._report(report_success)

    async def _fail(self, error: FramefleetError) -> None:
        logger.warning("render_failed", extra={"code": error.code, "text": str(error)})
        if await self._is_others():
            return
        self.keeper.state.failed(error, now_ms())
        await self._write_last()
        with anyio.move_on_after(_CLEANUP_TIMEOUT_S):
            await clear_transport(self.storage, self.request.render_id)
            await self._delete_props()
        is_timeout = isinstance(error, FunctionTimeoutError)
        await self._report(report_timeout if is_timeout else report_failure)

    async def _write_last(self) -> None:
        """A bucket that takes no record any more is no reason to leave all else undone."""
        try:
            await self.keeper.write()
        except StorageError as exc:
            logger.warning("record_not_written", extra={"code": exc.code})

    async def _report(self, report: Any) -> None:
        webhook = self.request.start.webhook
        if webhook is None:
            return
        try:
            await report(webhook, self.request, self.call, self.keeper.state)
        except FramefleetError as exc:
            self.keeper.state.warned(exc, "webhook")
            with suppress(StorageError):
                await self.keeper.write()

    async def _is_others(self) -> bool:
        """Whether the render's end is for another function to tell, who took us for dead."""
        render_id = self.request.render_id
        with suppress(StorageError):
            if await has_ended(self.storage, render_id):
                await clear_transport(self.storage, render_id)
                return True
            return await is_taken_over(self.storage, render_id, self.lease)
        return False

    async def _delete_props(self) -> None:
        with suppress(StorageError):
            for props in (self.request.start.input_props, self.request.sent_props):
                await delete_props(props, self.buckets)
