"""A still: rendered where it is asked for, and answered at once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from framefleet.delivery.props import delete_props, props_text
from framefleet.domain.destination import KeptRender, RemoteFile, fresh_render_id
from framefleet.domain.events import ArtifactFile
from framefleet.domain.plan import Plan
from framefleet.domain.pricing import (
    PRICED_DISK_SIZE_IN_MB,
    billed_ms,
    estimate_price,
)
from framefleet.domain.rules.destinations import read_delete_after
from framefleet.errors import FramefleetError, StorageError
from framefleet.interfaces.buckets import Buckets
from framefleet.local import requests
from framefleet.local.bucket_place import open_bucket_place
from framefleet.local.opening import open_session
from framefleet.local.place import Place
from framefleet.local.requests import Listeners
from framefleet.local.still import StillResult
from framefleet.routines.call import Call, Send, now_ms
from framefleet.routines.options import destination_options, kept
from framefleet.routines.sites import site_address
from framefleet.routines.start import bucket_address, bucket_name
from framefleet.settings import Settings
from framefleet.wire.answers import error_stack
from framefleet.wire.framing import MessageType, frame
from framefleet.wire.payload_values import read_max_retries
from framefleet.wire.progress_answer import estimated_costs
from framefleet.wire.render_metadata import Kind, RenderedBy, render_metadata
from framefleet.wire.render_record import Outputs, artifact_entries
from framefleet.wire.render_state import RenderState
from framefleet.wire.still_request import StillRequest, read_still
from framefleet.wire.versions import API_OF_TYPE, check_version
from framefleet.wiring.buckets import open_buckets


async def still(payload: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Render a still and put it into its bucket.

    Raises:
        OptionError: the payload is of another version, or none of ours.
        FramefleetError: there is no picture.
    """
    request = _read(payload, call)
    return await _render(request, call, _fresh_id(request))


async def stream_still(payload: Mapping[str, Any], call: Call, send: Send) -> None:
    """The same; `send` gets messages: the id first, and then the answer or the error."""
    try:
        request = _read(payload, call)
        render_id = _fresh_id(request)
        await send(frame(MessageType.RENDER_ID_DETERMINED, {"renderId": render_id}))
        answer = await _render(request, call, render_id)
    except FramefleetError as exc:
        await send(frame(MessageType.ERROR_OCCURRED, _failure(exc, payload)))
    else:
        await send(frame(MessageType.STILL_RENDERED, answer))


def _read(payload: Mapping[str, Any], call: Call) -> StillRequest:
    check_version(
        payload,
        api=API_OF_TYPE["still"],
        function_name=call.function_name,
        function_version=call.named_version,
    )
    return read_still(payload)


def _fresh_id(request: StillRequest) -> str:
    return fresh_render_id(read_delete_after(request.output.delete_after))


async def _render(request: StillRequest, call: Call, render_id: str) -> dict[str, Any]:
    address = bucket_address(request.output.bucket_name, call, request.output.force_path_style)
    async with open_buckets(address, Settings.from_environment()) as buckets:
        bucket = await bucket_name(address, buckets)
        try:
            result = await _film(request, call, render_id, bucket, buckets)
        finally:
            # Clients do not call again because of an error of ours (spec/serverless-wire.md 4).
            with suppress(StorageError):
                await delete_props(request.input_props, buckets, put_before_ms=call.started_ms)
    return _answer(result, call)


async def _film(
    request: StillRequest, call: Call, render_id: str, bucket: str, buckets: Buckets
) -> StillResult:
    serve_url, site = site_address(
        request.serve_url, bucket=bucket, region=call.region, buckets=buckets
    )
    options = {
        **request.options,
        **destination_options(request.output, bucket=bucket, region=call.region),
        "input_props": await props_text(request.input_props, buckets),
    }
    wanted = requests.still_request(site, request.composition, None, options, Listeners())
    output = kept(wanted.wanted.output, render_id, request.output)
    recorder = _Recorder(request, call, serve_url)
    async with open_session(wanted.site) as session:
        # Imported while the browser starts.
        from framefleet.local import still as local_still

        return await local_still.render(
            replace(wanted, wanted=replace(wanted.wanted, output=output)),
            session,
            lambda scratch: _place(wanted, output, scratch, recorder),
        )


def _place(
    wanted: requests.StillRequest, output: KeptRender, scratch: Path, recorder: _Recorder
) -> AbstractAsyncContextManager[Place]:
    return open_bucket_place(
        replace(wanted.wanted, output=output), scratch, recorder.record, on_lost=recorder.lost
    )


class _Recorder:
    """Makes the record by which clients find a still to download or to delete it."""

    def __init__(self, request: StillRequest, call: Call, serve_url: str) -> None:
        self._request = request
        self._call = call
        self._serve_url = serve_url
        self._lost: list[tuple[ArtifactFile, StorageError]] = []

    def lost(self, artifact: ArtifactFile, error: StorageError) -> None:
        """The still is there all the same, and the record says what is not."""
        self._lost.append((artifact, error))

    def record(
        self, render_id: str, render: KeptRender, plan: Plan, kind: Kind, outputs: Outputs
    ) -> dict[str, Any]:
        call = self._call
        state = RenderState(
            cancellation_enabled=False,
            max_attempts=self._request.max_retries + 1,
            launched_ms=call.started_ms,
            timeout_ms=call.deadline_ms,
        )
        by = RenderedBy(
            version=call.version,
            serve_url=self._serve_url,
            started_ms=call.started_ms,
            memory_size_in_mb=call.memory_size_in_mb,
            function_name=call.function_name,
            input_props=self._request.input_props.to_dict(),
        )
        metadata = render_metadata(render_id, render, plan, kind, outputs.main, by)
        # A still counts its one function as both (spec/serverless-progress-costs.md 2).
        state.planned(plan, {**metadata, "estimatedRenderLambdaInvokations": 1})
        state.artifacts = artifact_entries(outputs)
        for artifact, error in self._lost:
            state.warned(error, "artifact", frame=artifact.frame)
        return state.to_dict()


def _answer(result: StillResult, call: Call) -> dict[str, Any]:
    assert isinstance(result.output, RemoteFile), "its output is in a bucket"
    price = estimate_price(
        region=call.region,
        duration_in_milliseconds=billed_ms([(call.started_ms, now_ms())]),
        memory_size_in_mb=call.memory_size_in_mb,
        disk_size_in_mb=PRICED_DISK_SIZE_IN_MB,
        lambdas_invoked=1,
    )
    artifacts = [file for file in result.artifacts if isinstance(file, RemoteFile)]
    return {
        "type": "success",
        "output": result.output.url,
        "outKey": result.output.key,
        "size": result.output.size_bytes,
        "sizeInBytes": result.output.size_bytes,
        "bucketName": result.bucket_name,
        "renderId": result.render_id,
        "estimatedPrice": estimated_costs(price, call.region),
        "receivedArtifacts": artifact_entries(Outputs(main=result.output, artifacts=artifacts)),
    }


def _failure(error: FramefleetError, payload: Mapping[str, Any]) -> dict[str, Any]:
    stack = error_stack(error)
    retries = read_max_retries(payload)
    return {
        "error": stack,
        "failure": error.to_dict(),
        "shouldRetry": error.retryable or retries > 0,
        "errorInfo": {
            "name": type(error).__name__,
            "message": error.message,
            "stack": stack,
            "chunk": None,
            "frame": payload.get("frame"),
            "type": "renderer",
            "isFatal": False,
            "attempt": 1,
            "totalAttempts": 1 + retries,
            "willRetry": False,
        },
    }
