"""Renders on AWS Lambda, for asynchronous callers.

The functions and their options are those of the reference, as Python spells them. Where `region` is
left out, it is REMOTION_AWS_REGION, AWS_REGION or us-east-1. AWS_ENDPOINT_URL_LAMBDA and
AWS_ENDPOINT_URL_S3 name other places than AWS, such as those of `framefleet.testing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from framefleet.account import lambda_progress, lambda_renders, lambda_stills
from framefleet.account.callbacks import Callback, call_back
from framefleet.account.function_calls import FunctionAddress, read_function_address
from framefleet.account.lambda_progress import LambdaProgress
from framefleet.account.lambda_renders import StartedRender, read_lambda_region
from framefleet.account.lambda_stills import LambdaStill, OnInit
from framefleet.domain.arguments import documented, naming
from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.domain.lambda_options import (
    FunctionPageArguments,
    LambdaMediaArguments,
    LambdaSequenceArguments,
    LambdaStillArguments,
)
from framefleet.domain.rules import REFUSED_FOR_BUCKETS, check_log_level, read_flag
from framefleet.domain.rules.buckets import read_bucket_name, read_provider, read_s3_provider
from framefleet.settings import Settings

OnStart = Callback[StartedRender]
OnProgress = Callback[LambdaProgress]


@documented(LambdaMediaArguments)
async def render_media_on_lambda(
    *,
    function_name: str,
    serve_url: str,
    composition: str,
    region: str | None = None,
    **options: Unpack[LambdaMediaArguments],
) -> StartedRender:
    """Start a render of a composition to a file of video or sound, and do not wait for it.

    Args:
        function_name: as `deploy_function` gives it.
        serve_url: the address of a site, or its name as `deploy_site` gives it.
        composition: its id.
        region: of the function.

    Returns:
        The id, with which `get_render_progress` is asked.

    Raises:
        OptionError: an option cannot be used; others may show in the progress only.
        FunctionError, StorageError: the render cannot be started.
    """
    function = _function(function_name, region)
    return await lambda_renders.start_media(function, serve_url, composition, options)


# An older name of the reference's.
render_video_on_lambda = render_media_on_lambda


@documented(LambdaMediaArguments)
async def render_media_on_lambda_and_stream(
    *,
    function_name: str,
    serve_url: str,
    composition: str,
    region: str | None = None,
    on_init: OnStart | None = None,
    on_progress: OnProgress | None = None,
    **options: Unpack[LambdaMediaArguments],
) -> LambdaProgress:
    """The same, and wait for the end.

    Args:
        function_name, serve_url, composition, region: as for `render_media_on_lambda`.
        on_init: called once with the render that has begun; may be asynchronous.
        on_progress: called with its progress, at most twice a second; may be asynchronous. What it
            raises ends the waiting, not the render.

    Raises:
        FunctionError: the render failed; its message is the first fatal error's.
    """
    function = _function(function_name, region)
    started = await lambda_renders.start_media(function, serve_url, composition, options)
    path_style = bool(options.get("force_path_style"))
    return await _follow(function, started, path_style, options, on_init, on_progress)


@documented(LambdaSequenceArguments)
async def render_frames_on_lambda(
    *,
    function_name: str,
    serve_url: str,
    composition: str,
    region: str | None = None,
    **options: Unpack[LambdaSequenceArguments],
) -> StartedRender:
    """Start a render of a composition to pictures, one for each frame, and a manifest of them.

    Args:
        function_name, serve_url, composition, region: as for `render_media_on_lambda`.
    """
    function = _function(function_name, region)
    return await lambda_renders.start_sequence(function, serve_url, composition, options)


@documented(LambdaSequenceArguments)
async def render_frames_on_lambda_and_stream(
    *,
    function_name: str,
    serve_url: str,
    composition: str,
    region: str | None = None,
    on_init: OnStart | None = None,
    on_progress: OnProgress | None = None,
    **options: Unpack[LambdaSequenceArguments],
) -> LambdaProgress:
    """The same, and wait for the end as `render_media_on_lambda_and_stream` does.

    Args:
        function_name, serve_url, composition, region: as for `render_media_on_lambda`.
        on_init, on_progress: as for `render_media_on_lambda_and_stream`.
    """
    function = _function(function_name, region)
    started = await lambda_renders.start_sequence(function, serve_url, composition, options)
    path_style = bool(options.get("force_path_style"))
    return await _follow(function, started, path_style, options, on_init, on_progress)


@documented(LambdaStillArguments)
async def render_still_on_lambda(
    *,
    function_name: str,
    serve_url: str,
    composition: str,
    region: str | None = None,
    on_init: OnInit | None = None,
    **options: Unpack[LambdaStillArguments],
) -> LambdaStill:
    """Have a function render one frame, and wait for it.

    Args:
        function_name, serve_url, composition, region: as for `render_media_on_lambda`.
        on_init: called once with the still that has begun, however often its function is called;
            may be asynchronous.

    Raises:
        FramefleetError: there is no picture.
    """
    function = _function(function_name, region)
    return await lambda_stills.render_still(function, serve_url, composition, options, on_init)


@documented(FunctionPageArguments)
async def get_compositions_on_lambda(
    *,
    function_name: str,
    serve_url: str,
    region: str | None = None,
    **options: Unpack[FunctionPageArguments],
) -> list[dict[str, Any]]:
    """The compositions of a site, their metadata calculated, under the reference's keys.

    Args:
        function_name, serve_url, region: as for `render_media_on_lambda`.
    """
    function = _function(function_name, region)
    return await lambda_renders.list_compositions(function, serve_url, options)


@naming(REFUSED_FOR_BUCKETS)
async def get_render_progress(
    *,
    render_id: str,
    bucket_name: str,
    function_name: str,
    region: str | None = None,
    s3_output_provider: Mapping[str, Any] | None = None,
    custom_credentials: Mapping[str, Any] | None = None,
    skip_lambda_invocation: bool = False,
    log_level: str = "info",
    force_path_style: bool = False,
) -> LambdaProgress:
    """How a render of media or of pictures is doing.

    Args:
        render_id, bucket_name: as `render_media_on_lambda` gave them.
        function_name: the one that was told to render.
        s3_output_provider: another store that has the output, with its credentials.
        custom_credentials: an older name for it.
        skip_lambda_invocation: read the render's record ourselves: it costs no call, and needs
            rights to read the bucket instead.
        log_level: of the function's own log.

    Raises:
        ObjectNotFoundError: there is no such render.
        OptionError: it is a still, which is done when `render_still_on_lambda` returns.
    """
    function = _function(function_name, region)
    return await lambda_progress.get_progress(
        function,
        _bucket(bucket_name, function, force_path_style),
        render_id,
        provider=read_provider(s3_output_provider, custom_credentials),
        skip_function=read_flag(skip_lambda_invocation, "skipLambdaInvocation"),
        log_level=check_log_level(log_level),
    )


@naming(REFUSED_FOR_BUCKETS)
async def cancel_render_on_lambda(
    *,
    render_id: str,
    bucket_name: str,
    region: str | None = None,
    force_path_style: bool = False,
) -> None:
    """Have a render end that was started with `enable_cancellation`; it ends within seconds.

    Args:
        render_id, bucket_name: as `render_media_on_lambda` gave them.

    Raises:
        ObjectNotFoundError: there is no such render.
        OptionError: it was started without.
    """
    settings = Settings.from_environment()
    address = BucketAddress(
        cloud=Cloud.S3,
        name=read_bucket_name(bucket_name),
        region=read_lambda_region(region, settings.s3.region),
        force_path_style=read_flag(force_path_style, "forcePathStyle"),
    )
    await lambda_progress.cancel(address, render_id)


def _function(name: Any, region: str | None) -> FunctionAddress:
    settings = Settings.from_environment()
    return read_function_address(name, read_lambda_region(region, settings.s3.region))


def _bucket(name: Any, function: FunctionAddress, force_path_style: Any) -> BucketAddress:
    return BucketAddress(
        cloud=Cloud.S3,
        name=read_bucket_name(name),
        region=function.region,
        force_path_style=read_flag(force_path_style, "forcePathStyle"),
    )


async def _follow(
    function: FunctionAddress,
    started: StartedRender,
    force_path_style: bool,
    options: Mapping[str, Any],
    on_init: OnStart | None,
    on_progress: OnProgress | None,
) -> LambdaProgress:
    await call_back(on_init, started)
    out_name = options.get("out_name")
    provider = None
    if isinstance(out_name, Mapping):
        given = out_name.get("s3_output_provider", out_name.get("s3OutputProvider"))
        provider = read_s3_provider(given)
    return await lambda_progress.follow(
        function,
        _bucket(started.bucket_name, function, force_path_style),
        started.render_id,
        provider=provider,
        on_progress=on_progress,
    )
