"""What `framefleet lambda local` says of each call: that it begins, and what came of it."""

from __future__ import annotations

import json

import pytest

from framefleet.cli.cloud_lambda.local import begun_line, ended_line
from framefleet.testing.local_lambda import Ended, Invocation
from framefleet.wire.framing import MessageType, frame

CHUNK = {"type": "renderer", "renderId": "abc", "chunk": 3, "attempt": 2}


def test_a_call_begins():
    payload = json.dumps(CHUNK).encode()
    call = Invocation(function_name="fn", type="ResponseStream", payload=payload, number=1)
    assert begun_line(call) == "fn renderer abc chunk 3 attempt 2"


@pytest.mark.parametrize(
    ("error", "response", "came"),
    [
        (None, b'{"type":"success"}', "ok"),
        (None, b"", "ok"),
        (None, frame(MessageType.LAMBDA_INVOKED, {"attempt": 1}), "ok"),
        (None, b'{"type":"error","message":"no\\nbecause","stack":""}', "failed: no"),
        (
            None,
            frame(MessageType.LAMBDA_INVOKED, {"attempt": 1})
            + frame(MessageType.ERROR_OCCURRED, {"error": "Error: no\n    at x"}),
            "failed: Error: no",
        ),
        ('{"errorType":"X","errorMessage":"Task timed out"}', b"{}", "failed: Task timed out"),
        ("killed", b"", "failed: killed"),
    ],
)
def test_a_call_ends(error, response, came):
    payload = json.dumps(CHUNK).encode()
    ended = Ended(
        function_name="fn", payload=payload, took_s=1.2345, error=error, response=response
    )
    assert ended_line(ended) == f"fn renderer abc chunk 3 attempt 2 1234 ms {came}"
