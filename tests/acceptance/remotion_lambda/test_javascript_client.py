"""The official JavaScript client, as it is, renders with functions of ours."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

import pytest

from framefleet.testing.local_lambda import Invocation
from framefleet.testing.video import presentation_times_s, read_stamps
from tests.acceptance.remotion_lambda.conftest import Official, OfficialError
from tests.acceptance.remotion_lambda.fleet import (
    BUCKET,
    JAVASCRIPT,
    OTHER,
    PAGE,
    PROGRESS_KEYS,
    REMOTION,
    SHORT,
    Fleet,
    fetch,
)
from tests.services.receiver import Receiver

WHOLE_CLIENT = "@remotion/lambda"
SECRET = "Gehéimnis 🔑"
# Nothing that JavaScript and Python write the same way without being asked.
CUSTOM_DATA = {
    "name": "Zoë 日本語 😀",
    "price": 12.5,
    "small": 1e-7,
    "nested": {"list": [None, {"deep": {"ä": [1.5, "x", None]}}], "none": None},
    "10": "keys",
    "9": "that are numbers",
}
FILM: dict[str, Any] = {
    "functionName": JAVASCRIPT, "serveUrl": PAGE, "composition": "stamped", "codec": "h264",
    "inputProps": SHORT, "x264Preset": "ultrafast", "privacy": "public",
}  # fmt: skip
PROJECT: dict[str, Any] = {**FILM, "serveUrl": REMOTION, "composition": "Stamped"}
SEVEN_KEYS = {
    "renderId", "bucketName", "cloudWatchLogs", "cloudWatchMainLogs", "folderInS3Console",
    "lambdaInsightsLogs", "progressJsonInConsole",
}  # fmt: skip


@pytest.fixture(scope="module")
def film(official: Official, receiver: Receiver) -> dict[str, str]:
    """A film by two functions, of a page that is named as a site, with a webhook."""
    return official.started(
        **FILM,
        framesPerLambda=5,
        outName="film.mp4",
        deleteAfter="30-days",
        webhook={"url": receiver.url, "secret": SECRET, "customData": CUSTOM_DATA},
    )


@pytest.fixture(scope="module")
def film_progress(official: Official, fleet: Fleet, film: dict[str, str]) -> list[dict[str, Any]]:
    seen = official.progress(film, functionName=JAVASCRIPT)
    # The bucket would keep its word: a day of this server takes five seconds.
    rules = fleet.s3.client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert {rule["ID"] for rule in rules} >= {"delete-after-30-days"}
    fleet.s3.client.delete_bucket_lifecycle(Bucket=BUCKET)
    return seen


@pytest.fixture(scope="module")
def broken(official: Official, receiver: Receiver) -> dict[str, str]:
    """A render of a Remotion project whose composition throws at frame 7."""
    return official.started(
        **{**FILM, "serveUrl": REMOTION, "composition": "Throws", "inputProps": {}},
        concurrency=1,
        webhook={"url": receiver.url, "secret": SECRET},
    )


@pytest.fixture(scope="module")
def broken_progress(official: Official, broken: dict[str, str]) -> list[dict[str, Any]]:
    return official.progress(broken, functionName=JAVASCRIPT)


def routine(invocation: Invocation) -> Any:
    return json.loads(invocation.payload).get("type")


def test_a_start_gives_seven_keys(film):
    assert set(film) == SEVEN_KEYS
    assert film["bucketName"] == BUCKET
    assert re.fullmatch("30-days-[a-z0-9]{10}", film["renderId"])
    assert f"prefix=renders/{film['renderId']}/" in film["folderInS3Console"]


def test_every_progress_has_every_key_and_none_goes_back(film, film_progress):
    for progress in film_progress:
        assert set(progress) >= PROGRESS_KEYS
        assert (progress["type"], progress["renderId"]) == ("success", film["renderId"])
    parts = [progress["overallProgress"] for progress in film_progress]
    assert parts == sorted(parts)
    assert parts[0] < 1 == parts[-1]
    assert film_progress[-1]["errors"] == []


def test_the_end_of_a_render_says_what_there_is(fleet, film, film_progress):
    last = film_progress[-1]
    key = f"renders/{film['renderId']}/film.mp4"
    size = fleet.sizes(key)[key]
    assert {name: last[name] for name in (
        "overallProgress", "framesRendered", "lambdasInvoked", "chunks", "outKey", "outBucket",
        "outputSizeInBytes", "renderSize", "outputFile", "fatalErrorEncountered",
    )} == {
        "overallProgress": 1, "framesRendered": 10, "lambdasInvoked": 2, "chunks": 2,
        "outKey": key, "outBucket": BUCKET, "outputSizeInBytes": size, "renderSize": size,
        "outputFile": f"{fleet.s3.endpoint}/{BUCKET}/{key}", "fatalErrorEncountered": False,
    }  # fmt: skip
    assert last["renderMetadata"]["estimatedRenderLambdaInvokations"] == 2
    assert last["renderMetadata"]["lambdaVersion"] == "4.0.527"
    assert last["costs"]["accruedSoFar"] > 0


def test_the_film_has_every_frame_in_its_time(official, film, film_progress, tmp_path):
    path = tmp_path / "film.mp4"
    got = official(
        "downloadMedia", "onProgress", package=WHOLE_CLIENT, bucketName=BUCKET,
        renderId=film["renderId"], outPath=str(path),
    )  # fmt: skip
    assert got.result == {
        "outputPath": str(path), "sizeInBytes": film_progress[-1]["outputSizeInBytes"],
    }  # fmt: skip
    assert got.calls["onProgress"][-1]["percent"] == 1
    assert read_stamps(path) == list(range(10))
    assert presentation_times_s(path) == [Fraction(frame, 10) for frame in range(10)]


@pytest.mark.parametrize("render", ["film", "broken"])
def test_the_client_computes_from_the_record_what_the_function_answers(official, request, render):
    answered = request.getfixturevalue(f"{render}_progress")[-1]
    found = request.getfixturevalue(render)
    computed = official(
        "getRenderProgress", functionName=JAVASCRIPT, bucketName=BUCKET,
        renderId=found["renderId"], skipLambdaInvocation=True,
    ).result  # fmt: skip
    assert computed.pop("currentTime") > answered["currentTime"]
    assert {key: answered.get(key) for key in computed} == computed
    # What came after this version of the client.
    later = {"currentTime", "framesUploaded", "outputSequence", "separateAudio"}
    assert set(answered) - set(computed) == later


def test_a_webhook_of_success_is_signed_and_has_the_custom_data(
    official, receiver, film, film_progress
):
    hook = receiver.hook(film["renderId"])
    body = json.loads(hook.body)
    assert hook.headers["X-Remotion-Status"] == "success"
    assert hook.headers["X-Remotion-Mode"] == "production"
    last = film_progress[-1]
    assert body == {
        "type": "success", "renderId": film["renderId"], "bucketName": BUCKET,
        "expectedBucketOwner": "123456789012", "customData": CUSTOM_DATA, "lambdaErrors": [],
        "outputUrl": last["outputFile"], "outputFile": last["outputFile"],
        "timeToFinish": last["timeToFinish"],
        "costs": {
            "estimatedCost": last["costs"]["accruedSoFar"],
            "estimatedDisplayCost": last["costs"]["displayCost"],
            "currency": "USD", "disclaimer": last["costs"]["disclaimer"],
        },
    }  # fmt: skip
    signed = {"secret": SECRET, "signatureHeader": hook.headers["X-Remotion-Signature"]}
    official("validateWebhookSignature", **signed, body=body)
    with pytest.raises(OfficialError, match="Signatures do not match"):
        official("validateWebhookSignature", **signed, body={**body, "timeToFinish": 0})


def test_presign_url_gives_a_film_to_anybody(official, fleet, film, film_progress):
    key = film_progress[-1]["outKey"]
    url = official(
        "presignUrl", bucketName=BUCKET, objectKey=key, expiresInSeconds=60,
        checkIfObjectExists=True,
    ).result  # fmt: skip
    assert fetch(url) == fleet.content(key)


def test_a_page_that_throws_is_a_fatal_error_with_its_stack(fleet, broken, broken_progress):
    last = broken_progress[-1]
    assert not last["done"]
    (error,) = last["errors"]
    assert error["name"] == "PageScriptError"
    assert "The composition threw an error: frame seven is broken" in error["message"]
    assert error["stack"].startswith(f"PageScriptError: {error['message']}\n    at ")
    assert {name: error[name] for name in ("isFatal", "willRetry", "chunk", "type")} == {
        "isFatal": True, "willRetry": False, "chunk": None, "type": "stitcher",
    }  # fmt: skip
    assert set(fleet.sizes(f"renders/{broken['renderId']}/")) == {
        f"renders/{broken['renderId']}/progress.json"
    }


def test_a_webhook_of_an_error_is_signed_too(official, receiver, broken, broken_progress):
    hook = receiver.hook(broken["renderId"])
    body = json.loads(hook.body)
    assert hook.headers["X-Remotion-Status"] == "error"
    (error,) = broken_progress[-1]["errors"]
    assert body == {
        "type": "error", "renderId": broken["renderId"], "bucketName": BUCKET,
        "expectedBucketOwner": "123456789012", "customData": None,
        "errors": [{name: error[name] for name in ("message", "name", "stack")}],
    }  # fmt: skip
    official(
        "validateWebhookSignature", secret=SECRET, body=body,
        signatureHeader=hook.headers["X-Remotion-Signature"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def elsewhere(official: Official) -> dict[str, Any]:
    """A render of a Remotion project by its address, whose film is in another bucket: the end."""
    address = f"https://{BUCKET}.s3.us-east-1.amazonaws.com/sites/{REMOTION}/index.html"
    render = official.started(
        **{**PROJECT, "serveUrl": address},
        concurrency=1,
        outName={"bucketName": OTHER, "key": "films/stamped.mp4"},
    )
    return {**official.progress(render, functionName=JAVASCRIPT)[-1], **render}


def test_one_function_renders_alone_and_into_another_bucket(fleet, elsewhere):
    assert {name: elsewhere[name] for name in ("outKey", "outBucket", "bucket", "errors")} == {
        "outKey": "films/stamped.mp4", "outBucket": OTHER, "bucket": BUCKET, "errors": [],
    }  # fmt: skip
    metadata = elsewhere["renderMetadata"]
    assert metadata["estimatedRenderLambdaInvokations"] == 0
    assert metadata["estimatedTotalLambdaInvokations"] == 1
    assert fleet.sizes(bucket=OTHER) == {"films/stamped.mp4": elsewhere["outputSizeInBytes"]}


def test_a_film_elsewhere_is_signed_downloaded_and_deleted(official, fleet, elsewhere, tmp_path):
    path = tmp_path / "film.mp4"
    render = {"bucketName": BUCKET, "renderId": elsewhere["renderId"]}
    official("downloadMedia", package=WHOLE_CLIENT, outPath=str(path), **render)
    assert read_stamps(path) == list(range(10))
    signed = {"bucketName": OTHER, "objectKey": elsewhere["outKey"], "expiresInSeconds": 60}
    assert fetch(official("presignUrl", **signed).result) == path.read_bytes()
    held = fleet.sizes(f"renders/{elsewhere['renderId']}/")
    assert official("deleteRender", **render).result == {"freedBytes": sum(held.values())}
    assert fleet.sizes(f"renders/{elsewhere['renderId']}/") == {}
    assert fleet.sizes(bucket=OTHER) == {}


def test_large_props_go_through_the_bucket_and_are_gone_afterwards(official, fleet, tmp_path):
    sent: list[Any] = []

    def note(invocation: Invocation) -> None:
        if routine(invocation) == "start":
            sent.append((json.loads(invocation.payload)["inputProps"], fleet.sizes("input-props/")))

    fleet.faults.of = note
    props = {**SHORT, "durationInFrames": 5, "text": "ä" * 200_000}
    render = official.started(
        **{**FILM, "inputProps": props, "privacy": "private", "concurrency": 1}
    )
    last = official.progress(render, functionName=JAVASCRIPT)[-1]
    ((props, held),) = sent
    assert props["type"] == "bucket-url"
    assert set(held) == {f"input-props/{props['hash']}.json"}
    assert fleet.sizes("input-props/") == fleet.sizes("resolved-props/") == {}
    path = tmp_path / "film.mp4"
    path.write_bytes(fleet.content(last["outKey"]))
    assert read_stamps(path) == list(range(5))


def test_a_render_that_is_cancelled_stops_at_once(official, fleet):
    render = official.started(
        **{**FILM, "inputProps": {**SHORT, "durationInFrames": 18_000}},
        concurrency=2,
        enableCancellation=True,
    )
    named = {key: render[key] for key in ("renderId", "bucketName")}
    official(
        "getRenderProgress",
        functionName=JAVASCRIPT,
        until=["framesRendered", "fatalErrorEncountered"],
        **named,
    )
    assert fleet.seconds_until(busy=3, at_most=10) < 10
    official("cancelRenderOnLambda", **named)
    assert fleet.seconds_until(busy=0, at_most=4) < 3
    last = official.progress(render, functionName=JAVASCRIPT)[-1]
    assert not last["done"]
    assert [(error["message"], error["isFatal"]) for error in last["errors"]] == [
        ("renderMedia() got cancelled", True)
    ]
    folder = f"renders/{render['renderId']}"
    assert set(fleet.sizes(folder)) == {f"{folder}/progress.json", f"{folder}/cancel.json"}


def test_only_a_render_that_allows_it_is_cancelled(official, film, film_progress):
    message = f"Cannot cancel render {film['renderId']}: The render was not started with enable"
    with pytest.raises(OfficialError, match=f"{message}Cancellation: true."):
        official("cancelRenderOnLambda", bucketName=BUCKET, renderId=film["renderId"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"composition": "none"},
            "Could not find composition with ID none. Available compositions: stamped",
        ),
        (
            {"frameRange": [5, 500]},
            'The "durationInFrames" of the <Composition /> was evaluated to be 10, but frame range '
            "5-500 is not inbetween 0-9",
        ),
        (
            {"framesPerLambda": 5, "concurrency": 2},
            "Both 'framesPerLambda' and 'concurrency' were set. Please use only one of them.",
        ),
        ({"framesPerLambda": 2}, "The framesPerLambda needs to be at least 5, but is 2"),
        (
            {"outName": "film.webm"},
            "When using the h264 codec with the aac audio codec, the output filename must end in "
            "one of the following: mp4, mkv, mov.",
        ),
    ],
    ids=["composition", "frame-range", "both", "too-few-frames", "extension"],
)
def test_what_is_wrong_with_a_render_shows_in_its_progress(official, wrong, message):
    render = official.started(**{**FILM, **wrong})
    last = official.progress(render, functionName=JAVASCRIPT)[-1]
    assert [error["message"] for error in last["errors"]] == [message]
