"""The compositions of a site."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from framefleet.delivery.props import delete_props, props_text
from framefleet.errors import StorageError
from framefleet.local import requests
from framefleet.local.opening import open_session
from framefleet.local.requests import Listeners
from framefleet.routines.call import Call
from framefleet.routines.sites import site_address
from framefleet.routines.start import bucket_address, bucket_name
from framefleet.settings import Settings
from framefleet.wire.answers import compositions_answer
from framefleet.wire.other_requests import read_compositions
from framefleet.wire.versions import API_OF_TYPE, check_version
from framefleet.wiring.buckets import open_buckets


async def compositions(payload: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """All compositions of a site, their metadata calculated.

    Raises:
        OptionError: the payload is of another version, or none of ours.
        FramefleetError: the site cannot be looked at.
    """
    check_version(
        payload,
        api=API_OF_TYPE["compositions"],
        function_name=call.function_name,
        function_version=call.named_version,
    )
    request = read_compositions(payload)
    address = bucket_address(request.bucket_name, call, request.force_path_style)
    async with open_buckets(address, Settings.from_environment()) as buckets:
        name = await bucket_name(address, buckets)
        _, site = site_address(request.serve_url, bucket=name, region=call.region, buckets=buckets)
        try:
            props = await props_text(request.input_props, buckets)
        finally:
            with suppress(StorageError):
                await delete_props(request.input_props, buckets, put_before_ms=call.started_ms)
    options = {**request.options, "input_props": props}
    async with open_session(requests.site_request(site, options, Listeners())) as session:
        return compositions_answer(await session.list())
