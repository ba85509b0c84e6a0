"""Bits, Exp-Golomb codes and units of H.264, against tables of the standard."""

from __future__ import annotations

import random

import pytest

from framefleet.encoding.h264_syntax import (
    BitReader,
    BitWriter,
    as_stream,
    escaped,
    unescaped,
    units_of,
)


def written(bits: str) -> bytes:
    assert len(bits) % 8 == 0
    return int(bits, 2).to_bytes(len(bits) // 8)


# ITU-T H.264, tables 9-2 and 9-3.
UNSIGNED = {0: "1", 1: "010", 2: "011", 3: "00100", 6: "00111", 7: "0001000", 8: "0001001"}
SIGNED = {0: "1", 1: "010", -1: "011", 2: "00100", -2: "00101", 3: "00110", -3: "00111"}


@pytest.mark.parametrize(("value", "code"), UNSIGNED.items())
def test_unsigned_codes(value, code):
    bits = BitWriter()
    bits.ue(value)
    bits.align(1)
    assert bits.to_bytes() == written(code.ljust(8, "1"))
    assert BitReader(bits.to_bytes()).ue() == value


@pytest.mark.parametrize(("value", "code"), SIGNED.items())
def test_signed_codes(value, code):
    bits = BitWriter()
    bits.se(value)
    bits.align(0)
    assert bits.to_bytes() == written(code.ljust(8, "0"))
    assert BitReader(bits.to_bytes()).se() == value


def test_what_is_written_is_read():
    random.seed(1)
    values = [(random.choice("uvs"), random.randrange(9000)) for _ in range(500)]
    bits = BitWriter()
    for kind, value in values:
        match kind:
            case "u":
                bits.u(value, 14)
            case "v":
                bits.ue(value)
            case "s":
                bits.se(-value)
    bits.align(0)
    reader = BitReader(bits.to_bytes())
    read = {"u": lambda: reader.u(14), "v": reader.ue, "s": lambda: -reader.se()}
    assert [(kind, read[kind]()) for kind, _ in values] == values


@pytest.mark.parametrize("payload", [b"", b"\0", b"\x01"])
def test_a_payload_that_ends_too_early(payload):
    with pytest.raises(ValueError, match="too early"):
        BitReader(payload).ue()


@pytest.mark.parametrize(
    ("meant", "stored"),
    [
        (b"\0\0\0", b"\0\0\3\0"),
        (b"\0\0\1\0\0\2", b"\0\0\3\1\0\0\3\2"),
        (b"\0\0\3", b"\0\0\3\3"),
        (b"\0\0\4\0\1", b"\0\0\4\0\1"),
        (b"\0\0\0\0\0\1", b"\0\0\3\0\0\3\0\1"),
        (b"\0\0\0\0\1\0\0\3", b"\0\0\3\0\0\3\1\0\0\3\3"),
    ],
)
def test_nothing_looks_like_a_start_code(meant, stored):
    assert escaped(meant) == stored
    assert unescaped(stored) == meant


def test_units_lie_between_start_codes():
    units = [b"\x67\1\0\0\0\1\2", b"\x68\0\0\0\0\0\3", b"\x65" + bytes(200) + b"\x80"]
    stream = b"".join(as_stream(unit) for unit in units)
    assert stream.startswith(b"\0\0\0\1\x67")
    assert [unescaped(unit) for unit in units_of(stream)] == units
    assert [*units_of(b"")] == [*units_of(b"no start code")] == []
