"""Progress reads the same from a render's record as from the function that is asked."""

from __future__ import annotations

import json
import time

import pytest

from framefleet.aws import aio as aws
from framefleet.errors import OptionError
from framefleet.routines.call import Call
from framefleet.routines.status import status

pytestmark = pytest.mark.anyio

START = 1_700_000_000_000
ID = "4h1xz9c0ab"
MAIN = "remotion-render-4-0-539-mem2048mb-disk2048mb-120sec"
RENDERER = "remotion-render-4-0-539-mem10240mb-disk2048mb-900sec"
METADATA = {
    "startedDate": START, "totalChunks": 3, "estimatedTotalLambdaInvokations": 4,
    "estimatedRenderLambdaInvokations": 3, "codec": "h264", "type": "video", "outName": None,
    "framesPerLambda": 20, "memorySizeInMb": 2048, "privacy": "public", "audioCodec": None,
    "functionName": MAIN, "rendererFunctionName": None, "everyNthFrame": 1, "frameRange": [0, 59],
}  # fmt: skip
RUNNING = {
    "chunks": [1], "framesRendered": 31, "framesEncoded": 25, "lambdasInvoked": 3,
    "timings": [{"chunk": 1, "start": START + 100, "rendered": START + 3000}],
    "renderMetadata": METADATA, "timeoutTimestamp": START + 120_000, "functionLaunched": START,
    "serveUrlOpened": START + 1, "compositionValidated": START + 2,
}  # fmt: skip
FAST = {**RUNNING, "renderMetadata": {**METADATA, "rendererFunctionName": RENDERER}}


@pytest.fixture
def at(monkeypatch):
    """Let the time be so many milliseconds after the start, for all who ask."""

    def set_to(ms):
        monkeypatch.setattr(time, "time_ns", lambda: (START + ms) * 1_000_000)

    return set_to


async def both(s3, bucket, record, function=MAIN):
    """What the function answers, and what is found without it."""
    s3.put_object(Bucket=bucket, Key=f"renders/{ID}/progress.json", Body=json.dumps(record))
    call = Call(
        function_name=MAIN, region="us-east-1", account_id="123456789012", request_id="id",
        memory_size_in_mb=2048, started_ms=START, deadline_ms=START + 120_000,
    )  # fmt: skip
    payload = {"type": "status", "version": "4.0.539", "bucketName": bucket, "renderId": ID}
    answer = await status(payload, call)
    found = await aws.get_render_progress(
        render_id=ID, bucket_name=bucket, function_name=function, region="us-east-1",
        skip_lambda_invocation=True,
    )  # fmt: skip
    return answer, found.to_dict()


@pytest.mark.parametrize("record", [RUNNING, FAST, {**RUNNING, "renderMetadata": None}])
@pytest.mark.parametrize("ms", [5000, 139_000])
async def test_a_running_render_has_the_same_numbers(s3, bucket, at, record, ms):
    at(ms)
    answer, found = await both(s3, bucket, record)
    assert found == answer
    assert found["currentTime"] == START + ms
    assert not found["done"]


async def test_the_renderers_memory_is_paid_for(s3, bucket, at):
    at(5000)
    _, slow = await both(s3, bucket, RUNNING)
    _, fast = await both(s3, bucket, FAST)
    ratio = fast["costs"]["accruedSoFar"] / slow["costs"]["accruedSoFar"]
    assert 4.5 < ratio < 5


async def test_a_function_may_be_named_in_full(s3, bucket, at):
    at(3 * 120_000)
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{MAIN}"
    # Of another function, whose death is not for this one to tell.
    record = {**RUNNING, "renderMetadata": {**METADATA, "functionName": "other"}}
    answer, found = await both(s3, bucket, record, function=arn)
    assert found == answer
    assert found["fatalErrorEncountered"]


async def test_another_name_does_not_say_enough(s3, bucket):
    with pytest.raises(OptionError, match="does not adhere to the function name convention"):
        await both(s3, bucket, RUNNING, function="mine")
