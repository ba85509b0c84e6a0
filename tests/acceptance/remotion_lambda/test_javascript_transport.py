"""What the official JavaScript client makes of calls that go wrong, and of odd streams."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import quote

import pytest

from framefleet.testing import event_stream
from framefleet.testing.local_lambda import Delay, Invocation, Kill, Throttle
from framefleet.wire.framing import MessageType, frame
from tests.acceptance.remotion_lambda.conftest import Official, OfficialError
from tests.acceptance.remotion_lambda.fleet import BUCKET, JAVASCRIPT, PAGE, PYTHON
from tests.services.serving import serving

RENDER: dict[str, Any] = {
    "functionName": JAVASCRIPT, "serveUrl": PAGE, "composition": "stamped", "codec": "h264",
    "inputProps": {}, "privacy": "public",
}  # fmt: skip
STILL: dict[str, Any] = {**RENDER, "imageFormat": "png", "maxRetries": 0}
# The client's clock, with half a minute gone in a moment.
HASTE = """
const slow = globalThis.setTimeout;
globalThis.setTimeout = (callback, ms, ...rest) =>
	slow(callback, ms === 30000 ? 200 : ms, ...rest);
"""
# Separators, braces and letters of several bytes, to cut in two.
ANSWER = {
    "type": "success", "output": "remotion_buffer:3:2:0:{}", "outKey": "Zoë/日本語 😀.png",
    "size": 9, "sizeInBytes": 9, "bucketName": BUCKET, "renderId": "abcdefghij",
    "receivedArtifacts": [],
    "estimatedPrice": {
        "accruedSoFar": 1e-5, "displayCost": "<$0.001", "currency": "USD", "disclaimer": "}{",
    },
}  # fmt: skip
MESSAGES = frame(MessageType.RENDER_ID_DETERMINED, {"renderId": "abcdefghij"}) + frame(
    MessageType.STILL_RENDERED, ANSWER
)


@contextmanager
def streaming(official: Official, pieces: Sequence[bytes]) -> Iterator[Official]:
    """The client, and a Lambda that streams these pieces whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", event_stream.CONTENT_TYPE)
            self.end_headers()
            for piece in pieces:
                self.wfile.write(event_stream.payload_chunk(piece))
            self.wfile.write(event_stream.invoke_complete())

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as url:
        yield replace(
            official, environment={**official.environment, "AWS_ENDPOINT_URL_LAMBDA": url}
        )


@pytest.mark.parametrize(
    "pieces", [[MESSAGES], [bytes([byte]) for byte in MESSAGES]], ids=["whole", "every-byte"]
)
def test_messages_may_be_cut_anywhere(official, pieces):
    with streaming(official, pieces) as client:
        got = client("renderStillOnLambda", "onInit", **STILL)
    assert {key: got.result[key] for key in ("renderId", "outKey", "url", "estimatedPrice")} == {
        "renderId": "abcdefghij", "outKey": ANSWER["outKey"], "url": ANSWER["output"],
        "estimatedPrice": ANSWER["estimatedPrice"],
    }  # fmt: skip
    assert [init["renderId"] for init in got.calls["onInit"]] == ["abcdefghij"]


def test_a_stream_without_a_result_is_an_error(official):
    first = frame(MessageType.RENDER_ID_DETERMINED, {"renderId": "abcdefghij"})
    with (
        streaming(official, [first]) as client,
        pytest.raises(OfficialError, match="Expected response to be streamed"),
    ):
        client("renderStillOnLambda", **STILL)


def test_headers_that_do_not_come_in_half_a_minute_are_too_late(official, fleet):
    fleet.faults.of = lambda _: Delay(1)
    with pytest.raises(OfficialError, match="AWS did not invoke Lambda in 30000ms"):
        official("renderStillOnLambda", preload=quote(HASTE), **STILL)


def test_a_call_that_is_throttled(official, fleet):
    fleet.faults.of = lambda _: Throttle()
    with pytest.raises(OfficialError, match="Rate Exceeded") as caught:
        official.started(**RENDER)
    assert caught.value.name == "TooManyRequestsException"


def test_a_stream_that_is_throttled(official, fleet):
    fleet.faults.of = lambda _: Throttle()
    text = (
        r"AWS Concurrency limit reached \(Original Error: Rate Exceeded.\). See "
        "https://www.remotion.dev/docs/lambda/troubleshooting/rate-limit for tips to fix this."
    )
    with pytest.raises(OfficialError, match=text):
        official("renderStillOnLambda", **STILL)


def test_an_error_has_the_message_and_the_stack_of_the_function(official):
    with pytest.raises(OfficialError) as caught:
        official.started(**{**RENDER, "functionName": PYTHON})
    message = (
        f"Version mismatch: When calling renderMediaOnLambda(), you passed {PYTHON} as the "
        "function, which has the version 4.0.539, but the @remotion/lambda package you used to "
        "invoke the function has version 4.0.527. Deploy a new function and use it to call "
        "getRenderProgress(). See: https://www.remotion.dev/docs/lambda/upgrading"
    )
    assert caught.value.message == message
    assert f"Error: {message}\n    at " in caught.value.stack
    assert "framefleet/routines/start.py" in caught.value.stack


def test_there_is_no_progress_of_a_render_that_is_not_there(official):
    text = f'No render with ID "abcdefghij" found in bucket {BUCKET} and region us-east-1'
    with pytest.raises(OfficialError) as caught:
        official(
            "getRenderProgress", functionName=JAVASCRIPT, bucketName=BUCKET, renderId="abcdefghij"
        )
    assert caught.value.message == text


def test_a_still_has_no_progress(official):
    still = official("renderStillOnLambda", **STILL).result
    with pytest.raises(OfficialError, match="You don't need to call getRenderProgress"):
        official(
            "getRenderProgress",
            functionName=JAVASCRIPT,
            bucketName=BUCKET,
            renderId=still["renderId"],
        )


@pytest.mark.parametrize(
    ("compatible_only", "versions"),
    [(True, ["4.0.527"]), (False, ["4.0.527", "4.0.539"])],
    ids=["compatible", "all"],
)
def test_functions_of_two_versions_are_told_apart(official, compatible_only, versions):
    found = official("getFunctions", compatibleOnly=compatible_only).result
    assert [
        (each["functionName"], each["version"], each["memorySizeInMb"], each["timeoutInSeconds"])
        for each in found
    ] == [
        (name, version, 2048, 120)
        for name, version in zip((JAVASCRIPT, PYTHON), versions, strict=False)
    ]


def test_a_function_that_is_killed_while_it_starts_a_render(official, fleet):
    def kill(invocation: Invocation) -> Kill | None:
        return Kill() if json.loads(invocation.payload)["type"] == "start" else None

    fleet.faults.of = kill
    with pytest.raises(OfficialError, match="Lambda function returned error: Unhandled"):
        official.started(**RENDER)


def test_a_function_that_is_killed_while_it_streams(official, fleet):
    fleet.faults.of = lambda _: Kill(after_s=0.1)
    text = f"Lambda function {JAVASCRIPT} failed with error code Runtime.TruncatedResponse: "
    with pytest.raises(OfficialError, match=text):
        official("renderStillOnLambda", **STILL)
