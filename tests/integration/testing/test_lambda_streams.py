"""Answers that come in pieces, and faults that a test asks for."""

from __future__ import annotations

import base64
import http.client
import json
import sys
import time
from pathlib import Path

import pytest

from framefleet.testing.local_lambda import (
    Delay,
    Duplicate,
    Ended,
    Invocation,
    Kill,
    ServerError,
    Throttle,
    Vanish,
)
from tests.integration.testing.calls import lines_of, refusal, until

HERE = Path(__file__).parent


# Streams.


def test_pieces_arrive_in_order_and_before_the_function_has_ended(serve, tmp_path):
    served, go = serve(is_streaming=True), tmp_path / "go"
    events = iter(served.stream(["send", "one"], ["wait", str(go)], ["send", "two"]))
    assert next(events) == {"PayloadChunk": {"Payload": b"one"}}
    go.touch()
    assert list(events) == [{"PayloadChunk": {"Payload": b"two"}}, {"InvokeComplete": {}}]


@pytest.mark.alone
def test_headers_come_before_the_function_starts(serve):
    served = serve(command=[sys.executable, "-c", "import time; time.sleep(60)"])
    connection = http.client.HTTPConnection(served.service.url.removeprefix("http://"))
    path = "/2021-11-15/functions/under-test/response-streaming-invocations"
    start = time.monotonic()
    connection.request("POST", path, b"{}")
    answer = connection.getresponse()
    assert time.monotonic() - start < 1
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/vnd.amazon.eventstream"
    assert answer.headers["X-Amz-Executed-Version"] == "$LATEST"
    answer.close()
    connection.close()


def test_large_pieces_and_many_small_ones_arrive_whole(serve):
    served = serve(is_streaming=True)
    pieces = ["x" * 3_000_000, *(str(number) for number in range(500))]
    events = list(served.stream(*(["send", piece] for piece in pieces)))
    assert events.pop() == {"InvokeComplete": {}}
    received = b"".join(event["PayloadChunk"]["Payload"] for event in events)
    assert received == "".join(pieces).encode()


def test_the_end_of_the_log_comes_with_the_end_of_the_stream(serve):
    *_, last = serve(is_streaming=True).stream(["send", "one"], LogType="Tail")
    assert b"START RequestId" in base64.b64decode(last["InvokeComplete"]["LogResult"])


def test_an_error_in_the_trailers_ends_the_stream(serve):
    served = serve(is_streaming=True)
    steps = [["send", "one"], ["error", "Function.Boom", '{"errorMessage": "boom"}']]
    assert list(served.stream(*steps)) == [
        {"PayloadChunk": {"Payload": b"one"}},
        {
            "InvokeComplete": {
                "ErrorCode": "Function.Boom",
                "ErrorDetails": '{"errorMessage": "boom"}',
            }
        },
    ]
    answer = served.lambda_.invoke(FunctionName=served.name, Payload=json.dumps(steps))
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read()) == {"errorMessage": "boom"}


@pytest.mark.parametrize(
    ("last", "details"),
    [
        (["exit", 9], {"errorType": "Runtime.ExitError", "errorMessage": "exit status 9"}),
        (
            ["close"],
            {"errorType": "Runtime.TruncatedResponse", "errorMessage": "did not end its response"},
        ),
    ],
)
def test_a_stream_that_breaks_off_is_truncated(serve, last, details):
    first, complete = serve(is_streaming=True).stream(["send", "one"], last)
    assert first == {"PayloadChunk": {"Payload": b"one"}}
    assert complete["InvokeComplete"]["ErrorCode"] == "Runtime.TruncatedResponse"
    seen = json.loads(complete["InvokeComplete"]["ErrorDetails"])
    assert seen["errorType"] == details["errorType"]
    assert details["errorMessage"] in seen["errorMessage"]


