"""Stills of functions that fail in the middle: what a caller hears, and how often.

What Lambda answers is written in the test, byte by byte; local Lambdas do not fail so.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler

import pytest

from framefleet import aws
from framefleet.errors import (
    CredentialsError,
    FunctionError,
    FunctionLostError,
    FunctionThrottledError,
)
from framefleet.testing.event_stream import encode_message, invoke_complete, payload_chunk
from framefleet.wire.framing import MessageType, frame
from tests.services.serving import serving

LOGS = (
    "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/"
    "log-group/$252Faws$252Flambda$252Ffn/log-events$3FfilterPattern$3D$2522request-1$2522"
)
STILL = {
    "type": "success", "output": "https://s3/out.png", "outKey": "renders/b/out.png", "size": 7,
    "bucketName": "bucket", "renderId": "b", "estimatedPrice": {}, "receivedArtifacts": [],
}  # fmt: skip


def begun(render_id):
    return payload_chunk(frame(MessageType.RENDER_ID_DETERMINED, {"renderId": render_id}))


DONE = payload_chunk(frame(MessageType.STILL_RENDERED, STILL)) + invoke_complete()
CRASHED = invoke_complete(error_code="Unhandled", error_details="Runtime exited")


def exception(kind, message):
    headers = {":message-type": "exception", ":exception-type": kind}
    return encode_message(headers, json.dumps({"message": message}).encode())


def damaged(answer):
    return answer[:-1] + bytes([answer[-1] ^ 1])


@pytest.fixture
def answers(monkeypatch):
    """What Lambda answers, call by call; each answer is taken once."""
    waiting: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = waiting.pop(0)
            self.send_response(200)
            self.send_header("x-amzn-RequestId", "request-1")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            """Say nothing."""

    with serving(Handler) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield waiting


def still(**options):
    return aws.render_still_on_lambda(
        function_name="fn", serve_url="https://example.com", composition="film",
        region="eu-west-1", **options,
    )  # fmt: skip


class TestRetries:
    def test_one_that_is_called_again_has_begun_once(self, answers):
        answers += [begun("a") + CRASHED, begun("b") + DONE]
        heard: list[aws.StartedStill] = []
        found = still(on_init=heard.append, max_retries=1)
        assert found.url == STILL["output"]
        assert [started.render_id for started in heard] == ["a"]

    def test_it_is_called_as_often_as_was_said(self, answers):
        answers += [begun("a") + CRASHED] * 3 + [DONE]
        with pytest.raises(FunctionLostError):
            still(max_retries=2)
        assert answers == [DONE]

    def test_without_retries_it_is_called_once(self, answers):
        answers += [CRASHED, DONE]
        with pytest.raises(FunctionLostError):
            still(max_retries=0)
        assert answers == [DONE]

    def test_an_error_that_the_function_tells_of_is_not_tried_again(self, answers):
        told = {"error": "Error: no\n    at x", "errorInfo": {"message": "no"}, "shouldRetry": True}
        answers += [begun("a") + payload_chunk(frame(MessageType.ERROR_OCCURRED, told)), DONE]
        with pytest.raises(FunctionError, match=r"^no$"):
            still(max_retries=1)
        assert answers == [DONE]


@pytest.mark.anyio
async def test_a_callback_may_be_asynchronous(answers):
    answers.append(begun("b") + DONE)
    heard = []

    async def told(started):
        heard.append(started.to_dict())

    await aws.aio.render_still_on_lambda(
        function_name="fn", serve_url="https://example.com", composition="film",
        region="eu-west-1", on_init=told,
    )  # fmt: skip
    [started] = heard
    assert started["renderId"] == "b"
    assert "method$253Dstill$252CrenderId$253Db" in started["cloudWatchLogs"]


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (
            CRASHED,
            FunctionLostError,
            "Lambda function fn failed with an unhandled error: Runtime exited "
            f"See {LOGS} to see the logs of this invocation.",
        ),
        (
            invoke_complete(error_code="Runtime.Truncated", error_details="cut"),
            FunctionLostError,
            "Lambda function fn failed with error code Runtime.Truncated: cut. "
            f"See {LOGS} to see the logs of this invocation.",
        ),
        (
            exception("TooManyRequestsException", "Rate Exceeded."),
            FunctionThrottledError,
            "AWS Concurrency limit reached (Original Error: TooManyRequestsException: Rate "
            "Exceeded.). See https://www.remotion.dev/docs/lambda/troubleshooting/rate-limit for "
            "tips to fix this.",
        ),
        (
            exception("ServiceException", "We have a fault."),
            FunctionLostError,
            "The answer of the function fn broke off: ServiceException: We have a fault.",
        ),
        (
            encode_message(
                {":message-type": "error", ":error-code": "Internal", ":error-message": "no"}
            ),
            FunctionLostError,
            "The answer of the function fn broke off: Internal: no",
        ),
        (begun("a"), FunctionLostError, "The answer of the function fn ended in the middle."),
    ],
)
def test_what_goes_wrong_in_the_middle_is_told(answers, answer, kind, message):
    answers.append(answer)
    with pytest.raises(FunctionError) as caught:
        still(max_retries=0)
    assert type(caught.value) is kind
    assert caught.value.message == message
    assert caught.value.context["function"] == "fn"


def test_bytes_that_changed_on_the_way_are_noticed(answers):
    answers.append(damaged(begun("a")))
    with pytest.raises(FunctionLostError, match=r"^The answer of the function fn was damaged"):
        still(max_retries=0)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
    ],
)
def test_a_half_of_the_credentials_is_not_enough(answers, monkeypatch, tmp_path, given, missing):
    monkeypatch.delenv(missing)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CredentialsError) as caught:
        still()
    assert caught.value.message == (
        "You have tried to call a Remotion Lambda function, but have not set the environment "
        f"variable {missing} or REMOTION_{missing}."
    )
