"""`renders/<id>/progress.json`: the record of a render that a bucket keeps.

Keys and shapes: spec/serverless-progress-costs.md 1 to 3. The reference's clients read it to
download and to delete a render.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from framefleet.domain.codecs import AudioCodec, Codec
from framefleet.domain.destination import (
    BucketAddress,
    KeptRender,
    RemoteFile,
    render_prefix,
)
from framefleet.domain.plan import Plan
from framefleet.errors import StorageError
from framefleet.wire.render_metadata import (
    Kind,
    RenderedBy,
    bucket_name,
    frame_range,
    render_metadata,
)

RECORD_NAME = "progress.json"
# Put by a client that cancels the render (spec/serverless-orchestration.md 9).
CANCEL_NAME = "cancel.json"
# The folder of what the composition emitted, in the bucket of the output.
ARTIFACTS = "artifacts/"
DEFAULT_FRAMES_NAME = "frames"

_CURRENCY = "USD"
_DISCLAIMER = (
    "Estimated cost for function invocations only. Does not include cost for storage and data "
    "transfer."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What a finished render has put into buckets."""

    main: RemoteFile
    separate_audio: RemoteFile | None = None
    artifacts: Sequence[RemoteFile] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOutput:
    """Where a record says that an output lies.

    `bucket` is None for the render's own; `gs://` or `s3://` stands before one of another cloud.
    `endpoint` is that of another provider, None for ours.
    `keys` of a sequence are all of its objects; of others the one key.
    """

    bucket: str | None
    key: str
    endpoint: str | None
    is_public: bool
    manifest_key: str | None = None


def finished_record(
    render_id: str,
    render: KeptRender,
    plan: Plan,
    kind: Kind,
    outputs: Outputs,
    *,
    serve_url: str,
    started: datetime,
    ended: datetime,
    version: str,
) -> dict[str, Any]:
    """The record of a render of this machine that is done.

    Args:
        serve_url: the site as its caller named it.
    """
    start, end = _ms(started), _ms(ended)
    by = RenderedBy(
        version=version,
        serve_url=serve_url,
        started_ms=start,
        metadata=plan.output.metadata,
    )
    metadata = render_metadata(render_id, render, plan, kind, outputs.main, by)
    return {
        "cancellationEnabled": False,
        "chunks": list(range(len(plan.chunks))),
        "framesRendered": plan.frame_count,
        "framesEncoded": plan.frame_count,
        "combinedFrames": plan.frame_count,
        "timeToCombine": None,
        "timeToEncode": end - start,
        "timeToRenderFrames": end - start,
        "lambdasInvoked": 0,
        "retries": [],
        "timings": [],
        "renderMetadata": metadata,
        "postRenderData": _post_render_data(outputs, start, end, render, metadata),
        "errors": [],
        "fatalErrorTimestamp": None,
        "timeoutTimestamp": end,
        "functionLaunched": start,
        "serveUrlOpened": start,
        "compositionValidated": start,
        "receivedArtifact": artifact_entries(outputs),
        "framesUploaded": plan.frame_count if kind == "sequence" else 0,
        "uploadedSizeInBytes": outputs.main.size_bytes if kind == "sequence" else 0,
        "separateAudio": separate_audio_entry(outputs.separate_audio, render.home),
    }


def manifest(render_id: str, plan: Plan, frames: Mapping[int, str]) -> dict[str, Any]:
    """`manifest.json` of a sequence: the key of each picture, by its frame."""
    return {
        "renderId": render_id,
        "imageFormat": plan.capture.image_format.value,
        "width": plan.frame_size.width,
        "height": plan.frame_size.height,
        "fps": float(plan.composition.fps),
        "frameRange": frame_range(plan),
        "everyNthFrame": plan.chunks[0].step,
        "frames": [{"frame": frame, "key": key} for frame, key in frames.items()],
    }


def recorded_output(record: Mapping[str, Any], render_id: str) -> RecordedOutput | None:
    """Where the output of a render lies; None while nothing is known of it.

    Reads records of the reference as well, whose default name follows from the codecs.

    Raises:
        StorageError: the record is none that we can read.
    """
    metadata = record.get("renderMetadata")
    if metadata is None:
        return None
    with _readable(render_id):
        return _recorded_output(metadata, render_id)


