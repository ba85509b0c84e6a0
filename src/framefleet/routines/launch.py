"""The main function of a render: it plans, has chunks rendered, and makes the output of them.

Order of what clients see, and what happens at the end: spec/serverless-orchestration.md 1, 2, 6
and 8.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import anyio

from framefleet.delivery.props import delete_props
from framefleet.delivery.renders import read_record
from framefleet.domain.destination import BucketAddress, Cloud, RemoteFile
from framefleet.errors import (
    FramefleetError,
    FunctionTimeoutError,
    ObjectNotFoundError,
    RenderCancelledError,
    StorageError,
    root_error,
)
from framefleet.interfaces.buckets import Buckets
from framefleet.interfaces.storage import Storage
from framefleet.local.media import RenderResult
from framefleet.local.opening import open_session
from framefleet.routines.call import Call, now_ms
from framefleet.routines.cleanup import clear_transport, has_ended, take_over_burial
from framefleet.routines.fleet import Fleet
from framefleet.routines.keys import cancel_key, record_key
from framefleet.routines.lease import take_lease
from framefleet.routines.options import media_request
from framefleet.routines.record_keeper import RecordKeeper, RecordTakenError
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
_WEBHOOK_S = 2.0
# Between tries of a write that matters, each of which the store's client has tried several times.
_PAUSES_S = (1.0, 3.0)


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
        found = await storage.stat(record_key(request.render_id))
        record = await _record(storage, request.render_id)
        version = "" if found is None else found.version
        keeper = RecordKeeper(storage, request.render_id, state, version)
        main = MainFunction(request, call, settings, buckets, storage, keeper)
        try:
            if found is None or record is None or has_ended(record):
                raise RecordTakenError
            await main.run(record if lease > 1 else None)
        except RecordTakenError:
            logger.info("render_taken_over", extra={"render_id": request.render_id})
            await main.leave()
    return {}


async def _record(storage: Storage, render_id: str) -> dict[str, Any] | None:
    try:
        return await read_record(storage, render_id)
    except ObjectNotFoundError:
        return None


class MainFunction:
    """The render, and the end of it: whoever can write the record tells how it ended."""

    def __init__(
        self,
        request: LaunchRequest,
        call: Call,
        settings: Settings,
        buckets: Buckets,
        storage: Storage,
        keeper: RecordKeeper,
    ) -> None:
        self._request = request
        self._call = call
        self._settings = settings
        self._buckets = buckets
        self._storage = storage
        self._keeper = keeper
        self._is_resumed = False
        self._rendering = anyio.CancelScope()

    async def run(self, before: Mapping[str, Any] | None = None) -> None:
        """Render, and report how it ended.

        Args:
            before: the record of a function that has died, where this one goes on.

        Raises:
            RecordTakenError: another does, or nobody is to.
        """
        if before is not None:
            self._is_resumed = True
            self._keeper.state.resume(before)
            if _is_too_late(before):
                await self._fail(self._timeout())
                return
        await self._keeper.write()
        result: RenderResult | FramefleetError | None = None
        try:
            async with anyio.create_task_group() as watching:
                watching.start_soon(self._keep)
                watching.start_soon(self._end_in_time)
                if self._request.start.enable_cancellation:
                    watching.start_soon(self._end_if_cancelled)
                with self._rendering:
                    result = await self._result()
                watching.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise root_error(group) from group
        if self._keeper.is_lost:
            raise RecordTakenError
        if self._rendering.cancel_called:
            # How it ended has been told; this is what was put since.
            await self._clear()
        elif isinstance(result, RenderResult):
            await self._succeed(result)
        elif result is not None:
            await self._fail(result)

    async def leave(self) -> None:
        """The render is another's, or has been ended by another: then nothing is to be left."""
        render_id = self._request.render_id
        with suppress(StorageError):
            found = await self._storage.stat(record_key(render_id))
            record = await _record(self._storage, render_id)
            if found is not None and record is not None:
                if not has_ended(record):
                    return
                is_ours = await take_over_burial(self._storage, render_id, record, found.version)
            else:
                is_ours = False
            await clear_transport(self._storage, render_id)
            await self._delete_props()
            webhook = self._request.start.webhook
            if is_ours and webhook is not None:
                with suppress(FramefleetError):
                    await report_timeout(webhook, self._request, self._call, self._keeper.state)

    async def _result(self) -> RenderResult | FramefleetError:
        try:
            return await self._render()
        except FramefleetError as exc:
            return exc
        except Exception as exc:
            logger.exception("render_failed")
            return FramefleetError(f"{type(exc).__name__}: {exc}")

    async def _render(self) -> RenderResult:
        state = self._keeper.state
        serve_url, media = await media_request(
            self._request, self._call, self._buckets, may_replace=state.was_planned
        )
        async with open_session(media.site) as session:
            from framefleet.local import media as local_media

            state.opened_ms = now_ms()
            self._keeper.touch()
            fleet = Fleet(
                launch=self._request,
                media=media,
                session=session,
                call=self._call,
                storage=self._storage,
                keeper=self._keeper,
                settings=self._settings,
                serve_url=serve_url,
                is_resumed=self._is_resumed,
            )
            return await local_media.render(media, session, fleet)

    async def _keep(self) -> None:
        try:
            await self._keeper.run()
        except RecordTakenError:
            self._rendering.cancel()

    async def _end_in_time(self) -> None:
        await anyio.sleep(max(self._call.remaining_s - STOP_BEFORE_S, 1.0))
        await self._end(self._timeout())

    async def _end_if_cancelled(self) -> None:
        key = cancel_key(self._request.render_id)
        while True:
            await anyio.sleep(_WATCH_INTERVAL_S)
            with suppress(StorageError):
                if await self._storage.stat(key) is not None:
                    break
        await self._end(RenderCancelledError("renderMedia() got cancelled"))

    async def _end(self, error: FramefleetError) -> None:
        """End the render, and tell so at once: taking back what is half put may take its time."""
        if self._keeper.is_delivered or self._rendering.cancel_called:
            return
        self._rendering.cancel()
        with anyio.CancelScope(shield=True), suppress(RecordTakenError):
            await self._fail(error)

    def _timeout(self) -> FunctionTimeoutError:
        return FunctionTimeoutError(
            f"The main function timed out after {self._call.timeout_ms}ms. Consider increasing "
            "the timeout of your function.",
            timeout_ms=self._call.timeout_ms,
        )

    async def _succeed(self, result: RenderResult) -> None:
        ended = now_ms()
        await self._delete_props()
        state = self._keeper.state
        assert isinstance(result.output, RemoteFile), "its output is in a bucket"
        sound = result.separate_audio
        outputs = Outputs(
            main=result.output,
            separate_audio=sound if isinstance(sound, RemoteFile) else None,
            artifacts=[file for file in result.artifacts if isinstance(file, RemoteFile)],
        )
        home = BucketAddress(cloud=Cloud.S3, name=self._request.bucket_name)
        state.finish(outputs, home, ended_ms=ended, cleaned_ms=now_ms() - ended)
        await self._write_last()
        # Only now: whoever gets the same event late must find that the render has ended.
        await clear_transport(self._storage, self._request.render_id)
        await self._report(report_success)

    async def _fail(self, error: FramefleetError) -> None:
        logger.warning("render_failed", extra={"code": error.code, "text": str(error)})
        self._keeper.state.failed(error, now_ms())
        await self._write_last()
        await self._clear()
        is_timeout = isinstance(error, FunctionTimeoutError)
        await self._report(report_timeout if is_timeout else report_failure)

    async def _clear(self) -> None:
        with anyio.move_on_after(max(self._call.remaining_s - _WEBHOOK_S, _CLEANUP_TIMEOUT_S)):
            await clear_transport(self._storage, self._request.render_id)
            await self._delete_props()

    async def _write_last(self) -> None:
        """Write what clients wait for; without it, they take the function for dead at its limit.

        A bucket that takes no record any more is no reason to leave all else undone.
        """
        with anyio.move_on_after(max(self._call.remaining_s - _CLEANUP_TIMEOUT_S, 1.0)):
            for pause_s in (*_PAUSES_S, None):
                try:
                    return await self._keeper.write()
                except StorageError as exc:
                    logger.warning("record_not_written", extra={"code": exc.code})
                    if pause_s is None or self._call.remaining_s < STOP_BEFORE_S:
                        return
                    await anyio.sleep(pause_s)

    async def _report(self, report: Any) -> None:
        webhook = self._request.start.webhook
        if webhook is None:
            return
        try:
            await report(webhook, self._request, self._call, self._keeper.state)
        except FramefleetError as exc:
            self._keeper.state.warned(exc, "webhook")
            with suppress(StorageError):
                await self._keeper.write()

    async def _delete_props(self) -> None:
        began_ms = self._keeper.state.launched_ms
        with suppress(StorageError):
            for props in (self._request.start.input_props, self._request.sent_props):
                await delete_props(props, self._buckets, put_before_ms=began_ms)


def _is_too_late(record: Mapping[str, Any]) -> bool:
    """Whether everybody takes a render for over whose main function has died.

    One whose output was made already is done for whoever finds it.
    """
    is_made = record.get("timeToCombine") is not None
    return now_ms() > (record.get("timeoutTimestamp") or 0) and not is_made
