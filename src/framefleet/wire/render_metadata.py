"""`renderMetadata`: what the record of a render says of it once it is planned.

Keys: spec/serverless-progress-costs.md 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from framefleet.domain.destination import BucketAddress, KeptRender, RemoteFile, render_prefix
from framefleet.domain.plan import Plan

MANIFEST_NAME = "manifest.json"

Kind = Literal["video", "still", "sequence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedBy:
    """Who renders, and what was asked of them: what a plan does not say.

    `serve_url` is the site as its caller named it; times are milliseconds of the epoch.
    `input_props` None are those of the plan. `chunk_functions` are those beside the main one.
    `is_conditional`: the output is put only where there is none.
    """

    version: str
    serve_url: str
    started_ms: int
    memory_size_in_mb: int = 0
    function_name: str = ""
    renderer_function_name: str | None = None
    chunk_functions: int = 0
    input_props: Mapping[str, Any] | None = None
    audio_bitrate: str | None = None
    metadata: Mapping[str, str] | None = None
    is_conditional: bool | None = None


def render_metadata(
    render_id: str,
    render: KeptRender,
    plan: Plan,
    kind: Kind,
    main: RemoteFile,
    by: RenderedBy,
) -> dict[str, Any]:
    """The metadata of a planned render, whose output is going to be `main`."""
    audio = plan.audio.codec
    props = by.input_props or {"type": "payload", "payload": plan.input_props}
    common = {
        "startedDate": by.started_ms,
        "totalChunks": len(plan.chunks),
        "estimatedTotalLambdaInvokations": by.chunk_functions + 1,
        "estimatedRenderLambdaInvokations": by.chunk_functions,
        "compositionId": plan.composition.id,
        "siteId": by.serve_url,
        "codec": plan.output.codec.value if plan.output.codec else None,
        "type": kind,
        "imageFormat": plan.capture.image_format.value,
        "inputProps": dict(props),
        "lambdaVersion": by.version,
        "framesPerLambda": len(plan.chunks[0]),
        "memorySizeInMb": by.memory_size_in_mb,
        "region": render.home.region,
        "renderId": render_id,
        "outName": _out_name(render_id, render, main),
        "privacy": render.delivery.privacy.value,
        "audioCodec": audio.value if audio else None,
        "deleteAfter": render.delete_after,
        "numberOfGifLoops": plan.output.gif_loops,
        "downloadBehavior": render.delivery.download.to_dict(),
        "audioBitrate": by.audio_bitrate,
        "metadata": dict(by.metadata) if by.metadata else None,
        "functionName": by.function_name,
        # Never null: the official client looks for a version in it.
        "rendererFunctionName": by.renderer_function_name or by.function_name,
        "dimensions": {
            "width": plan.composition.width * plan.capture.scale,
            "height": plan.composition.height * plan.capture.scale,
        },
        "scale": plan.capture.scale,
        "outputFileIsConditional": by.is_conditional,
    }
    if kind == "still":
        return common
    ranged = {
        "everyNthFrame": plan.chunks[0].step,
        "frameRange": frame_range(plan),
        "muted": audio is None,
    }
    if kind == "video":
        return {**common, **ranged}
    sequence = {
        "bucketName": bucket_name(main, render.home),
        "keyPrefix": main.key,
        "manifestKey": main.key + MANIFEST_NAME,
        "manifestUrl": main.url,
        "imageFormat": plan.capture.image_format.value,
        "frameCount": plan.frame_count,
    }
    return {
        **common,
        **ranged,
        "imageSequencePattern": plan.output.picture_pattern,
        "framePadding": len(str(plan.chunks[-1].stop - 1)),
        "outputSequence": sequence,
    }


def _out_name(render_id: str, render: KeptRender, main: RemoteFile) -> Any:
    if render.elsewhere is None:
        return main.key.removeprefix(render_prefix(render_id))
    provider = main.bucket.provider
    return {
        "bucketName": bucket_name(main, render.home),
        "key": main.key,
        **({"s3OutputProvider": provider.to_dict()} if provider else {}),
    }


def bucket_name(file: RemoteFile, home: BucketAddress) -> str:
    """The reference knows one cloud at a time, and no other needs to be told."""
    return file.bucket.name if file.bucket.cloud is home.cloud else str(file.bucket)


def frame_range(plan: Plan) -> list[int]:
    """The first and the last frame, both included."""
    return [plan.chunks[0].start, plan.chunks[-1].stop - 1]
