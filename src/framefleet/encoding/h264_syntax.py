"""Bits and units of an H.264 stream (ITU-T H.264, 08/2021; clauses are cited from it)."""

from __future__ import annotations

import re
from collections.abc import Iterator

_START_CODE = b"\0\0\1"
# A decoder takes these for a start code, or for the mark that keeps them apart (7.4.1).
_FORBIDDEN = re.compile(rb"\0\0(?=[\0-\3])")


class BitReader:
    """Reads a payload from its highest bit on. Past its end it raises ValueError."""

    def __init__(self, payload: bytes) -> None:
        self._value = int.from_bytes(payload)
        self._left = 8 * len(payload)

    def u(self, bits: int) -> int:
        """An unsigned number of `bits` bits: u(n)."""
        if bits > self._left:
            raise ValueError("an H.264 unit ends too early")
        self._left -= bits
        return self._value >> self._left & (1 << bits) - 1

    def flag(self) -> bool:
        """One bit."""
        return self.u(1) == 1

    def ue(self) -> int:
        """An unsigned number in Exp-Golomb code: ue(v), 9.1."""
        zeros = 0
        while not self.flag():
            zeros += 1
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """A signed number in Exp-Golomb code: se(v), 9.1.1."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


class BitWriter:
    """Writes what `BitReader` reads."""

    def __init__(self) -> None:
        self._value = 0
        self._length = 0

    def u(self, value: int, bits: int) -> None:
        """An unsigned number of `bits` bits: u(n)."""
        self._value = self._value << bits | value
        self._length += bits

    def ue(self, value: int) -> None:
        """An unsigned number in Exp-Golomb code: ue(v), 9.1."""
        self.u(value + 1, 2 * (value + 1).bit_length() - 1)

    def se(self, value: int) -> None:
        """A signed number in Exp-Golomb code: se(v), 9.1.1."""
        self.ue(2 * value - 1 if value > 0 else -2 * value)

    def align(self, bit: int) -> None:
        """Fill the last byte with `bit`."""
        missing = -self._length % 8
        self.u(((1 << missing) - 1) * bit, missing)

    def to_bytes(self) -> bytes:
        """What was written; the last byte has been filled before."""
        assert self._length % 8 == 0
        return self._value.to_bytes(self._length // 8)


def units_of(stream: bytes) -> Iterator[bytes]:
    """The units of a stream in Annex B's form, without start codes."""
    start = stream.find(_START_CODE)
    while start >= 0:
        end = stream.find(_START_CODE, start + 3)
        unit = stream[start + 3 :] if end < 0 else stream[start + 3 : end]
        # A zero before a start code belongs to it; no unit ends with one.
        yield unit.rstrip(b"\0")
        start = end


def escaped(unit: bytes) -> bytes:
    """The unit as it lies in a stream: nothing in it looks like a start code (7.4.1)."""
    return _FORBIDDEN.sub(b"\0\0\3", unit)


def unescaped(unit: bytes) -> bytes:
    """The unit as it is meant, its marks against start codes taken out."""
    return unit.replace(b"\0\0\3", b"\0\0")


def as_stream(unit: bytes) -> bytes:
    """A unit, not escaped yet, in Annex B's form."""
    return b"\0" + _START_CODE + escaped(unit)
