"""Decoded video frames to the stills that a page shows: upright, square pixels, full range."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc, Interpolation
from av.video.reformatter import VideoReformatter as Reformatter

from framefleet.encoding.png_writer import PngWriter
from framefleet.encoding.tone_mapping import PQ_AND_HLG, signal_peak, tone_map
from framefleet.errors import MediaError

Pixels = npt.NDArray[Any]

# ITU-T H.273 matrix coefficients; swscale numbers the ones it knows alike.
BT709, UNSPECIFIED, FCC, BT470BG, SMPTE170M, SMPTE240M, BT2020_NCL, BT2020_CL = (
    1,
    2,
    4,
    5,
    6,
    7,
    9,
    10,
)
SWSCALE_MATRIX = {
    BT709: BT709,
    FCC: FCC,
    BT470BG: BT470BG,
    SMPTE170M: BT470BG,
    SMPTE240M: SMPTE240M,
    BT2020_NCL: BT2020_NCL,
    BT2020_CL: BT2020_NCL,
}

_scalers = threading.local()


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """One still as the bytes of an image file, and their media type.

    The memory of `data` is used for another image once it and all views of it are gone.
    """

    data: memoryview
    content_type: str


def encode_frame(
    frame: av.VideoFrame,
    sample_aspect: Fraction,
    *,
    transparent: bool,
    tone_mapped: bool,
    writer: PngWriter,
) -> EncodedImage:
    """Turn a decoded frame into the upright, square-pixel image a page shows.

    Args:
        frame: the frame as it was decoded.
        sample_aspect: width of one of its pixels by its height; 0 where unknown.
        transparent: keep the frame's alpha, where it has one.
        tone_mapped: bring HDR down to SDR; SDR frames stay as they are.
        writer: what makes the image of the pixels.

    Raises:
        MediaError: the frame is turned by other than quarter turns.
    """
    size = display_size(frame.width, frame.height, sample_aspect)
    if transparent and any(part.is_alpha for part in frame.format.components):
        pixels = _convert(frame, "rgba", size)
    elif tone_mapped and is_hdr(frame):
        wide = _convert(frame, "rgb48le", size)
        pixels = tone_map(wide, ColorTrc(frame.color_trc), peak=signal_peak(frame))
    else:
        pixels = _convert(frame, "rgb24", size)
    return EncodedImage(writer.write(_upright(pixels, frame.rotation)), "image/png")


def display_size(width: int, height: int, sample_aspect: Fraction) -> tuple[int, int]:
    """The size, as (width, height), at which a frame has square pixels; it never shrinks."""
    if sample_aspect in (0, 1):
        return width, height
    stretched = width * sample_aspect
    shown = max(width, math.floor(stretched + Fraction(1, 2)))
    return shown, math.ceil(shown * height / stretched)


def is_hdr(frame: av.VideoFrame) -> bool:
    """Whether the frame is PQ or HLG in BT.2020 throughout; others are never tone-mapped."""
    return (
        frame.color_trc in PQ_AND_HLG
        and frame.color_primaries == ColorPrimaries.BT2020
        and frame.colorspace in (BT2020_NCL, BT2020_CL)
    )


def _convert(frame: av.VideoFrame, pixel_format: str, size: tuple[int, int]) -> Pixels:
    """Full-range RGB as (height, width, channels), a view into memory that it keeps alive."""
    if not hasattr(_scalers, "scaler"):
        _scalers.scaler = Reformatter()
    # Plain bilinear, as the reference: within 3 of exact for 4:2:0, at a tenth of the cost.
    # One thread: pages ask for frames side by side, and the work takes about a millisecond.
    shown = _scalers.scaler.reformat(
        frame,
        width=size[0],
        height=size[1],
        format=pixel_format,
        src_colorspace=_matrix(frame),
        dst_colorspace=BT709,
        src_color_range=_color_range(frame),
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.BILINEAR,
        threads=1,
    )
    # Held until the next one: given back at once, its memory would go to the system and come back
    # page by page, which takes longer (8 ms at 1080p) than to convert.
    _scalers.shown = shown
    plane = shown.planes[0]
    dtype = np.dtype("<u2") if pixel_format == "rgb48le" else np.dtype(np.uint8)
    channels = 4 if pixel_format == "rgba" else 3
    rows = np.frombuffer(plane, dtype).reshape(size[1], plane.line_size // dtype.itemsize)
    return rows[:, : size[0] * channels].reshape(size[1], size[0], channels)


def _matrix(frame: av.VideoFrame) -> int:
    if frame.colorspace == UNSPECIFIED and frame.height >= 720:
        return BT709
    return SWSCALE_MATRIX.get(frame.colorspace, BT470BG)


def _color_range(frame: av.VideoFrame) -> ColorRange:
    is_full = (
        frame.color_range == ColorRange.JPEG
        or frame.format.is_rgb
        or frame.format.name.startswith("yuvj")
    )
    return ColorRange.JPEG if is_full else ColorRange.MPEG


def _upright(pixels: Pixels, rotation: int) -> Pixels:
    """Turn by `rotation` degrees counter-clockwise, as the display matrix asks."""
    quarters, rest = divmod(rotation, 90)
    if rest:
        raise MediaError(f"Unsupported rotation value {rotation}")
    if quarters % 4 == 0:
        return pixels
    turned = np.rot90(pixels, quarters % 4)
    upright = np.empty(turned.shape, turned.dtype)
    for channel in range(turned.shape[2]):  # Three times as fast as copying pixel by pixel.
        upright[..., channel] = turned[..., channel]
    return upright
