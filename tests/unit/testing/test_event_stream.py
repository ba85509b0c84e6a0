"""Messages of a stream are read by a decoder that is not ours."""

from __future__ import annotations

import json

import pytest
from botocore.eventstream import EventStreamBuffer

from framefleet.testing.event_stream import encode_message, invoke_complete, payload_chunk


def decoded(data):
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


@pytest.mark.parametrize("size", [0, 1, 1 << 20])
def test_both_checksums_hold_for_every_size(size):
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    [message] = decoded(payload_chunk(data))
    assert message.payload == data
    assert message.headers == {
        ":message-type": "event",
        ":event-type": "PayloadChunk",
        ":content-type": "application/octet-stream",
    }


def test_a_large_piece_becomes_several_messages():
    data = b"a" * (1 << 20) + b"b"
    assert [message.payload for message in decoded(payload_chunk(data))] == [data[:-1], b"b"]


@pytest.mark.parametrize(
    ("arguments", "content"),
    [
        ({}, {}),
        ({"log_result": "bG9n"}, {"LogResult": "bG9n"}),
        (
            {"error_code": "Unhandled", "error_details": '{"errorType":"É"}'},
            {"ErrorCode": "Unhandled", "ErrorDetails": '{"errorType":"É"}'},
        ),
    ],
)
def test_the_last_message_says_how_it_went(arguments, content):
    [message] = decoded(invoke_complete(**arguments))
    assert json.loads(message.payload) == content
    assert message.headers[":event-type"] == "InvokeComplete"
    assert message.headers[":content-type"] == "application/json"


def test_bytes_are_those_of_the_specification():
    # Checked by hand: 16 bytes of frame, 5 of headers, 2 of payload.
    message = encode_message({"a": ""}, b"{}")
    assert message[:8].hex() == "0000001700000005"
    assert message[12:19] == b"\x01a\x07\x00\x00{}"
