"""Answers about progress: every cell of the reference's table, its errors and texts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from framefleet.errors import OptionError, StorageError
from framefleet.wire.progress_answer import (
    ProgressView,
    SeenOutput,
    estimated_costs,
    needs_output,
    progress_answer,
)
from framefleet.wire.progress_errors import timeout_error

START = 1_700_000_000_000
TIMEOUT = 120_000
FUNCTION = "remotion-render-4-0-527-mem2048mb-disk2048mb-120sec"
URL = "https://s3.us-east-1.amazonaws.com/bucket/renders/4h1xz9c0ab/out.mp4"
DISCLAIMER = "Estimated cost only. Does not include charges for other AWS services."
NO_CLEANUP = {"doneIn": None, "minFilesToDelete": 0, "filesDeleted": 0}

METADATA: dict[str, Any] = {
    "startedDate": START,
    "totalChunks": 5,
    "estimatedTotalLambdaInvokations": 6,
    "estimatedRenderLambdaInvokations": 5,
    "codec": "h264",
    "type": "video",
    "framesPerLambda": 20,
    "memorySizeInMb": 2048,
    "outName": None,
    "privacy": "public",
    "audioCodec": None,
    "functionName": FUNCTION,
    "rendererFunctionName": "free-name",
    "everyNthFrame": 1,
    "frameRange": [0, 99],
}
RENDERER_ERROR: dict[str, Any] = {
    "type": "renderer",
    "name": "Error",
    "message": "full",
    "stack": "Error: ENOSPC",
    "chunk": 1,
    "frame": 3,
    "isFatal": False,
    "attempt": 1,
    "willRetry": True,
    "totalAttempts": 2,
    "tmpDir": None,
}
SHOWN_ERROR = {
    **RENDERER_ERROR,
    "explanation": "Your lambda function reached the storage limit. Reduce the amount of space "
    "needed per lambda function or increase the storage limit: "
    "https://remotion.dev/docs/lambda/disk-size.",
    "s3Location": "",
}
RETRY = {"chunk": 1, "attempt": 2, "time": START + 50}
ARTIFACT = {"filename": "a.txt", "sizeInBytes": 3, "s3Url": "https://a", "s3Key": "renders/x/a.txt"}
# Two chunks of five are done; three more functions run.
RUNNING: dict[str, Any] = {
    "cancellationEnabled": False,
    "chunks": [0, 1],
    "framesRendered": 50,
    "framesEncoded": 40,
    "combinedFrames": 0,
    "timeToCombine": None,
    "timeToEncode": None,
    "timeToRenderFrames": 900,
    "lambdasInvoked": 5,
    "retries": [RETRY],
    "timings": [
        {"chunk": 0, "start": START + 100, "rendered": START + 3000},
        {"chunk": 1, "start": START + 150, "rendered": START + 3500},
    ],
    "renderMetadata": METADATA,
    "postRenderData": None,
    "errors": [RENDERER_ERROR],
    "fatalErrorTimestamp": None,
    "timeoutTimestamp": START + TIMEOUT,
    "functionLaunched": START,
    "serveUrlOpened": START + 1,
    "compositionValidated": START + 2,
    "receivedArtifact": [ARTIFACT],
}
POST: dict[str, Any] = {
    "cost": {
        "estimatedCost": 0.01234,
        "estimatedDisplayCost": "$0.012",
        "currency": "USD",
        "disclaimer": "Estimated cost for function invocations only.",
    },
    "outputFile": URL,
    "outputSize": 4321,
    "renderSize": 4322,
    "timeToFinish": 9000,
    "timeToRenderFrames": 5000,
    "timeToRenderChunks": 6000,
    "timeToEncode": 5500,
    "timeToCombine": 700,
    "timeToCleanUp": 80,
    "startTime": START,
    "endTime": START + 9000,
    "errors": [RENDERER_ERROR],
    "filesCleanedUp": 2,
    "retriesInfo": [RETRY],
    "mostExpensiveFrameRanges": [{"timeInMilliseconds": 3350, "chunk": 1, "frameRange": [20, 39]}],
    "estimatedBillingDurationInMilliseconds": 12_345,
    "deleteAfter": None,
    "artifactProgress": [ARTIFACT],
}
ALL_CHUNKS: dict[str, Any] = {**RUNNING, "chunks": [0, 1, 2, 3, 4], "errors": []}
COMBINED: dict[str, Any] = {**ALL_CHUNKS, "combinedFrames": 100, "timeToCombine": 700}
VIEW = ProgressView(
    render_id="4h1xz9c0ab",
    bucket="bucket",
    region="us-east-1",
    function_name=FUNCTION,
    memory_size_in_mb=2048,
    timeout_ms=TIMEOUT,
    now_ms=START + 5000,
)
# What these records tell whichever way they are answered.
ALWAYS: dict[str, Any] = {
    "type": "success",
    "renderId": "4h1xz9c0ab",
    "bucket": "bucket",
    "currentTime": START + 5000,
    "errors": [SHOWN_ERROR],
    "retriesInfo": [RETRY],
    "timeoutTimestamp": START + TIMEOUT,
    "functionLaunched": START,
    "serveUrlOpened": START + 1,
    "compositionValidated": START + 2,
    "artifacts": [ARTIFACT],
    "framesUploaded": None,
    "outputSequence": None,
    "separateAudio": None,
}
SEEN = SeenOutput(url=URL, size_bytes=777, modified_ms=START + 4000)
ONE_LIMIT = START + TIMEOUT + 20_000
TWO_LIMITS = START + 2 * TIMEOUT + 20_000


def answer(record, **view):
    return progress_answer(record, replace(VIEW, **view))


def with_metadata(record=RUNNING, **changed):
    return {**record, "renderMetadata": {**METADATA, **changed}}


def costs(accrued, shown):
    return {
        "accruedSoFar": accrued,
        "displayCost": shown,
        "currency": "USD",
        "disclaimer": DISCLAIMER,
    }


def test_a_finished_render():
    assert answer({**RUNNING, "postRenderData": POST}) == {
        "done": True,
        "chunks": 5,
        "framesRendered": 100,
        "lambdasInvoked": 5,
        "encodingStatus": {"framesEncoded": 100, "combinedFrames": 100, "timeToCombine": 700},
        "combinedFrames": 100,
        "timeToCombine": 700,
        "costs": {
            "accruedSoFar": 0.01234,
            "displayCost": "$0.012",
            "currency": "USD",
            "disclaimer": "Estimated cost for function invocations only.",
        },
        "renderMetadata": METADATA,
        "outputFile": URL,
        "outKey": "renders/4h1xz9c0ab/out.mp4",
        "outBucket": "bucket",
        "outputSizeInBytes": 4321,
        "renderSize": 4322,
        "timeToFinish": 9000,
        "timeToFinishChunks": 6000,
        "timeToRenderFrames": 5000,
        "timeToEncode": 5500,
        "fatalErrorEncountered": False,
        "overallProgress": 1,
        "mostExpensiveFrameRanges": POST["mostExpensiveFrameRanges"],
        "estimatedBillingDurationInMilliseconds": 12_345,
        "cleanup": {"doneIn": 80, "minFilesToDelete": 2, "filesDeleted": 2},
        **ALWAYS,
    }


def test_a_render_that_has_no_metadata_yet():
    record = {**RUNNING, "renderMetadata": None, "chunks": [], "timings": [], "lambdasInvoked": 0}
    record |= {"framesRendered": 0, "framesEncoded": 0, "timeToRenderFrames": None}
    assert answer(record) == {
        "done": False,
        "chunks": 0,
        "framesRendered": 0,
        "lambdasInvoked": 0,
        "encodingStatus": {"framesEncoded": 0, "combinedFrames": 0, "timeToCombine": None},
        "combinedFrames": 0,
        "timeToCombine": None,
        "costs": costs(0, "<$0.001"),
        "renderMetadata": None,
        "outputFile": None,
        "outKey": None,
        "outBucket": None,
        "outputSizeInBytes": None,
        "renderSize": 0,
        "timeToFinish": None,
        "timeToFinishChunks": None,
        "timeToRenderFrames": None,
        "timeToEncode": None,
        "fatalErrorEncountered": False,
        "overallProgress": pytest.approx(0.0667, abs=5e-5),
        "mostExpensiveFrameRanges": None,
        "estimatedBillingDurationInMilliseconds": None,
        "cleanup": NO_CLEANUP,
        **ALWAYS,
    }


def test_a_render_whose_main_function_is_gone_but_whose_output_is_there():
    record = {**COMBINED, "timeToEncode": 4800, "errors": [RENDERER_ERROR]}
    assert answer(record, output=SEEN) == {
        "done": True,
        "chunks": 5,
        "framesRendered": 100,
        "lambdasInvoked": 5,
        "encodingStatus": {"framesEncoded": 100, "combinedFrames": 100, "timeToCombine": 700},
        "combinedFrames": 100,
        "timeToCombine": 700,
        # 2900 + 3350 + 2 * 100 of two chunks, and three that run for 5000 each.
        "costs": costs(0.00058, "<$0.001"),
        "renderMetadata": METADATA,
        "outputFile": URL,
        "outKey": "renders/4h1xz9c0ab/out.mp4",
        "outBucket": "bucket",
        "outputSizeInBytes": 777,
        "renderSize": 777,
        "timeToFinish": 5000,
        "timeToFinishChunks": 3400,
        "timeToRenderFrames": 900,
        "timeToEncode": 4800,
        "fatalErrorEncountered": False,
        "overallProgress": 1,
        "mostExpensiveFrameRanges": None,
        "estimatedBillingDurationInMilliseconds": 21_450,
        "cleanup": NO_CLEANUP,
        **ALWAYS,
    }


def test_a_running_render():
    assert answer(RUNNING) == {
        "done": False,
        "chunks": 2,
        "framesRendered": 50,
        "lambdasInvoked": 5,
        "encodingStatus": {"framesEncoded": 40, "combinedFrames": 0, "timeToCombine": None},
        "combinedFrames": 0,
        "timeToCombine": None,
        "costs": costs(0.00058, "<$0.001"),
        "renderMetadata": METADATA,
        "outputFile": None,
        "outKey": None,
        "outBucket": None,
        "outputSizeInBytes": None,
        "renderSize": 0,
        "timeToFinish": None,
        "timeToFinishChunks": None,
        "timeToRenderFrames": 900,
        "timeToEncode": None,
        "fatalErrorEncountered": False,
        "overallProgress": 0.54,
        "mostExpensiveFrameRanges": None,
        "estimatedBillingDurationInMilliseconds": 21_450,
        "cleanup": NO_CLEANUP,
        **ALWAYS,
    }


def test_the_time_of_the_chunks_is_told_once_all_are_there():
    assert answer(ALL_CHUNKS)["timeToFinishChunks"] == 3400
    assert answer({**ALL_CHUNKS, "chunks": [0, 1, 1, 2, 3]})["timeToFinishChunks"] is None
    assert answer({**ALL_CHUNKS, "timings": []})["timeToFinishChunks"] is None


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"renderMetadata": {}},
        {"renderMetadata": {"startedDate": START}},
        {"renderMetadata": {"startedDate": START}, "chunks": [3, 4]},
        with_metadata({"chunks": [0]}),
        dict.fromkeys(RUNNING),
    ],
)
def test_a_record_of_another_version_may_miss_keys(record):
    told = answer(record, now_ms=TWO_LIMITS + 1)
    assert told.keys() == answer(RUNNING).keys()
    assert told["done"] is False
    assert "NaN" not in json.dumps(told)


@pytest.mark.parametrize(("metadata", "frames"), [({}, 0), (METADATA, 100)])
def test_a_finished_record_of_another_version_may_miss_keys(metadata, frames):
    named = {**metadata, "outName": "out.mp4"}
    told = answer({"renderMetadata": named, "postRenderData": {"outputFile": URL}})
    assert told.keys() == answer(RUNNING).keys()
    assert (told["done"], told["framesRendered"], told["outputFile"]) == (True, frames, URL)


INTEGERS = (
    *("chunks", "framesRendered", "lambdasInvoked", "timeToCombine", "currentTime"),
    *("outputSizeInBytes", "renderSize", "timeToFinish", "timeToFinishChunks"),
    *("timeToRenderFrames", "timeToEncode", "estimatedBillingDurationInMilliseconds"),
    *("timeoutTimestamp", "functionLaunched", "serveUrlOpened", "compositionValidated"),
)


@pytest.mark.parametrize("is_done", [True, False])
def test_times_sizes_and_counts_are_integers(is_done):
    def halves(values):
        return {
            key: value + 0.5 if type(value) is int and key != "framesRendered" else value
            for key, value in values.items()
        }

    record = {**halves(COMBINED), "framesRendered": 50.0, "combinedFrames": 33.25}
    record["timings"] = [halves(timing) for timing in RUNNING["timings"]]
    told = answer({**record, "postRenderData": halves(POST) if is_done else None})
    assert {key: told[key] for key in INTEGERS if type(told[key]) not in (int, type(None))} == {}
    assert told["combinedFrames"] == (100 if is_done else 33.25)


@pytest.mark.parametrize(
    ("changed", "progress"),
    [
        ({"combinedFrames": 50}, 0.59),
        ({"lambdasInvoked": 1, "framesRendered": 0, "framesEncoded": 0}, 0.12),
        ({"lambdasInvoked": 0, "framesRendered": 0, "framesEncoded": 0}, 0.2 / 3),
        ({"lambdasInvoked": 10}, 0.64),
        ({"framesRendered": float("nan")}, 0.24),
    ],
)
def test_overall_progress(changed, progress):
    assert answer({**RUNNING, **changed})["overallProgress"] == pytest.approx(progress)


@pytest.mark.parametrize(("invoked", "progress"), [(0, 0.2 / 3), (1, 0.2)])
def test_a_render_that_calls_no_renderer_is_invoked_or_not(invoked, progress):
    record = with_metadata(estimatedRenderLambdaInvokations=0)
    record |= {"lambdasInvoked": invoked, "framesRendered": 0, "framesEncoded": 0}
    assert answer(record)["overallProgress"] == pytest.approx(progress)


SEQUENCE_OUTPUT = {
    "bucketName": "bucket",
    "keyPrefix": "renders/4h1xz9c0ab/frames/",
    "manifestKey": "renders/4h1xz9c0ab/frames/manifest.json",
    "manifestUrl": "https://manifest",
    "imageFormat": "png",
    "frameCount": 100,
}
SEQUENCE = with_metadata(type="sequence", codec=None, outputSequence=SEQUENCE_OUTPUT)


@pytest.mark.parametrize(
    ("rendered", "uploaded", "progress"), [(50, 40, 0.2 + 0.3 + 0.08), (100, 100, 0.99)]
)
def test_frames_of_a_sequence_are_uploaded(rendered, uploaded, progress):
    record = {**SEQUENCE, "framesRendered": rendered, "framesUploaded": uploaded}
    told = answer(record)
    assert told["overallProgress"] == pytest.approx(progress)
    assert (told["framesUploaded"], told["outputSequence"]) == (uploaded, None)


def test_a_finished_sequence_tells_where_it_is():
    told = answer({**SEQUENCE, "postRenderData": POST})
    assert told["overallProgress"] == 1
    assert (told["framesUploaded"], told["outputSequence"]) == (100, SEQUENCE_OUTPUT)
    assert (told["outBucket"], told["outKey"]) == ("bucket", "renders/4h1xz9c0ab/frames/")


@pytest.mark.parametrize(
    ("record", "is_done"),
    [(RUNNING, False), ({**RUNNING, "postRenderData": POST}, True), (COMBINED, True)],
)
def test_sound_of_its_own_is_told_as_soon_as_it_is_there(record, is_done):
    audio = {"url": "https://a", "key": "a.mp3", "bucketName": "bucket", "sizeInBytes": 5}
    told = answer({**record, "separateAudio": audio}, output=SEEN)
    assert (told["separateAudio"], told["done"]) == (audio, is_done)


@pytest.mark.parametrize(
    ("name", "bucket", "key"),
    [
        (None, "bucket", "renders/4h1xz9c0ab/out.mp4"),
        ("my.mp4", "bucket", "renders/4h1xz9c0ab/my.mp4"),
        ({"bucketName": "other", "key": "videos/my.mp4"}, "other", "videos/my.mp4"),
        (
            {"bucketName": "b", "key": "k", "s3OutputProvider": {"endpoint": "https://e"}},
            "b",
            "k",
        ),
    ],
)
def test_where_the_output_is(name, bucket, key):
    finished = with_metadata({**RUNNING, "postRenderData": POST}, outName=name)
    recovered = with_metadata(COMBINED, outName=name)
    for told in (answer(finished), answer(recovered, output=SEEN)):
        assert (told["outBucket"], told["outKey"]) == (bucket, key)


def test_frames_are_counted_in_steps():
    record = with_metadata({**RUNNING, "postRenderData": POST}, frameRange=[10, 39])
    record["renderMetadata"] |= {"everyNthFrame": 4}
    assert answer(record)["framesRendered"] == 8


LATE = TWO_LIMITS + 1
FATAL = {**RENDERER_ERROR, "isFatal": True, "willRetry": False}


@pytest.mark.parametrize(
    ("record", "now_ms", "is_needed"),
    [
        (COMBINED, START + 5000, True),
        ({**COMBINED, "chunks": [0, 1, 2, 3, 4, 4]}, START + 5000, True),
        ({**COMBINED, "timeToCombine": None}, START + 5000, False),
        ({**COMBINED, "combinedFrames": 99.5}, START + 5000, False),
        (ALL_CHUNKS, TWO_LIMITS, False),
        (ALL_CHUNKS, LATE, True),
        ({**ALL_CHUNKS, "errors": [RENDERER_ERROR]}, LATE, True),
        ({**ALL_CHUNKS, "errors": [FATAL]}, LATE, False),
        ({**COMBINED, "chunks": [0, 1, 2, 3]}, LATE, False),
        ({**COMBINED, "chunks": [0, 1, 2, 3, 3]}, LATE, False),
    ],
)
def test_an_output_ends_a_render_whose_chunks_are_all_there(record, now_ms, is_needed):
    assert needs_output(record, replace(VIEW, now_ms=now_ms)) is is_needed
    assert answer(record, now_ms=now_ms, output=SEEN)["done"] is is_needed


@pytest.mark.parametrize(
    "record",
    [
        {},
        {**COMBINED, "postRenderData": POST},
        {**COMBINED, "renderMetadata": None},
        with_metadata(COMBINED, type="still"),
    ],
)
def test_some_answers_need_no_output(record):
    assert needs_output(record, replace(VIEW, now_ms=LATE)) is False


@pytest.mark.parametrize(("modified_ms", "is_done"), [(START - 999, True), (START - 1000, False)])
def test_an_output_from_before_the_render_is_not_its_own(modified_ms, is_done):
    output = replace(SEEN, modified_ms=modified_ms)
    assert answer(COMBINED, output=output)["done"] is is_done


def test_an_output_that_is_not_there_does_not_end_a_render():
    told = answer(COMBINED, output=None)
    assert (told["done"], told["outputFile"], told["renderSize"]) == (False, None, 0)


@pytest.mark.parametrize(
    ("record", "now_ms", "missing"),
    [
        (ALL_CHUNKS, TWO_LIMITS + 1, []),
        (RUNNING, ONE_LIMIT + 1, [2, 3, 4]),
        (RUNNING, TWO_LIMITS + 1, [2, 3, 4]),
        ({**ALL_CHUNKS, "chunks": [4, 2, 2, 0, 3]}, ONE_LIMIT + 1, [1]),
    ],
)
def test_a_main_function_that_is_gone_is_the_first_error(record, now_ms, missing):
    told = answer(record, now_ms=now_ms)
    assert told["errors"][0] == timeout_error(
        missing=missing,
        total_chunks=5,
        frames_per_lambda=20,
        last_frame=99,
        timeout_ms=TIMEOUT,
        region="us-east-1",
        function_name=FUNCTION,
        render_id="4h1xz9c0ab",
    )
    assert [error["name"] for error in told["errors"][1:]] == ["Error"] * len(record["errors"])
    assert told["fatalErrorEncountered"] is True


@pytest.mark.parametrize(
    ("record", "now_ms"),
    [
        (RUNNING, ONE_LIMIT),
        (ALL_CHUNKS, ONE_LIMIT + 1),
        (ALL_CHUNKS, TWO_LIMITS),
        ({**RUNNING, "renderMetadata": None}, TWO_LIMITS + 1),
        ({**RUNNING, "postRenderData": POST}, TWO_LIMITS + 1),
    ],
)
def test_a_main_function_may_still_answer(record, now_ms):
    names = [error["name"] for error in answer(record, now_ms=now_ms)["errors"]]
    assert "TimeoutError" not in names


@pytest.mark.parametrize("metadata", [None, METADATA])
@pytest.mark.parametrize(
    ("is_fatal", "will_retry", "encountered"),
    [(True, False, True), (True, True, False), (False, False, False), (False, True, False)],
)
def test_an_error_is_fatal_if_nothing_is_tried_again(metadata, is_fatal, will_retry, encountered):
    error = {**RENDERER_ERROR, "isFatal": is_fatal, "willRetry": will_retry}
    record = {**RUNNING, "renderMetadata": metadata, "errors": [RENDERER_ERROR, error]}
    assert answer(record)["fatalErrorEncountered"] is encountered


@pytest.mark.parametrize("post", [None, POST])
def test_nobody_needs_to_ask_about_a_still(post):
    with pytest.raises(OptionError) as caught:
        answer(with_metadata({**RUNNING, "postRenderData": post}, type="still"))
    assert caught.value.message == (
        "You don't need to call getRenderProgress() on a still render. Once you have obtained "
        "the `renderId`, the render is already done! 😉"
    )


def test_what_is_finished_has_metadata():
    with pytest.raises(StorageError) as caught:
        answer({**RUNNING, "renderMetadata": None, "postRenderData": POST})
    assert caught.value.message == "No render metadata found even though render is finished"


@pytest.mark.parametrize(
    ("metadata", "view", "accrued"),
    [
        ({}, {}, 0.01676),
        ({"memorySizeInMb": 1024}, {}, 0.00847),
        ({"memorySizeInMb": None}, {"memory_size_in_mb": 1024}, 0.00847),
        ({"rendererFunctionName": FUNCTION.replace("mem2048", "mem1024")}, {}, 0.00847),
        ({"rendererFunctionName": None, "memorySizeInMb": 1024}, {}, 0.00847),
        ({}, {"region": "cn-north-1"}, 0.11422),
        # No machine of AWS.
        ({}, {"region": "local"}, 0),
        ({"memorySizeInMb": 0}, {}, 0),
    ],
)
def test_costs_follow_the_memory_of_the_renderers_and_the_largest_disk(metadata, view, accrued):
    told = answer(with_metadata(**metadata), **{"now_ms": START + 205_000, **view})["costs"]
    assert told["accruedSoFar"] == accrued


def test_costs_end_with_a_fatal_error():
    record = {**RUNNING, "fatalErrorTimestamp": START + 4000}
    told = answer(record, now_ms=START + 900_000)
    assert told["estimatedBillingDurationInMilliseconds"] == 3000 + 3450 + 3 * 4000


def test_no_call_ran_before_the_start():
    told = answer(RUNNING, now_ms=START - 10)
    assert told["estimatedBillingDurationInMilliseconds"] == 3000 + 3450


def test_costs_of_a_still_have_five_digits():
    assert estimated_costs(12.345678, "us-east-1") == costs(12.346, "$12.346")
    assert estimated_costs(0.0001, "cn-north-1") == {
        "accruedSoFar": 0.0001,
        "displayCost": "<¥0.001",
        "currency": "CNY",
        "disclaimer": DISCLAIMER,
    }
