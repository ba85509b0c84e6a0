"""Messages in a stream, however it is cut."""

from __future__ import annotations

import json

import pytest

from framefleet.errors import FunctionError
from framefleet.wire.framing import FrameParser, Message, MessageType, frame

SEPARATOR = b"remotion_buffer:"
# Bodies that hold what frames are made of.
BINARY = b"\x00\xff" + SEPARATOR + b"4:3:0:abc" + SEPARATOR + b"\n"
IDS = {
    1: "frames-rendered",
    2: "error-occurred",
    3: "render-id-determined",
    4: "video-chunk-rendered",
    5: "audio-chunk-rendered",
    6: "still-rendered",
    7: "chunk-complete",
    8: "lambda-invoked",
    9: "artifact-emitted",
    10: "frames-uploaded",
}


def parsed(*pieces: bytes) -> list[Message]:
    parser = FrameParser()
    return [message for piece in pieces for message in parser.feed(piece)]


def message_of(kind: MessageType) -> tuple[bytes, Message]:
    if kind.is_binary:
        return frame(kind, BINARY), Message(type=kind, body=BINARY)
    payload = {"id": kind.value, "text": "remotion_buffer:1:2:0:{é}"}
    body = f'{{"id":{kind.value},"text":"remotion_buffer:1:2:0:\\u007bé\\u007d"}}'
    return frame(kind, payload), Message(type=kind, body=body.encode())


def test_ids_have_the_references_names():
    assert {kind.value: kind.wire_name for kind in MessageType} == IDS
    assert [kind.value for kind in MessageType if kind.is_binary] == [4, 5]


def test_a_frame_has_type_length_and_status_before_its_body():
    assert frame(MessageType.LAMBDA_INVOKED, {"attempt": 1}) == (
        b'remotion_buffer:8:13:0:{"attempt":1}'
    )
    assert frame(MessageType.VIDEO_CHUNK_RENDERED, b"") == b"remotion_buffer:4:0:0:"
    # The length counts bytes.
    assert frame(MessageType.ERROR_OCCURRED, {"e": "é"}) == (
        b"remotion_buffer:2:10:0:" + '{"e":"é"}'.encode()
    )


@pytest.mark.parametrize("kind", MessageType)
def test_every_message_survives_its_way(kind):
    sent, expected = message_of(kind)
    assert parsed(sent) == [expected]
    if not kind.is_binary:
        assert expected.payload == {"id": kind.value, "text": "remotion_buffer:1:2:0:{é}"}


@pytest.mark.parametrize("size", [1, 2, 7, 16, 17, 100, 10_000])
def test_a_stream_may_be_cut_anywhere(size):
    sent = [message_of(kind) for kind in MessageType]
    stream = b"".join(data for data, _ in sent)
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert parsed(*pieces) == [message for _, message in sent]


def test_a_stream_may_be_cut_in_two_anywhere():
    (one, first), (two, second) = (message_of(MessageType(number)) for number in (4, 6))
    stream = one + two
    for at in range(len(stream) + 1):
        assert parsed(stream[:at], stream[at:]) == [first, second]


def test_a_message_comes_as_soon_as_its_body_is_whole():
    sent, expected = message_of(MessageType.FRAMES_RENDERED)
    parser = FrameParser()
    assert list(parser.feed(sent[:-1])) == []
    assert list(parser.feed(sent[-1:] + sent[:5])) == [expected]
    assert list(parser.feed(sent[5:])) == [expected]


def test_a_piece_counts_though_nobody_asks_for_its_messages():
    sent, expected = message_of(MessageType.FRAMES_RENDERED)
    parser = FrameParser()
    parser.feed(sent)
    assert list(parser.feed(sent)) == [expected, expected]


def test_bytes_before_and_between_messages_are_dropped():
    sent, expected = message_of(MessageType.STILL_RENDERED)
    noise = b"remotion_buffe noise remotion_"
    assert parsed(noise + sent + noise + sent) == [expected, expected]
    assert parsed(*(bytes([byte]) for byte in noise + sent)) == [expected]


def test_the_status_says_whether_it_is_an_error():
    assert [found.is_error for found in parsed(b"remotion_buffer:2:2:1:{}")] == [True]


@pytest.mark.parametrize("number", [0, 11, 999])
def test_an_unknown_type_is_refused(number):
    with pytest.raises(FunctionError) as caught:
        parsed(SEPARATOR + f"{number}:2:0:{{}}".encode())
    assert str(caught.value) == f"Unknown message type id {number}"


@pytest.mark.parametrize("header", [b"1:x:0:{}", b"1:2:zero:", b"9" * 40, b"no colons at all " * 3])
def test_a_broken_header_is_refused(header):
    with pytest.raises(FunctionError, match="broken message"):
        parsed(SEPARATOR + header)


def test_a_body_that_is_no_json_is_refused():
    with pytest.raises(FunctionError, match="A message still-rendered is not valid JSON"):
        _ = Message(type=MessageType.STILL_RENDERED, body=b"{").payload


def test_json_bodies_are_plain_json():
    sent = frame(MessageType.CHUNK_COMPLETE, {"start": 1.0, "rendered": 2})
    assert json.loads(sent.split(b":0:", 1)[1]) == {"start": 1, "rendered": 2}
