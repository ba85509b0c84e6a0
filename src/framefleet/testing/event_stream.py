"""`application/vnd.amazon.eventstream`: how Lambda frames what a function streams.

Layout: spec/serverless-wire.md 1.3. A message is length, length of headers, CRC of both, headers,
payload, CRC of everything before; all numbers are big endian.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping

CONTENT_TYPE = "application/vnd.amazon.eventstream"
# A message may hold 16 MB; clients read smaller ones sooner.
LARGEST_PAYLOAD_BYTES = 1 << 20
_STRING = 7
_OVERHEAD_BYTES = 16


def encode_message(headers: Mapping[str, str], payload: bytes = b"") -> bytes:
    """One message with string headers."""
    packed = b"".join(_header(name, value) for name, value in headers.items())
    total = _OVERHEAD_BYTES + len(packed) + len(payload)
    prelude = struct.pack(">II", total, len(packed))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + packed + payload
    return message + struct.pack(">I", zlib.crc32(message))


def payload_chunk(data: bytes) -> bytes:
    """What a function has put out, as one or more messages."""
    parts = range(0, max(len(data), 1), LARGEST_PAYLOAD_BYTES)
    return b"".join(_event("PayloadChunk", data[at : at + LARGEST_PAYLOAD_BYTES]) for at in parts)


def invoke_complete(
    *, error_code: str = "", error_details: str = "", log_result: str | None = None
) -> bytes:
    """The last message of a stream.

    Args:
        error_code: empty if the function succeeded.
        log_result: base64 of the log's end, if the client has asked for it.
    """
    content: dict[str, str] = {}
    if error_code:
        content |= {"ErrorCode": error_code, "ErrorDetails": error_details}
    if log_result is not None:
        content["LogResult"] = log_result
    return _event("InvokeComplete", json.dumps(content).encode())


def _event(kind: str, payload: bytes) -> bytes:
    content_type = "application/json" if kind == "InvokeComplete" else "application/octet-stream"
    return encode_message(
        {":message-type": "event", ":event-type": kind, ":content-type": content_type}, payload
    )


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes([len(key)]) + key + bytes([_STRING]) + struct.pack(">H", len(text)) + text
