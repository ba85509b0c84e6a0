"""HDR to SDR for single frames: what zscale and tonemap=hable do, which PyAV does not carry."""

from __future__ import annotations

import struct
from functools import cache
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorTrc

PQ_AND_HLG = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)

# Linear light 1.0 stands for this many candelas per square metre.
NOMINAL_PEAK = 100
PQ_PEAK = 10_000
HLG_PEAK = 1_000

# ITU-R BT.2087, linear light.
BT2020_TO_BT709 = np.array(
    [
        [1.6604910, -0.5876411, -0.0728499],
        [-0.1245505, 1.1328999, -0.0083494],
        [-0.0181508, -0.1005789, 1.1187297],
    ],
    np.float32,
)
# What swscale makes of white in 48-bit RGB: 255 * 256, not 65535.
WHITE = 65_280
# The output curve is tabulated over the square root of light: fine steps where the eye sees them.
CURVE_STEPS = 16_384
# Bands keep the float copies in the processor's cache.
BAND_ROWS = 32


def signal_peak(frame: av.VideoFrame) -> float:
    """The brightest light of the film, where the frame says so, in units of the nominal peak."""
    # PyAV's stubs call these a mapping of strings; it yields the side data themselves.
    sides: dict[Type, bytes] = {side.type: bytes(side) for side in cast(Any, frame.side_data)}
    if level := sides.get(Type.CONTENT_LIGHT_LEVEL):
        brightest: int = struct.unpack_from("I", level)[0]
        if brightest:
            return brightest / NOMINAL_PEAK
    if display := sides.get(Type.MASTERING_DISPLAY_METADATA):
        # AVMasteringDisplayMetadata: ten rationals, the last one the peak, then two flags.
        peak: tuple[int, ...] = struct.unpack_from("4i", display, 72)
        numerator, denominator, _, has_luminance = peak
        if has_luminance and numerator and denominator:
            return numerator / denominator / NOMINAL_PEAK
    return HLG_PEAK / NOMINAL_PEAK


def tone_map(
    pixels: npt.NDArray[np.uint16], transfer: ColorTrc, *, peak: float
) -> npt.NDArray[np.uint8]:
    """Bring BT.2020 PQ or HLG, (height, width, 3) uint16 RGB, down to BT.709 uint8 RGB."""
    shown = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), BAND_ROWS):
        band = slice(top, top + BAND_ROWS)
        light = _light(transfer)[pixels[band]]
        light = light @ BT2020_TO_BT709.T
        signal = np.maximum(light.max(axis=-1, keepdims=True), 1e-6)
        light *= _hable(signal) / (_hable(peak) * signal)
        np.clip(light, 0, 1, out=light)
        steps = np.sqrt(light, out=light) * np.float32(CURVE_STEPS - 1) + np.float32(0.5)
        shown[band] = _display_curve()[steps.astype(np.uint16)]
    return shown


@cache
def _light(transfer: ColorTrc) -> npt.NDArray[np.float32]:
    """Light of the display per 16-bit code value, in units of the nominal peak."""
    code = np.minimum(np.arange(65_536) / WHITE, 1)
    if transfer == ColorTrc.SMPTE2084:
        root = code ** (32 / 2523)
        ratio = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
        light = ratio ** (8192 / 1305) * (PQ_PEAK / NOMINAL_PEAK)
    else:
        bright = (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12
        scene = np.where(code <= 0.5, code * code / 3, bright)
        # System gamma per channel rather than by luma: zscale's default, so the reference's too.
        light = scene**1.2 * (HLG_PEAK / NOMINAL_PEAK)
    return light.astype(np.float32)


@cache
def _display_curve() -> npt.NDArray[np.uint8]:
    """Code value per square root of light, by the BT.1886 display curve (gamma 2.4)."""
    root = np.arange(CURVE_STEPS) / (CURVE_STEPS - 1)
    return np.round(255 * root ** (2 / 2.4)).astype(np.uint8)


def _hable(light: Any) -> Any:
    """Hable's filmic curve, over a number or an array."""
    return (light * (light * 0.15 + 0.05) + 0.004) / (light * (light * 0.15 + 0.5) + 0.06) - 1 / 15
