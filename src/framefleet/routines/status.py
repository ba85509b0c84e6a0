"""How a render is doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from framefleet.account.renders import render_progress
from framefleet.routines.call import Call, now_ms
from framefleet.routines.cleanup import bury
from framefleet.routines.start import bucket_address, bucket_name
from framefleet.settings import Settings
from framefleet.wire.other_requests import read_status
from framefleet.wire.progress_answer import ProgressView
from framefleet.wire.versions import API_OF_TYPE, check_version
from framefleet.wiring.buckets import open_buckets

# What the platform takes to end a function whose time is up, and a record to be seen.
_GRACE_MS = 5000


async def status(payload: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """The progress of a render.

    Raises:
        OptionError: the payload is of another version, or none of ours; or the render is a still.
        ObjectNotFoundError: there is no such render.
    """
    check_version(
        payload,
        api=API_OF_TYPE["status"],
        function_name=call.function_name,
        function_version=call.named_version,
    )
    request = read_status(payload)
    address = bucket_address(request.bucket_name, call, request.force_path_style)
    async with open_buckets(address, Settings.from_environment()) as buckets:
        name = await bucket_name(address, buckets)
        view = ProgressView(
            render_id=request.render_id,
            bucket=name,
            region=call.region,
            function_name=call.function_name,
            memory_size_in_mb=call.memory_size_in_mb,
            timeout_ms=call.timeout_ms,
            now_ms=now_ms(),
        )
        answer = await render_progress(replace(address, name=name), view, provider=request.provider)
        if _is_dead(answer, call, view.now_ms):
            await bury(buckets.storage(name), request.render_id, answer, view.now_ms)
    return answer


def _is_dead(answer: Mapping[str, Any], call: Call, now_ms: int) -> bool:
    """Whether the main function must have been ended by the platform.

    Only a function of the same name knows its limit, and the record when it is reached.
    """
    errors, metadata = answer["errors"], answer["renderMetadata"]
    return bool(
        answer["fatalErrorEncountered"]
        and errors[0]["name"] == "TimeoutError"
        and metadata["functionName"] == call.function_name
        and now_ms > (answer["timeoutTimestamp"] or 0) + _GRACE_MS
    )
