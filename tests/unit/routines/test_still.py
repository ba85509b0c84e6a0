"""A still that cannot be rendered, as clients that read a stream hear of it."""

from __future__ import annotations

import pytest

from framefleet.routines.call import Call
from framefleet.routines.still import stream_still
from framefleet.wire.framing import FrameParser, MessageType

pytestmark = pytest.mark.anyio

CALL = Call(
    function_name="fn",
    region="us-east-1",
    account_id="123456789012",
    memory_size_in_mb=2048,
    request_id="id",
    started_ms=0,
    deadline_ms=1,
)


@pytest.mark.parametrize(
    ("given", "retries"),
    [({}, 1), ({"maxRetries": 0}, 0), ({"maxRetries": 2}, 2), ({"maxRetries": "3"}, 3)],
)
async def test_an_error_may_be_tried_again_if_tries_are_left(given, retries):
    told = bytearray()

    async def send(data):
        told.extend(data)

    payload = {"type": "still", "version": "4.0.527", "composition": "film", **given}
    await stream_still(payload, CALL, send)
    [message] = FrameParser().feed(bytes(told))
    assert message.type is MessageType.ERROR_OCCURRED
    assert message.payload["shouldRetry"] is (retries > 0)
    info = message.payload["errorInfo"]
    assert info["totalAttempts"] == 1 + retries
    assert info["message"].startswith('"serveURL" parameter must be a string')
