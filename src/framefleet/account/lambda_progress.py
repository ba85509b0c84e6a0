"""How renders on Lambda are doing, and how they are told to end."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import anyio

from framefleet.account.buckets import opened
from framefleet.account.callbacks import Callback, call_back
from framefleet.account.function_calls import FunctionAddress, call_function
from framefleet.account.renders import render_progress
from framefleet.delivery.renders import read_record
from framefleet.domain.destination import BucketAddress, S3Provider, render_prefix
from framefleet.domain.function_names import function_name_of, read_function_name
from framefleet.domain.option import camel_case
from framefleet.domain.rules.buckets import read_render_id
from framefleet.domain.stored import PRIVATE_JSON
from framefleet.errors import FunctionError, OptionError
from framefleet.wire.payload_values import Routine
from framefleet.wire.progress_answer import ProgressView
from framefleet.wire.render_record import CANCEL_NAME

# The render goes on while nobody can be asked about it.
_MOST_FAILURES = 8
# From the output to the record that tells of it.
_LAST_WORD_S = 5.0
# As often as the reference's command line asks.
POLL_INTERVAL_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaProgress:
    """How a render on Lambda is doing; the reference's fields, as Python spells them.

    `overall_progress` lies in [0, 1]. Times are in milliseconds, timestamps those of the epoch,
    sizes in bytes. `fatal_error_encountered`: there will be no output. `errors` tell of failed
    attempts as well, and of what failed beside the render.
    """

    done: bool
    overall_progress: float
    fatal_error_encountered: bool
    errors: list[dict[str, Any]]
    render_id: str
    bucket: str
    chunks: int
    frames_rendered: int
    lambdas_invoked: int
    encoding_status: dict[str, Any] | None
    combined_frames: float
    time_to_combine: int | None
    costs: dict[str, Any]
    current_time: int
    render_metadata: dict[str, Any] | None
    output_file: str | None
    out_key: str | None
    out_bucket: str | None
    output_size_in_bytes: int | None
    render_size: int
    time_to_finish: int | None
    time_to_finish_chunks: int | None
    time_to_render_frames: int | None
    time_to_encode: int | None
    retries_info: list[dict[str, Any]]
    most_expensive_frame_ranges: list[dict[str, Any]] | None
    estimated_billing_duration_in_milliseconds: int | None
    cleanup: dict[str, Any] | None
    timeout_timestamp: int | None
    function_launched: int | None
    serve_url_opened: int | None
    composition_validated: int | None
    artifacts: list[dict[str, Any]]
    frames_uploaded: int | None = None
    output_sequence: dict[str, Any] | None = None
    separate_audio: dict[str, Any] | None = None
    type: str = "success"

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> LambdaProgress:
        """Read a function's answer, or that of a function of the reference.

        Raises:
            FunctionError: it is no progress.
        """
        known = {camel_case(field.name): field.name for field in fields(cls)}
        found = {known[name]: value for name, value in answer.items() if name in known}
        try:
            return cls(**found)
        except TypeError as exc:
            raise FunctionError(f"The function's answer is no progress: {exc}") from exc

    def to_dict(self) -> dict[str, Any]:
        """The progress under the reference's names."""
        return {camel_case(field.name): getattr(self, field.name) for field in fields(self)}

    @property
    def error_message(self) -> str | None:
        """What the fatal error says; None if there is none."""
        fatal = (error for error in self.errors if error["isFatal"] and not error["willRetry"])
        return next((str(error["message"]) for error in fatal), None)


