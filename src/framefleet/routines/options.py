"""From a client's request to one of our own renders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from framefleet.delivery.props import props_text
from framefleet.domain.destination import KeptRender, render_prefix
from framefleet.domain.rules.destinations import read_delete_after
from framefleet.interfaces.buckets import Buckets
from framefleet.local import requests
from framefleet.local.requests import Listeners, MediaRequest, raster_threads
from framefleet.routines.call import Call
from framefleet.routines.sites import site_address
from framefleet.wire.payload_values import OutName, OutputRequest
from framefleet.wire.start_request import LaunchRequest, StartRequest
from framefleet.wire.webhooks import check_custom_data

# spec/serverless-orchestration.md 2: as short as a page may be given.
_SHORTEST_TIMEOUT_MS = 7000


async def media_request(
    launch: LaunchRequest, call: Call, buckets: Buckets, *, may_replace: bool
) -> tuple[str, MediaRequest]:
    """The address of the site as clients write it, and what is to be rendered of it.

    Args:
        may_replace: an output that is there is the render's own.

    Raises:
        OptionError: an option cannot be used.
        StorageError: the props cannot be had.
    """
    start = launch.start
    if start.webhook is not None:
        check_custom_data(start.webhook.custom_data)
    serve_url, site = site_address(
        start.serve_url, bucket=launch.bucket_name, region=call.region, buckets=buckets
    )
    options = {
        **start.options,
        **destination_options(start.output, bucket=launch.bucket_name, region=call.region),
        "input_props": await props_text(start.input_props, buckets),
        "timeout_in_milliseconds": _page_timeout_ms(start, call),
    }
    make = requests.media_request
    if start.sequence is not None:
        make = requests.sequence_request
        options["image_sequence_pattern"] = start.sequence.pattern
        options["out_name"] = _place(start.sequence.prefix)
    else:
        options["separate_audio_to"] = _separate_audio(launch)
    if may_replace:
        options["overwrite"] = True
    media = make(site, start.composition, None, options, Listeners())
    output = kept(media.wanted.output, launch.render_id, start.output)
    # As its other calls start it: a sandbox keeps one browser for all.
    browser = replace(media.site.browser, raster_threads=raster_threads(1))
    return serve_url, replace(
        media,
        site=replace(media.site, browser=browser),
        wanted=replace(media.wanted, output=output),
    )


def destination_options(output: OutputRequest, *, bucket: str, region: str) -> dict[str, Any]:
    """Where the output goes, as `DestinationArguments` has it; `kept` says the rest.

    Args:
        bucket: the one that keeps the render.
    """
    return {
        "out_name": _place(output.out_name),
        "force_bucket_name": bucket,
        "region": region,
        "privacy": output.privacy,
        "download_behavior": output.download_behavior,
        "storage_class": output.storage_class,
        "overwrite": output.overwrite,
        "force_path_style": output.force_path_style,
    }


def kept(render: Any, render_id: str, output: OutputRequest) -> KeptRender:
    """A render under the id that it has been given.

    What the bucket keeps of it expires by the id even where the output lies elsewhere.
    """
    assert isinstance(render, KeptRender), "out_name and force_bucket_name make it one"
    return replace(render, id=render_id, delete_after=read_delete_after(output.delete_after))


def _place(name: str | OutName | None) -> str | Mapping[str, Any] | None:
    """A name, or an exact place, as `out_name` and `separate_audio_to` take it."""
    if not isinstance(name, OutName):
        return name
    provider = name.provider
    return {
        "bucket_name": name.bucket_name,
        "key": name.key,
        "s3_output_provider": provider
        and {
            "endpoint": provider.endpoint,
            "access_key_id": provider.access_key_id,
            "secret_access_key": provider.secret_access_key,
            "region": provider.region,
            "force_path_style": provider.force_path_style,
        },
    }


def _separate_audio(launch: LaunchRequest) -> str | Mapping[str, Any] | None:
    """A name alone is one below the render's prefix, as that of the output."""
    wanted = launch.start.separate_audio_to
    if not isinstance(wanted, str):
        return _place(wanted)
    return {
        "bucket_name": launch.bucket_name,
        "key": render_prefix(launch.render_id) + wanted,
    }


def _page_timeout_ms(start: StartRequest, call: Call) -> Any:
    """The page may not take more than half of what is left: the rest has to fit too."""
    wanted = start.options.get("timeout_in_milliseconds", 30_000)
    most = max(_SHORTEST_TIMEOUT_MS, round(call.remaining_s * 1000 / 2))
    return min(wanted, most) if isinstance(wanted, int | float) else wanted