def recorded_audio(record: Mapping[str, Any], render_id: str) -> RecordedOutput | None:
    """Where the sound lies that has a file of its own; raises as `recorded_output`."""
    found = record.get("separateAudio")
    if not found:
        return None
    with _readable(render_id):
        provider = found.get("s3OutputProvider")
        return RecordedOutput(
            bucket=found["bucketName"],
            key=found["key"],
            endpoint=provider["endpoint"] if provider else None,
            is_public=(record.get("renderMetadata") or {}).get("privacy") == "public",
        )


def emitted_keys(record: Mapping[str, Any], render_id: str) -> list[str]:
    """The keys of what the composition emitted, in the bucket of the output.

    Raises:
        StorageError: the record is none that we can read.
    """
    with _readable(render_id):
        keys = [str(entry["s3Key"]) for entry in record.get("receivedArtifact") or ()]
    return [key for key in keys if key.startswith(render_prefix(render_id) + ARTIFACTS)]


@contextmanager
def _readable(render_id: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise StorageError(
            f"The record of the render {render_id} cannot be read: {type(exc).__name__}: {exc}."
        ) from exc


def _recorded_output(metadata: Mapping[str, Any], render_id: str) -> RecordedOutput:
    is_public = metadata.get("privacy") == "public"
    name = metadata.get("outName")
    provider = name.get("s3OutputProvider") if isinstance(name, Mapping) else None
    endpoint = provider["endpoint"] if provider else None
    if metadata.get("type") == "sequence":
        sequence = metadata["outputSequence"]
        return RecordedOutput(
            bucket=sequence["bucketName"],
            key=sequence["keyPrefix"],
            endpoint=endpoint,
            is_public=is_public,
            manifest_key=sequence["manifestKey"],
        )
    if isinstance(name, Mapping):
        bucket, key = name["bucketName"], name["key"]
    else:
        bucket, key = None, render_prefix(render_id) + (name or _default_name(metadata))
    return RecordedOutput(bucket=bucket, key=key, endpoint=endpoint, is_public=is_public)


def _default_name(metadata: Mapping[str, Any]) -> str:
    if metadata.get("type") == "still":
        return f"out.{metadata['imageFormat']}"
    spec = Codec(metadata["codec"]).spec
    audio = metadata.get("audioCodec")
    endings = spec.audio.get(AudioCodec(audio), ()) if audio else ()
    return f"out.{endings[0] if endings else spec.extension}"


def _post_render_data(
    outputs: Outputs, start: int, end: int, render: KeptRender, metadata: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "cost": {
            "estimatedCost": 0,
            "estimatedDisplayCost": "$0",
            "currency": _CURRENCY,
            "disclaimer": _DISCLAIMER,
        },
        "outputFile": outputs.main.url,
        "outputSize": outputs.main.size_bytes,
        "renderSize": outputs.main.size_bytes,
        "timeToFinish": end - start,
        "timeToRenderFrames": end - start,
        "timeToRenderChunks": end - start,
        "timeToEncode": end - start,
        "timeToCombine": None,
        "timeToCleanUp": 0,
        "startTime": start,
        "endTime": end,
        "errors": [],
        "filesCleanedUp": 0,
        "retriesInfo": [],
        "mostExpensiveFrameRanges": [],
        "estimatedBillingDurationInMilliseconds": 0,
        "deleteAfter": render.delete_after,
        "artifactProgress": artifact_entries(outputs),
        "outputSequence": metadata.get("outputSequence"),
    }


def artifact_entries(outputs: Outputs) -> list[dict[str, Any]]:
    """`receivedArtifact`: the files that the composition itself emitted."""
    return [artifact_entry(file) for file in outputs.artifacts]


def artifact_entry(file: RemoteFile) -> dict[str, Any]:
    """One of them; its name may have folders."""
    return {
        "filename": file.key.partition(f"/{ARTIFACTS}")[2],
        "sizeInBytes": file.size_bytes,
        "s3Url": file.url,
        "s3Key": file.key,
    }


def separate_audio_entry(file: RemoteFile | None, home: BucketAddress) -> dict[str, Any] | None:
    """`separateAudio`: the file that has the sound."""
    if file is None:
        return None
    provider = file.bucket.provider
    return {
        "url": file.url,
        "key": file.key,
        "bucketName": bucket_name(file, home),
        "sizeInBytes": file.size_bytes,
        **({"s3OutputProvider": provider.to_dict()} if provider else {}),
    }


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)
