"""Renders on Lambda, as a client asks for them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from framefleet.account.function_calls import FunctionAddress, call_function
from framefleet.delivery.buckets import get_or_create
from framefleet.delivery.props import delete_props, put_props
from framefleet.domain import lambda_planning, rules
from framefleet.domain.arguments import complete
from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.domain.lambda_options import (
    FunctionPageArguments,
    LambdaMediaArguments,
    LambdaSequenceArguments,
)
from framefleet.domain.options import ChromiumArguments, MediaArguments, SequenceArguments
from framefleet.domain.rules.buckets import read_bucket_name, read_region
from framefleet.domain.rules.destinations import (
    read_delete_after,
    read_download_behavior,
    read_privacy,
)
from framefleet.domain.rules.values import json_text, whole
from framefleet.domain.stored import Privacy
from framefleet.errors import OptionError, OptionTypeError, StorageError
from framefleet.settings import Settings
from framefleet.wire import client_payloads
from framefleet.wire.console_links import (
    insights_url,
    logs_url,
    progress_json_url,
    render_folder_url,
)
from framefleet.wire.payload_values import Routine
from framefleet.wire.props import (
    BucketProps,
    InlineProps,
    InputProps,
    RenderKind,
    must_offload,
    offload_warning,
    text_size,
)
from framefleet.wire.start_request import read_start
from framefleet.wire.webhooks import check_custom_data
from framefleet.wiring.buckets import open_buckets

logger = logging.getLogger(__name__)

Options = Mapping[str, Any]

# Options that change nothing here, and say so.
_WITHOUT_EFFECT = (
    *("offthread_video_threads", "media_cache_size_in_bytes", "license_key", "is_production"),
    "disable_shared_memory_capture",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedRender:
    """A render that has begun, and where AWS shows what becomes of it."""

    render_id: str
    bucket_name: str
    cloud_watch_logs: str
    cloud_watch_main_logs: str
    folder_in_s3_console: str
    lambda_insights_logs: str
    progress_json_in_console: str

    def to_dict(self) -> dict[str, Any]:
        """The render under the reference's names."""
        return {
            "renderId": self.render_id,
            "bucketName": self.bucket_name,
            "cloudWatchLogs": self.cloud_watch_logs,
            "cloudWatchMainLogs": self.cloud_watch_main_logs,
            "folderInS3Console": self.folder_in_s3_console,
            "lambdaInsightsLogs": self.lambda_insights_logs,
            "progressJsonInConsole": self.progress_json_in_console,
        }


async def start_media(
    function: FunctionAddress, serve_url: str, composition: str, given: Options
) -> StartedRender:
    """Start a render of video or sound.

    Raises:
        OptionError: an option cannot be used.
        FunctionError, StorageError: the render cannot be started.
    """
    options = complete(LambdaMediaArguments, given, refused=rules.REFUSED_ON_LAMBDA)
    _check_render(options)
    if options["codec"] is None:
        raise OptionTypeError('"codec" must be a string ')
    name = options["out_name"] if isinstance(options["out_name"], str) else None
    local = _as_local(options, MediaArguments)
    local["separate_audio_to"] = _name_of(options["separate_audio_to"])
    rules.resolve_media(local, Path(name) if name else None)
    return await _start(function, serve_url, composition, LambdaMediaArguments, options, {})


async def start_sequence(
    function: FunctionAddress, serve_url: str, composition: str, given: Options
) -> StartedRender:
    """Start a render of pictures; raises as `start_media`."""
    options = complete(LambdaSequenceArguments, given, refused=rules.REFUSED_ON_LAMBDA)
    _check_render(options)
    rules.resolve_sequence(_as_local(options, SequenceArguments))
    output = client_payloads.sequence_output(options)
    more = {"output": output, "muted": True, "codec": None}
    return await _start(function, serve_url, composition, LambdaSequenceArguments, options, more)


async def list_compositions(
    function: FunctionAddress, serve_url: str, given: Options
) -> list[dict[str, Any]]:
    """The compositions of a site, as a function sees them.

    Raises:
        OptionError: an option cannot be used.
        FramefleetError: the site cannot be looked at.
    """
    options = complete(FunctionPageArguments, given, refused=rules.REFUSED_ON_LAMBDA)
    check_page(options)
    payload = client_payloads.payload(
        Routine.COMPOSITIONS,
        FunctionPageArguments,
        options,
        version=function.version,
        serve_url=check_serve_url(serve_url),
        composition=None,
        props=await short_props(function, options, "media"),
    )
    answer = await call_function(function, payload)
    return list(answer["compositions"])


async def short_props(function: FunctionAddress, options: Options, kind: RenderKind) -> InputProps:
    """Input props that a payload has room for; longer ones go into a bucket.

    Raises:
        OptionError: they are no JSON object.
        StorageError: they cannot be put.
    """
    text = rules.serialize_props(options["input_props"])
    env = json_text(rules.read_texts(options["env_variables"], "envVariables"))
    sizes = [text_size(text), text_size(env)]
    if not must_offload(sizes, kind):
        return InlineProps(text)
    logger.warning("props_offloaded", extra={"text": offload_warning(sum(sizes), kind)})
    forced = options["force_bucket_name"]
    address = BucketAddress(
        cloud=Cloud.S3,
        name=read_bucket_name(forced) if forced is not None else "",
        region=function.region,
        force_path_style=options["force_path_style"],
    )
    async with open_buckets(address, Settings.from_environment()) as buckets:
        name = address.name or (await get_or_create(buckets, address))[0]
        return await put_props(text, buckets.storage(name), name)


