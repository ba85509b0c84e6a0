"""Starts a render: an id, a record, and a call of the function itself that nobody waits for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio

from framefleet.delivery.buckets import get_or_create
from framefleet.delivery.props import delete_props, props_text, put_props
from framefleet.domain.destination import BucketAddress, Cloud, fresh_render_id
from framefleet.domain.rules.buckets import read_bucket_name
from framefleet.domain.rules.destinations import read_delete_after
from framefleet.errors import FunctionError, StorageError
from framefleet.interfaces.buckets import Buckets
from framefleet.interfaces.storage import Storage
from framefleet.routines.call import Call, now_ms
from framefleet.routines.keys import record_key
from framefleet.routines.record_keeper import write_record
from framefleet.settings import Settings
from framefleet.wire.answers import encode_answer, start_answer
from framefleet.wire.props import BucketProps, InlineProps, must_offload, text_size
from framefleet.wire.render_state import RenderState
from framefleet.wire.start_request import StartRequest, read_start
from framefleet.wire.versions import API_OF_TYPE, check_version
from framefleet.wiring.buckets import open_buckets
from framefleet.wiring.functions import open_functions

if TYPE_CHECKING:
    from framefleet.executors.aws_lambda.functions import LambdaFunctions

_PAUSES_S = (0.2, 0.5, 1.0, 2.0)


async def start(payload: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Start a render of media or of a sequence; what is wrong with it shows in its progress.

    Raises:
        OptionError: the payload is of another version, or none of ours.
        StorageError, FunctionError: there is no bucket, or the function cannot call itself.
    """
    check_version(
        payload,
        api=API_OF_TYPE["start"],
        function_name=call.function_name,
        function_version=call.named_version,
    )
    request = read_start(payload)
    delete_after = read_delete_after(request.output.delete_after)
    settings = Settings.from_environment()
    address = bucket_address(request.output.bucket_name, call, request.output.force_path_style)
    async with open_buckets(address, settings) as buckets:
        bucket = await bucket_name(address, buckets)
        storage = buckets.storage(bucket)
        render_id = fresh_render_id(delete_after)
        state = new_state(request, call)
        props: BucketProps | None = None
        try:
            await write_record(storage, render_id, state)
            props = await _own_props(request, buckets, storage, bucket)
            launch = encode_answer(request.to_launch(render_id, bucket, props))
            async with open_functions(call.region, settings) as functions:
                await _call(functions, call.function_name, launch)
        except BaseException:
            with anyio.CancelScope(shield=True), suppress(StorageError):
                await storage.delete([record_key(render_id)])
                for taken in (props, request.input_props):
                    await delete_props(taken, buckets, put_before_ms=state.launched_ms)
            raise
    return start_answer(bucket, render_id)


def bucket_address(name: str | None, call: Call, force_path_style: bool) -> BucketAddress:
    """The bucket that a payload names; without a name the region's own.

    Raises:
        OptionError: no bucket has such a name.
    """
    return BucketAddress(
        cloud=Cloud.S3,
        name=read_bucket_name(name) if name else "",
        region=call.region,
        force_path_style=force_path_style,
    )


async def bucket_name(address: BucketAddress, buckets: Buckets) -> str:
    """The name of a bucket that may not be there yet."""
    return address.name or (await get_or_create(buckets, address))[0]


def new_state(request: StartRequest, call: Call) -> RenderState:
    """The state of a render of which nothing is done."""
    return RenderState(
        cancellation_enabled=request.enable_cancellation,
        max_attempts=request.functions.max_retries + 1,
        launched_ms=now_ms(),
        timeout_ms=call.deadline_ms,
    )


async def _call(functions: LambdaFunctions, name: str, payload: bytes) -> None:
    """Have the function called: a caller that waits is worth a few tries."""
    for pause_s in (*_PAUSES_S, None):
        try:
            return await functions.invoke_event(name, payload)
        except FunctionError as exc:
            # An event whose answer was lost may come twice: the second finds that one runs.
            if pause_s is None or not exc.retryable:
                raise
            await anyio.sleep(pause_s)


async def _own_props(
    request: StartRequest, buckets: Buckets, storage: Storage, bucket: str
) -> BucketProps | None:
    """The render's own copy of props that it cannot use as they were sent.

    Some clients send up to 6 MB of them, which an event has no room for; others put equal ones
    under one name, from which the render that ends first would take them.
    """
    match request.input_props:
        case InlineProps(text) if must_offload([text_size(text)], "media"):
            return await put_props(text, storage, bucket)
        case BucketProps() as shared if shared.is_shared:
            return await put_props(await props_text(shared, buckets), storage, bucket)
        case _:
            return None
