"""How a render is doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from framefleet.account.renders import render_progress
from framefleet.interfaces.storage import Storage
from framefleet.routines.call import Call, now_ms
from framefleet.routines.cleanup import bury
from framefleet.routines.keys import lease_key
from framefleet.routines.start import bucket_address, bucket_name
from framefleet.settings import Settings
from framefleet.wire.other_requests import read_status
from framefleet.wire.progress_answer import ProgressView
from framefleet.wire.progress_errors import unplanned_error
from framefleet.wire.versions import API_OF_TYPE, check_version
from framefleet.wiring.buckets import open_buckets

# What the platform takes to end a function whose time is up, and a record to be seen.
_GRACE_MS = 5000
# As long as clients wait for a last word (spec/serverless-progress-costs.md 5).
_UNHEARD_MS = 20_000
# After six hours Lambda drops an event that it could not deliver (MaximumEventAgeInSeconds).
_EVENT_AGE_MS = 6 * 3600 * 1000


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
        home = replace(address, name=name)
        answer = await render_progress(home, view, provider=request.provider)
        storage = buckets.storage(name)
        death = await _death(answer, view, call, storage)
        if death is not None and await bury(storage, view.render_id, answer, death):
            answer = await render_progress(home, view, provider=request.provider)
    return answer


async def _death(
    answer: Mapping[str, Any], view: ProgressView, call: Call, storage: Storage
) -> Mapping[str, Any] | None:
    """Why there will be nothing of a render whose main function was ended by the platform.

    None if it may still be at work. Only a function of the same name knows its limit, and the
    record when it is reached.
    """
    late_ms = view.now_ms - (answer["timeoutTimestamp"] or 0)
    metadata = answer["renderMetadata"]
    if metadata is None and not answer["fatalErrorEncountered"] and late_ms > _UNHEARD_MS:
        lease = await storage.stat(lease_key(view.render_id, 1))
        if lease is None:
            # It has not begun: the event still waits for its turn.
            since_ms, limit_ms = answer["functionLaunched"] or view.now_ms, _EVENT_AGE_MS
        else:
            since_ms = round(lease.modified.timestamp() * 1000)
            limit_ms = view.timeout_ms + _UNHEARD_MS
        if view.now_ms - since_ms > limit_ms:
            return unplanned_error(
                timeout_ms=view.timeout_ms,
                region=view.region,
                function_name=view.function_name,
                render_id=view.render_id,
            )
    errors = answer["errors"]
    is_timeout = answer["fatalErrorEncountered"] and errors[0]["name"] == "TimeoutError"
    if is_timeout and metadata is not None and late_ms > _GRACE_MS:
        return errors[0] if metadata["functionName"] == call.function_name else None
    return None
