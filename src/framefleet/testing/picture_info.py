"""What a picture file is and how large, told from its own bytes."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

# JPEG markers that open with the size; C4, C8 and CC mean something else (ITU-T T.81, B.1.1.3).
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """`kind` is png, jpeg, webp or pdf; the size is in pixels, of a pdf's page in points.

    A CSS pixel is 0.75 points.
    """

    kind: str
    width: float
    height: float


def picture_info(data: bytes) -> PictureInfo:
    """Read signature and size of a picture.

    Raises:
        ValueError: the bytes are none of these, or a PDF has not one page.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PictureInfo("png", *struct.unpack_from(">II", data, 16))
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data.startswith(b"%PDF-"):
        return _pdf(data)
    raise ValueError(f"no PNG, JPEG, WebP or PDF: {data[:16]!r}")


def _jpeg(data: bytes) -> PictureInfo:
    at = 2
    while data[at + 1] not in _FRAME_HEADERS:
        standalone = data[at + 1] in _STANDALONE
        at += 2 if standalone else 2 + struct.unpack_from(">H", data, at + 2)[0]
    height, width = struct.unpack_from(">HH", data, at + 5)
    return PictureInfo("jpeg", width, height)


def _webp(data: bytes) -> PictureInfo:
    match data[12:16]:
        case b"VP8 ":
            width, height = (edge & 0x3FFF for edge in struct.unpack_from("<HH", data, 26))
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        case chunk:
            raise ValueError(f"a WebP that opens with {chunk!r}")
    return PictureInfo("webp", width, height)


def _pdf(data: bytes) -> PictureInfo:
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", data)
    if len(boxes) != 1:
        raise ValueError(f"a PDF of {len(boxes)} pages")
    width, height = (float(edge) for edge in boxes[0])
    return PictureInfo("pdf", width, height)
