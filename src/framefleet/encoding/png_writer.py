"""Pixels to PNG, fast rather than small: a page on this machine reads each image once."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from framefleet.encoding.image_buffers import Bytes, ImageBuffers

try:
    # ISA-L's checksums take a sixth of zlib's time, and it packs 1080p in 7 ms instead of 30.
    from isal import isal_zlib  # type: ignore[import-not-found, unused-ignore]  # optional
except ImportError:
    checksum: Callable[..., int] = zlib.adler32
    crc: Callable[..., int] = zlib.crc32
    pack: Callable[[Any], bytes] | None = None
else:
    checksum, crc = isal_zlib.adler32, isal_zlib.crc32

    def pack(data: Any) -> bytes:
        """Deflate as a zlib stream."""
        packed: bytes = isal_zlib.compress(data, 1)
        return packed


SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOR_TYPES = {3: 2, 4: 6}  # by channels: RGB, RGBA
FILTER_NONE, FILTER_UP = 0, 2
# The header of a zlib stream without preset dictionary, and the longest stored block in it.
ZLIB_HEADER = b"\x78\x01"
STORED_BYTES = 65_535
# Packed to less than this part an image costs less in all, as Chromium copies it several times;
# filmed at 1080p, 1.2 of 6.2 MB saved 16 ms of CPU time, 3 MB would have cost some.
WORTHWHILE = 1 / 3
# After an image that was not worth it so many are stored before the next try.
STORED_IN_A_ROW = 32


class PngWriter:
    """Writes the images of one film: packed where its pictures are simple enough, else stored.

    Any number of threads may use it at once.
    """

    def __init__(self, buffers: ImageBuffers) -> None:
        self._buffers = buffers
        self._to_store = 0

    def write(self, pixels: npt.NDArray[np.uint8]) -> memoryview:
        """The PNG of (height, width, channels) uint8, RGB or RGBA with straight alpha."""
        height, width, channels = pixels.shape
        row_bytes = 1 + width * channels
        if row_bytes <= STORED_BYTES and (pack is None or self._to_store > 0):
            self._to_store -= 1
            return self._store(pixels)
        packed = self._pack(pixels)
        if len(packed) > WORTHWHILE * row_bytes * height:
            self._to_store = STORED_IN_A_ROW
        return memoryview(
            b"".join(
                (SIGNATURE, *_header(pixels.shape), *_chunk(b"IDAT", packed), *_chunk(b"IEND"))
            )
        )

    def _pack(self, pixels: npt.NDArray[np.uint8]) -> bytes:
        """The rows, each as its difference from the one above, deflated."""
        height, width, channels = pixels.shape
        rows = pixels.reshape(height, width * channels)
        filtered = self._buffers.lend(height * (1 + width * channels))
        table = filtered.reshape(height, 1 + width * channels)
        table[:, 0] = FILTER_UP
        table[0, 1:] = rows[0]
        np.subtract(rows[1:], rows[:-1], out=table[1:, 1:])
        return (pack or zlib.compress)(filtered.data)

    def _store(self, pixels: npt.NDArray[np.uint8]) -> memoryview:
        """A PNG whose rows lie in stored blocks, as many in each as it takes."""
        height, width, channels = pixels.shape
        rows = pixels.reshape(height, width * channels)
        row_bytes = 1 + width * channels
        rows_a_block = min(height, STORED_BYTES // row_bytes)
        blocks, rest = divmod(height, rows_a_block)
        body_bytes = height * row_bytes + 5 * (blocks + (rest > 0))
        head = b"".join((SIGNATURE, *_header(pixels.shape)))
        tail = b"".join(_chunk(b"IEND"))
        data_bytes = len(ZLIB_HEADER) + body_bytes + 4
        image = self._buffers.lend(len(head) + 12 + data_bytes + len(tail))
        view = image.data

        start = len(head)
        struct.pack_into(">I4s2s", view, start, data_bytes, b"IDAT", ZLIB_HEADER)
        image[:start] = np.frombuffer(head, np.uint8)
        body = start + 8 + len(ZLIB_HEADER)
        end = body + body_bytes
        block_bytes = 5 + rows_a_block * row_bytes
        table = image[body : body + blocks * block_bytes].reshape(blocks, block_bytes)
        _fill(table, rows[: blocks * rows_a_block], is_last=rest == 0)
        if rest:
            table = image[body + blocks * block_bytes : end].reshape(1, 5 + rest * row_bytes)
            _fill(table, rows[blocks * rows_a_block :], is_last=True)
        adler = 1
        for at in range(body, end, block_bytes):
            adler = checksum(view[at + 5 : min(at + block_bytes, end)], adler)
        struct.pack_into(">I", view, end, adler)
        struct.pack_into(">I", view, end + 4, crc(view[start + 4 : end + 4]))
        image[end + 8 :] = np.frombuffer(tail, np.uint8)
        return view.toreadonly()


def _fill(table: Bytes, rows: npt.NDArray[np.uint8], *, is_last: bool) -> None:
    """Write rows into stored blocks, (blocks, 5 + bytes of their rows)."""
    blocks, block_bytes = table.shape
    size = block_bytes - 5
    table[:, :5] = np.frombuffer(struct.pack("<BHH", 0, size, size ^ 0xFFFF), np.uint8)
    table[-1, 0] = is_last
    rows_a_block = len(rows) // blocks
    lines = table[:, 5:].reshape(blocks, rows_a_block, size // rows_a_block)
    lines[:, :, 0] = FILTER_NONE
    lines[:, :, 1:] = rows.reshape(blocks, rows_a_block, -1)


def _header(shape: tuple[int, ...]) -> tuple[bytes, ...]:
    height, width, channels = shape
    return _chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, 8, COLOR_TYPES[channels], 0, 0, 0)
    )


def _chunk(kind: bytes, body: bytes = b"") -> tuple[bytes, ...]:
    return struct.pack(">I", len(body)), kind, body, struct.pack(">I", crc(body, crc(kind)))