@pytest.mark.parametrize(
    ("event", "details"),
    [
        ({"do": "exit", "status": 7}, "Runtime exited with error: exit status 7"),
        ({"do": "sleep", "seconds": 30}, "Task timed out after 0.50 seconds"),
        ({"do": "fail"}, "no such luck"),
    ],
)
def test_a_failure_before_the_response_is_unhandled(serve, event, details):
    [complete] = serve(function={"timeout_s": 0.5}).stream(payload=event)
    assert complete["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert details in json.loads(complete["InvokeComplete"]["ErrorDetails"])["errorMessage"]


def test_a_buffered_response_is_one_piece_of_a_stream(serve):
    piece, complete = serve().stream(payload={"do": "echo"})
    assert json.loads(piece["PayloadChunk"]["Payload"])["event"] == {"do": "echo"}
    assert complete == {"InvokeComplete": {}}


def test_a_streamed_response_is_collected_for_who_wants_no_stream(serve):
    served = serve(is_streaming=True, buffered_response_bytes=10)
    steps = [["send", '{"a"'], ["send", ": 1}"]]
    answer = served.lambda_.invoke(FunctionName=served.name, Payload=json.dumps(steps))
    assert json.loads(answer["Payload"].read()) == {"a": 1}
    steps = [["send", "x" * 11]]
    answer = served.lambda_.invoke(FunctionName=served.name, Payload=json.dumps(steps))
    assert json.loads(answer["Payload"].read())["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_stream_has_a_limit(serve):
    events = list(
        serve(is_streaming=True, streamed_response_bytes=5).stream(
            ["send", "12345"], ["send", "6"], ["send", "7"]
        )
    )
    assert events[0] == {"PayloadChunk": {"Payload": b"12345"}}
    details = json.loads(events[1]["InvokeComplete"]["ErrorDetails"])
    assert details["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_stream_beyond_the_limit_is_refused(serve, tmp_path):
    served, go = serve(is_streaming=True, concurrency_limit=1), tmp_path / "go"
    busy = iter(served.stream(["send", "one"], ["wait", str(go)]))
    next(busy)
    answer = refusal(served.stream, ["send", "two"])
    assert answer["Error"]["Code"] == "TooManyRequestsException"
    go.touch()
    assert list(busy) == [{"InvokeComplete": {}}]


def test_a_client_that_goes_away_does_not_stop_the_function(serve, tmp_path):
    served, go, done = serve(is_streaming=True), tmp_path / "go", tmp_path / "done"
    big = ["send", "x" * 1_000_000]
    stream = served.stream(["send", "one"], ["wait", str(go)], *[big] * 5, ["note", str(done)])
    next(iter(stream))
    stream.close()
    go.touch()
    assert until(done.exists)
    assert list(served.stream(["send", "still there"]))[-1] == {"InvokeComplete": {}}


# Faults.


def first_time(fault):
    """A hook that does this to the first invocation only."""
    return lambda invocation: fault if invocation.number == 1 else None


def test_the_hook_sees_what_is_invoked(serve):
    asked: list[Invocation] = []
    served = serve(on_invoke=asked.append)
    served.invoke(do="echo")
    list(served.stream(payload={"do": "echo"}))
    served.invoke(do="echo", kind="Event")
    until(lambda: len(asked) == 3)
    assert [invocation.type for invocation in asked] == [
        "RequestResponse",
        "ResponseStream",
        "Event",
    ]
    assert [invocation.number for invocation in asked] == [1, 2, 3]
    assert {invocation.function_name for invocation in asked} == {"under-test"}
    assert json.loads(asked[0].payload) == {"do": "echo"}


def test_another_hook_sees_how_it_ends(serve):
    ended: list[Ended] = []
    served = serve(on_end=ended.append)
    assert served.invoke(do="echo")["Payload"]["event"] == {"do": "echo"}
    served.invoke(do="fail")
    echoed, failed = ended
    assert (echoed.function_name, echoed.error) == ("under-test", None)
    assert json.loads(echoed.payload) == json.loads(echoed.response)["event"]
    assert 0 < echoed.took_s < 60
    assert failed.error is not None
    assert json.loads(failed.error)["errorMessage"] == "no such luck"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Throttle(), 429, "TooManyRequestsException"),
        (ServerError(502), 502, "ServiceException"),
    ],
)
def test_the_hook_may_refuse(serve, fault, status, code):
    served = serve(on_invoke=first_time(fault))
    answer = refusal(served.invoke, do="echo")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert answer["Error"]["Code"] == code
    assert served.invoke(do="echo")["Payload"]["invocations"] == 1


def test_the_hook_may_delay(serve):
    served = serve(on_invoke=first_time(Delay(0.4)))
    start = time.monotonic()
    served.invoke(do="echo")
    assert time.monotonic() - start >= 0.4


def test_the_hook_may_kill_a_sandbox_at_work(serve):
    served = serve(on_invoke=first_time(Kill(after_s=0.1)))
    answer = served.invoke(do="sleep", seconds=30)
    assert answer["Payload"]["errorType"] == "Runtime.ExitError"
    assert "signal: killed" in answer["Payload"]["errorMessage"]


def test_the_hook_may_cut_a_connection_and_the_function_runs_on(serve, tmp_path):
    notes = tmp_path / "notes"
    served = serve(on_invoke=first_time(Vanish(after_s=0.1)))
    connection = http.client.HTTPConnection(served.service.url.removeprefix("http://"))
    event = json.dumps({"do": "note", "file": str(notes), "seconds": 0.5})
    connection.request("POST", "/2015-03-31/functions/under-test/invocations", event)
    with pytest.raises(ConnectionError):
        connection.getresponse()
    connection.close()
    until(lambda: lines_of(notes))
    assert served.invoke(do="echo")["StatusCode"] == 200


def test_the_hook_may_deliver_an_event_twice(serve, tmp_path):
    notes = tmp_path / "notes"
    served = serve(on_invoke=first_time(Duplicate()))
    served.invoke(do="note", file=str(notes), kind="Event")
    until(lambda: len(lines_of(notes)) == 2)
    assert len(set(lines_of(notes))) == 1


def test_an_event_that_is_throttled_is_kept(serve, tmp_path):
    notes = tmp_path / "notes"
    served = serve(on_invoke=first_time(Throttle()), event_retry_pause_s=0.2)
    assert served.invoke(do="note", file=str(notes), kind="Event")["StatusCode"] == 202
    assert not lines_of(notes)
    assert len(until(lambda: lines_of(notes))) == 1