async def _take_back(props: InputProps, function: FunctionAddress, options: Options) -> None:
    """Delete props that were put for a render that did not begin."""
    if isinstance(props, BucketProps):
        address = BucketAddress(
            cloud=Cloud.S3,
            name=props.bucket_name,
            region=function.region,
            force_path_style=options["force_path_style"],
        )
        async with open_buckets(address, Settings.from_environment()) as buckets:
            await delete_props(props, buckets)


def check_serve_url(value: Any) -> str:
    """The site a caller means.

    Raises:
        OptionTypeError: it is none.
    """
    if not isinstance(value, str) or not value:
        raise OptionTypeError(f'"serveURL" parameter must be a string, but is {json_text(value)}')
    return value


def check_page(options: Options) -> None:
    """Refuse what no function could use, and say what has no effect.

    Raises:
        OptionError: one of these options cannot be used.
    """
    rules.read_chromium(complete(ChromiumArguments, options["chromium_options"]))
    rules.read_timeout(options["timeout_in_milliseconds"])
    rules.read_texts(options["env_variables"], "envVariables")
    rules.check_log_level(options["log_level"])
    for name in _WITHOUT_EFFECT:
        if options.get(name) not in (None, False):
            logger.warning("option_unused", extra={"text": f"{name} has no effect."})


def check_picture(options: Options) -> None:
    """The same for a picture; raises as `check_page`."""
    check_page(options)
    rules.read_overrides(
        options["force_width"],
        options["force_height"],
        options["force_fps"],
        options["force_duration_in_frames"],
    )
    read_privacy(options["privacy"], Privacy.PUBLIC)
    retries = whole(options["max_retries"])
    if retries is None or retries < 0:
        given = json_text(options["max_retries"])
        raise OptionTypeError(f'"maxRetries" must be a whole number from 0, but is {given}')
    read_download_behavior(options["download_behavior"])
    read_delete_after(options["delete_after"])


def _check_render(options: Options) -> None:
    check_picture(options)
    webhook = options["webhook"]
    if webhook is not None:
        if not isinstance(webhook, Mapping) or not isinstance(webhook.get("url"), str):
            raise OptionTypeError('"webhook" must be an object with a "url".')
        check_custom_data(webhook.get("custom_data", webhook.get("customData")))
    chosen = rules.read_frame_ranges(options["frame_range"])
    if chosen is not None and len(chosen.ranges) > 1:
        raise OptionError(
            "Multiple frame ranges are not supported on Lambda. Use renderMedia() locally to "
            "render multiple ranges."
        )
    # The length is not known yet: the function holds them against it.
    lambda_planning.frames_per_lambda(
        1, frames_per_lambda=options["frames_per_lambda"], concurrency=options["concurrency"]
    )


async def _start(
    function: FunctionAddress,
    serve_url: str,
    composition: str,
    table: type,
    options: Options,
    more: Options,
) -> StartedRender:
    props = await short_props(function, options, "media")
    payload = client_payloads.payload(
        Routine.START,
        table,
        options,
        version=function.version,
        serve_url=check_serve_url(serve_url),
        composition=composition,
        props=props,
        **more,
    )
    try:
        # What a function would refuse at once is refused before it is called.
        read_start(payload)
        answer = await call_function(function, payload)
    except BaseException:
        with anyio.CancelScope(shield=True), suppress(StorageError):
            await _take_back(props, function, options)
        raise
    renderer = options["renderer_function_name"] or function.name
    return started_render(
        answer["renderId"], answer["bucketName"], function=function, renderer=renderer
    )


def started_render(
    render_id: str, bucket: str, *, function: FunctionAddress, renderer: str
) -> StartedRender:
    """A render and its links."""
    region, name = function.region, function.name
    return StartedRender(
        render_id=render_id,
        bucket_name=bucket,
        cloud_watch_logs=logs_url(
            region=region, function_name=renderer, render_id=render_id, method="renderer"
        ),
        cloud_watch_main_logs=logs_url(
            region=region, function_name=renderer, render_id=render_id, method="launch"
        ),
        folder_in_s3_console=render_folder_url(region=region, bucket=bucket, render_id=render_id),
        lambda_insights_logs=insights_url(region=region, function_name=name),
        progress_json_in_console=progress_json_url(
            region=region, bucket=bucket, render_id=render_id
        ),
    )


def _as_local(options: Options, table: type) -> dict[str, Any]:
    """The options as our own renders have them, for the rules that both share."""
    local = complete(table, {})
    shared = {name: value for name, value in options.items() if name in local}
    return {**local, **shared, "concurrency": None}


def _name_of(place: Any) -> Any:
    return place.get("key") if isinstance(place, Mapping) else place


def read_lambda_region(value: Any, default: str | None) -> str:
    """The region of a function.

    Raises:
        OptionError: AWS has none of this name.
    """
    return read_region(value, Cloud.S3, default)