async def get_progress(
    function: FunctionAddress,
    bucket: BucketAddress,
    render_id: str,
    *,
    provider: S3Provider | None,
    skip_function: bool,
    log_level: str,
) -> LambdaProgress:
    """How a render is doing: the function says so, or its record does.

    Args:
        provider: another store that may have the output, with its credentials.
        skip_function: read the record ourselves, which costs no call.

    Raises:
        ObjectNotFoundError: there is no such render.
        OptionError: it is a still; or the function's name does not say what has to be known.
    """
    read_render_id(render_id)
    if skip_function:
        view = _view(function, bucket, render_id)
        return LambdaProgress.from_answer(await render_progress(bucket, view, provider=provider))
    payload = {
        "type": Routine.STATUS.value,
        "version": function.version,
        "renderId": render_id,
        "bucketName": bucket.name,
        "logLevel": log_level,
        "forcePathStyle": bucket.force_path_style,
        "s3OutputProvider": _sent(provider),
    }
    return LambdaProgress.from_answer(await call_function(function, payload))


async def cancel(bucket: BucketAddress, render_id: str) -> None:
    """Have a render end that was started so that it can be.

    Raises:
        ObjectNotFoundError: there is no such render.
        OptionError: it cannot be cancelled.
    """
    read_render_id(render_id)
    async with opened(bucket) as storage:
        record = await read_record(storage, render_id)
        if not record.get("cancellationEnabled"):
            raise OptionError(
                f"Cannot cancel render {render_id}: The render was not started with "
                "enableCancellation: true.",
                hint="Start it with enable_cancellation=True (--enable-cancellation).",
            )
        data = json.dumps({"cancelledAt": _now_ms()}).encode()
        key = render_prefix(render_id) + CANCEL_NAME
        await storage.put(key, data, attributes=PRIVATE_JSON)


async def follow(
    function: FunctionAddress,
    bucket: BucketAddress,
    render_id: str,
    *,
    provider: S3Provider | None,
    on_progress: Callback[LambdaProgress] | None,
) -> LambdaProgress:
    """Wait for a render to end; `on_progress` hears of it, and may be asynchronous.

    Raises:
        FunctionError: the render failed.
    """
    failures, done_s = 0, math.inf
    while True:
        try:
            progress = await get_progress(
                function, bucket, render_id,
                provider=provider, skip_function=False, log_level="info",
            )  # fmt: skip
            failures = 0
        except FunctionError as exc:
            failures += 1
            if not exc.retryable or failures > _MOST_FAILURES:
                raise
            await anyio.sleep(POLL_INTERVAL_S * failures)
            continue
        await call_back(on_progress, progress)
        if progress.done:
            done_s = min(done_s, anyio.current_time())
            # Its output is there; costs and times follow, unless the function has died since.
            is_whole = progress.cleanup is None or progress.cleanup["doneIn"] is not None
            if is_whole or anyio.current_time() > done_s + _LAST_WORD_S:
                return progress
        if progress.fatal_error_encountered:
            raise FunctionError(
                progress.error_message or "The render failed.",
                render_id=render_id,
                bucket=bucket.name,
            )
        await anyio.sleep(POLL_INTERVAL_S)


def _view(function: FunctionAddress, bucket: BucketAddress, render_id: str) -> ProgressView:
    name = read_function_name(function.name)
    if name is None:
        raise OptionError(
            f"The function name {function.name} does not adhere to the function name convention "
            "(https://www.remotion.dev/docs/lambda/naming-convention).\n"
            "Cannot determine memory and disk size from the function name.\n"
            "You must call getRenderProgress with `skipLambdaInvocation` set to false."
        )
    return ProgressView(
        render_id=render_id,
        bucket=bucket.name,
        region=function.region,
        function_name=function_name_of(function.name),
        memory_size_in_mb=name.memory_size_in_mb,
        timeout_ms=name.timeout_in_seconds * 1000,
        now_ms=_now_ms(),
    )


def _sent(provider: S3Provider | None) -> dict[str, Any] | None:
    if provider is None:
        return None
    return {
        "endpoint": provider.endpoint,
        "accessKeyId": provider.access_key_id,
        "secretAccessKey": provider.secret_access_key,
        "region": provider.region,
        "forcePathStyle": provider.force_path_style,
    }


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
