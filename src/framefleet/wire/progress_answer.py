"""What `getRenderProgress` answers, out of a render's progress.json.

Keys, branches and formulas: spec/serverless-progress-costs.md 4 and 6. The record is taken as it
is found: one of an older version misses keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from framefleet.domain.function_names import read_function_name
from framefleet.domain.pricing import (
    PRICED_DISK_SIZE_IN_MB,
    accrued,
    billed_ms,
    currency,
    display_cost,
    estimate_price,
    json_number,
)
from framefleet.errors import OptionError, StorageError
from framefleet.wire.progress_errors import has_fatal, inspected, timeout_error
from framefleet.wire.progress_facts import (
    chunk_timings,
    chunks_ms,
    count,
    evaluated,
    frame_count,
    integer,
    missing_chunks,
    overall_progress,
    real,
    total_chunks,
)
from framefleet.wire.render_record import recorded_output

_DISCLAIMER = "Estimated cost only. Does not include charges for other AWS services."
# A function that is over its limit may still have a last word to write.
_GRACE_MS = 20_000
# Stores tell when an object was put in whole seconds.
_STORE_CLOCK_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenOutput:
    """An output that lies where the render was to put it."""

    url: str
    size_bytes: int
    modified_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressView:
    """From where and when a record is looked at.

    `function_name`, `memory_size_in_mb` and `timeout_ms` are the main function's; `now_ms` is
    Unix time. `output` is None if there is none, or nobody looked: see `needs_output`.
    """

    render_id: str
    bucket: str
    region: str
    function_name: str
    memory_size_in_mb: int
    timeout_ms: int
    now_ms: int
    output: SeenOutput | None = None


def progress_answer(record: Mapping[str, Any], view: ProgressView) -> dict[str, Any]:
    """The answer about a render: done, opening its site, done by a function now gone, or running.

    Raises:
        OptionError: the render is a still, which is done before anybody can ask.
        StorageError: the record cannot be read.
    """
    metadata = record.get("renderMetadata")
    if record.get("postRenderData") and metadata is None:
        raise StorageError("No render metadata found even though render is finished")
    if metadata is None:
        return _evaluating(record, view)
    if metadata.get("type") == "still":
        raise OptionError(
            "You don't need to call getRenderProgress() on a still render. Once you have obtained "
            "the `renderId`, the render is already done! 😉"
        )
    if record.get("postRenderData"):
        return _finished(record, view, metadata, record["postRenderData"])
    if view.output is not None and _is_of_this_render(view.output, record, view):
        return _recovered(record, view, metadata, view.output)
    return _running(record, view, metadata)


def needs_output(record: Mapping[str, Any], view: ProgressView) -> bool:
    """Whether the answer depends on the output being there, so that `view` is to say.

    It does once all chunks are there, and the main function has put them together or is gone.
    """
    metadata = record.get("renderMetadata")
    if record.get("postRenderData") or metadata is None or metadata.get("type") == "still":
        return False
    if missing_chunks(record, metadata) or has_fatal(record.get("errors") or ()):
        return False
    total = frame_count(metadata)
    is_combined = (
        0 < total <= real(record, "combinedFrames") and record.get("timeToCombine") is not None
    )
    return is_combined or _is_over(metadata, view, limits=2)


def estimated_costs(price: float, region: str) -> dict[str, Any]:
    """The costs of a render under way, or of a still, as answers have them."""
    cost = accrued(price)
    return {
        "accruedSoFar": cost,
        "displayCost": display_cost(cost, region),
        "currency": currency(region),
        "disclaimer": _DISCLAIMER,
    }


def _evaluating(record: Mapping[str, Any], view: ProgressView) -> dict[str, Any]:
    """Before there is metadata; the other branches replace what they know better."""
    errors = inspected(record.get("errors") or ())
    time_to_combine = integer(record, "timeToCombine")
    return {
        "type": "success",
        "done": False,
        "renderId": view.render_id,
        "bucket": view.bucket,
        "chunks": len(record.get("chunks") or ()),
        "framesRendered": count(record, "framesRendered"),
        "lambdasInvoked": count(record, "lambdasInvoked"),
        "encodingStatus": {
            "framesEncoded": count(record, "framesEncoded"),
            "combinedFrames": json_number(real(record, "combinedFrames")),
            "timeToCombine": time_to_combine,
        },
        "combinedFrames": json_number(real(record, "combinedFrames")),
        "timeToCombine": time_to_combine,
        "costs": estimated_costs(0, view.region),
        "currentTime": view.now_ms,
        "renderMetadata": None,
        "outputFile": None,
        "outKey": None,
        "outBucket": None,
        "outputSizeInBytes": None,
        "renderSize": 0,
        "timeToFinish": None,
        "timeToFinishChunks": None,
        "timeToRenderFrames": integer(record, "timeToRenderFrames"),
        "timeToEncode": integer(record, "timeToEncode"),
        "errors": errors,
        "fatalErrorEncountered": has_fatal(errors),
        "overallProgress": json_number(evaluated(record)),
        "retriesInfo": record.get("retries") or [],
        "mostExpensiveFrameRanges": None,
        "estimatedBillingDurationInMilliseconds": None,
        "cleanup": {"doneIn": None, "minFilesToDelete": 0, "filesDeleted": 0},
        "timeoutTimestamp": integer(record, "timeoutTimestamp"),
        "functionLaunched": integer(record, "functionLaunched"),
        "serveUrlOpened": integer(record, "serveUrlOpened"),
        "compositionValidated": integer(record, "compositionValidated"),
        "artifacts": record.get("receivedArtifact") or [],
        "framesUploaded": None,
        "outputSequence": None,
        "separateAudio": None,
    }


def _finished(
    record: Mapping[str, Any],
    view: ProgressView,
    metadata: Mapping[str, Any],
    post: Mapping[str, Any],
) -> dict[str, Any]:
    cost = post.get("cost") or {}
    removed = count(post, "filesCleanedUp")
    is_sequence = metadata.get("type") == "sequence"
    sequence = post.get("outputSequence") or metadata.get("outputSequence")
    return {
        **_evaluating(record, view),
        **_whole(record, view, metadata, integer(post, "timeToCombine")),
        "costs": {
            "accruedSoFar": json_number(real(cost, "estimatedCost")),
            "displayCost": cost.get("estimatedDisplayCost"),
            "currency": cost.get("currency"),
            "disclaimer": cost.get("disclaimer"),
        },
        "outputFile": post.get("outputFile"),
        "outputSizeInBytes": integer(post, "outputSize"),
        "renderSize": count(post, "renderSize"),
        "timeToFinish": integer(post, "timeToFinish"),
        "timeToFinishChunks": integer(post, "timeToRenderChunks"),
        "timeToRenderFrames": integer(post, "timeToRenderFrames"),
        "timeToEncode": integer(post, "timeToEncode"),
        "errors": inspected(post.get("errors") or ()),
        "retriesInfo": post.get("retriesInfo") or [],
        "mostExpensiveFrameRanges": post.get("mostExpensiveFrameRanges"),
        "estimatedBillingDurationInMilliseconds": integer(
            post, "estimatedBillingDurationInMilliseconds"
        ),
        "cleanup": {
            "doneIn": integer(post, "timeToCleanUp"),
            "minFilesToDelete": removed,
            "filesDeleted": removed,
        },
        "framesUploaded": frame_count(metadata) if is_sequence else None,
        "outputSequence": sequence if is_sequence else None,
        "separateAudio": record.get("separateAudio"),
    }


def _recovered(
    record: Mapping[str, Any],
    view: ProgressView,
    metadata: Mapping[str, Any],
    output: SeenOutput,
) -> dict[str, Any]:
    """The main function ended between its upload and its last record."""
    return {
        **_evaluating(record, view),
        **_whole(record, view, metadata, integer(record, "timeToCombine")),
        **_estimate(record, view, metadata),
        "outputFile": output.url,
        "outputSizeInBytes": output.size_bytes,
        "renderSize": output.size_bytes,
        "timeToFinish": view.now_ms - (integer(metadata, "startedDate") or 0),
        "timeToFinishChunks": chunks_ms(record),
        "separateAudio": record.get("separateAudio"),
    }


def _running(
    record: Mapping[str, Any], view: ProgressView, metadata: Mapping[str, Any]
) -> dict[str, Any]:
    missing = missing_chunks(record, metadata)
    errors = inspected(record.get("errors") or ())
    is_told = bool(record.get("fatalErrorTimestamp"))
    if not is_told and _is_over(metadata, view, limits=1 if missing else 2):
        errors.insert(0, _timeout(record, view, metadata, missing))
    is_sequence = metadata.get("type") == "sequence"
    return {
        **_evaluating(record, view),
        **_estimate(record, view, metadata),
        "renderMetadata": metadata,
        "timeToFinishChunks": None if missing else chunks_ms(record),
        "errors": errors,
        "fatalErrorEncountered": has_fatal(errors),
        "overallProgress": json_number(overall_progress(record, metadata)),
        "framesUploaded": count(record, "framesUploaded") if is_sequence else None,
        "separateAudio": record.get("separateAudio"),
    }


def _whole(
    record: Mapping[str, Any],
    view: ProgressView,
    metadata: Mapping[str, Any],
    time_to_combine: int | None,
) -> dict[str, Any]:
    """What every render says that is done."""
    total = frame_count(metadata)
    chunks = total_chunks(record, metadata)
    output = recorded_output(record, view.render_id)
    assert output is not None, "a record with metadata has an output"
    return {
        "done": True,
        "chunks": chunks,
        "framesRendered": total,
        "lambdasInvoked": chunks,
        "encodingStatus": {
            "framesEncoded": total,
            "combinedFrames": total,
            "timeToCombine": time_to_combine,
        },
        "combinedFrames": total,
        "timeToCombine": time_to_combine,
        "renderMetadata": metadata,
        "outKey": output.key,
        "outBucket": output.bucket or view.bucket,
        "fatalErrorEncountered": False,
        "overallProgress": 1,
    }


def _estimate(
    record: Mapping[str, Any], view: ProgressView, metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """Costs of a render that has not written down its own."""
    end = integer(record, "fatalErrorTimestamp") or view.now_ms
    started = integer(metadata, "startedDate")
    invoked = count(record, "lambdasInvoked")
    duration = billed_ms(
        chunk_timings(record),
        lambdas_invoked=invoked,
        elapsed_ms=0 if started is None else max(0, end - started),
    )
    named = read_function_name(metadata.get("rendererFunctionName") or "")
    memory = named.memory_size_in_mb if named else integer(metadata, "memorySizeInMb")
    try:
        price = estimate_price(
            region=view.region,
            duration_in_milliseconds=duration,
            memory_size_in_mb=view.memory_size_in_mb if memory is None else memory,
            disk_size_in_mb=PRICED_DISK_SIZE_IN_MB,
            lambdas_invoked=invoked,
        )
    except OptionError:
        # What AWS does not sell has no price, and progress all the same.
        price = 0
    return {
        "costs": estimated_costs(price, view.region),
        "estimatedBillingDurationInMilliseconds": duration,
    }


def _timeout(
    record: Mapping[str, Any],
    view: ProgressView,
    metadata: Mapping[str, Any],
    missing: list[int],
) -> dict[str, Any]:
    frames = metadata.get("frameRange") or (0, 0)
    return timeout_error(
        missing=missing,
        total_chunks=total_chunks(record, metadata),
        frames_per_lambda=count(metadata, "framesPerLambda"),
        last_frame=frames[1],
        timeout_ms=view.timeout_ms,
        region=view.region,
        function_name=view.function_name,
        render_id=view.render_id,
    )


def _is_over(metadata: Mapping[str, Any], view: ProgressView, *, limits: int) -> bool:
    """Whether the time limit of a function has passed so many times since the start."""
    started = integer(metadata, "startedDate")
    return started is not None and view.now_ms > started + limits * view.timeout_ms + _GRACE_MS


def _is_of_this_render(output: SeenOutput, record: Mapping[str, Any], view: ProgressView) -> bool:
    started = integer(record["renderMetadata"], "startedDate")
    if started is None or not needs_output(record, view):
        return False
    return output.modified_ms + _STORE_CLOCK_MS > started
