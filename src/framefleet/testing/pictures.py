"""Pictures as Chromium would take them of a page that shows given pixels."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace, Interpolation

Pixels = npt.NDArray[np.uint8]


def png(pixels: Pixels) -> bytes:
    """A PNG of (height, width, 4) uint8, RGBA, straight alpha."""
    return _encoded("png", av.VideoFrame.from_ndarray(pixels, format="rgba"), {})


def jpeg(pixels: Pixels) -> bytes:
    """A JPEG of (height, width, 4) uint8, RGBA, its alpha left out; 4:2:0, all but lossless."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[..., :3]), format="rgb24")
    full = frame.reformat(
        format="yuvj420p",
        dst_colorspace=Colorspace.ITU601,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
    )
    return _encoded("mjpeg", full, {"qmin": "1", "qmax": "1", "b": "1G"})


def _encoded(codec: str, frame: av.VideoFrame, options: dict[str, str]) -> bytes:
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = frame.width, frame.height
    context.pix_fmt = frame.format.name
    context.time_base = Fraction(1, 30)
    context.options = options
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
