"""Renders on Lambda, as a client asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framefleet.account.function_calls import FunctionAddress, call_function
from framefleet.account.lambda_checks import as_local, check_page, check_render, check_serve_url
from framefleet.account.lambda_props import sent_props
from framefleet.domain import rules
from framefleet.domain.arguments import complete
from framefleet.domain.destination import Cloud
from framefleet.domain.lambda_options import (
    FunctionPageArguments,
    LambdaMediaArguments,
    LambdaSequenceArguments,
)
from framefleet.domain.options import MediaArguments, SequenceArguments
from framefleet.domain.rules.buckets import read_region
from framefleet.errors import OptionTypeError
from framefleet.wire import client_payloads
from framefleet.wire.console_links import (
    insights_url,
    logs_url,
    progress_json_url,
    render_folder_url,
)
from framefleet.wire.payload_values import Routine
from framefleet.wire.start_request import read_start

Options = Mapping[str, Any]


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
    check_render(LambdaMediaArguments, options)
    if options["codec"] is None:
        raise OptionTypeError('"codec" must be a string ')
    name = options["out_name"] if isinstance(options["out_name"], str) else None
    local = as_local(options, MediaArguments)
    local["separate_audio_to"] = _name_of(options["separate_audio_to"])
    rules.resolve_media(local, Path(name) if name else None)
    return await _start(function, serve_url, composition, LambdaMediaArguments, options, {})


async def start_sequence(
    function: FunctionAddress, serve_url: str, composition: str, given: Options
) -> StartedRender:
    """Start a render of pictures; raises as `start_media`."""
    options = complete(LambdaSequenceArguments, given, refused=rules.REFUSED_ON_LAMBDA)
    check_render(LambdaSequenceArguments, options)
    rules.resolve_sequence(as_local(options, SequenceArguments))
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
    check_page(FunctionPageArguments, options)
    async with sent_props(function, options, "media") as props:
        payload = client_payloads.payload(
            Routine.COMPOSITIONS,
            FunctionPageArguments,
            options,
            version=function.version,
            serve_url=check_serve_url(serve_url),
            composition=None,
            props=props,
        )
        answer = await call_function(function, payload)
    return list(answer["compositions"])


async def _start(
    function: FunctionAddress,
    serve_url: str,
    composition: str,
    table: type,
    options: Options,
    more: Options,
) -> StartedRender:
    async with sent_props(function, options, "media") as props:
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
        # What a function would refuse at once is refused before it is called.
        read_start(payload)
        answer = await call_function(function, payload)
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
            region=region, function_name=name, render_id=render_id, method="launch"
        ),
        folder_in_s3_console=render_folder_url(region=region, bucket=bucket, render_id=render_id),
        lambda_insights_logs=insights_url(region=region, function_name=name),
        progress_json_in_console=progress_json_url(
            region=region, bucket=bucket, render_id=render_id
        ),
    )


def _name_of(place: Any) -> Any:
    return place.get("key") if isinstance(place, Mapping) else place


def read_lambda_region(value: Any, default: str | None) -> str:
    """The region of a function.

    Raises:
        OptionError: AWS has none of this name.
    """
    return read_region(value, Cloud.S3, default)
