"""A render on Lambda at several moments: its record, and what a function answers about it."""

from __future__ import annotations

from typing import Any

from framefleet.account.lambda_progress import LambdaProgress
from framefleet.wire.progress_answer import ProgressView, progress_answer

LAUNCHED_MS = 1_000_000
METADATA: dict[str, Any] = {
    "type": "video",
    "startedDate": LAUNCHED_MS,
    "totalChunks": 15,
    "estimatedTotalLambdaInvokations": 16,
    "estimatedRenderLambdaInvokations": 15,
    "frameRange": [0, 299],
    "everyNthFrame": 1,
    "framesPerLambda": 20,
    "memorySizeInMb": 2048,
    "outName": "out.mp4",
}
RECORD: dict[str, Any] = {
    "functionLaunched": LAUNCHED_MS,
    "timeoutTimestamp": LAUNCHED_MS + 120_000,
}


def progress_of(record: dict[str, Any], *, now_ms: int = LAUNCHED_MS) -> LambdaProgress:
    """What a function answers about a record."""
    view = ProgressView(
        render_id="id", bucket="bucket", region="us-east-1", function_name="fn",
        memory_size_in_mb=2048, timeout_ms=120_000, now_ms=now_ms,
    )  # fmt: skip
    return LambdaProgress.from_answer(progress_answer({**RECORD, **record}, view))


RENDERING: dict[str, Any] = {
    "serveUrlOpened": LAUNCHED_MS + 400,
    "compositionValidated": LAUNCHED_MS + 1834,
    "renderMetadata": METADATA,
    "lambdasInvoked": 9,
    "framesRendered": 84,
    "framesEncoded": 31,
    "retries": [{"chunk": 7}, {"chunk": 3}, {"chunk": 7}],
    "receivedArtifact": [
        {"filename": "a.txt", "s3Key": "renders/id/artifacts/a.txt", "sizeInBytes": 1200}
    ],
}
DONE: dict[str, Any] = {
    **RENDERING,
    "receivedArtifact": [],
    "postRenderData": {
        "cost": {"estimatedCost": 0.00412, "estimatedDisplayCost": "$0.004"},
        "outputFile": "https://bucket/renders/id/out.mp4",
        "outputSize": 1_234_567,
        "timeToFinish": 12_340,
        "timeToRenderFrames": 5200,
        "timeToEncode": 5300,
        "timeToCombine": 210,
        "errors": [],
        "retriesInfo": [{"chunk": 3}],
        "mostExpensiveFrameRanges": [
            {"timeInMilliseconds": 2045, "chunk": 1, "frameRange": [20, 39]},
            {"timeInMilliseconds": 812, "chunk": 0, "frameRange": [0, 19]},
        ],
    },
}
