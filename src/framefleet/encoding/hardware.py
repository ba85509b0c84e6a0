"""Which encoder a codec gets: that of the graphics card, where it is wanted and works."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import av
from av.codec import CodecContext
from av.codec.codec import UnknownCodecError

from framefleet.domain.codecs import Codec
from framefleet.domain.output import HardwareAcceleration
from framefleet.domain.rules.quality import check_hardware
from framefleet.encoding.encoder_options import nearest_pixel_format
from framefleet.errors import OptionError

# Large enough for every card: NVENC refuses less than 145 x 49 px.
_PROBE_WIDTH, _PROBE_HEIGHT = 320, 240


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """FFmpeg's name of an encoder, and what to tell the caller if it is not the wanted one."""

    name: str
    warning: str | None = None


def choose_encoder(
    codec: Codec,
    mode: HardwareAcceleration,
    *,
    blocking_option: str | None,
    platform: str = sys.platform,
) -> EncoderChoice:
    """The encoder for a codec that has one.

    Args:
        blocking_option: the first of encodingBufferSize, encodingMaxRate and crf that the caller
            set, for which software is needed.

    Raises:
        OptionError: hardware is required and cannot be used; tells why.
    """
    software = codec.spec.encoder
    assert software is not None
    if mode is HardwareAcceleration.DISABLE:
        return EncoderChoice(software)
    check_hardware(mode, blocking_option)
    if blocking_option is not None:
        return EncoderChoice(
            software,
            f'Hardware accelerated encoding disabled - "{blocking_option}" option is not supported '
            "with hardware acceleration",
        )
    is_required = mode is HardwareAcceleration.REQUIRED
    hardware = codec.spec.hardware.get(platform)
    if hardware is None:
        cause = f'Codec "{codec}" does not support hardware acceleration on {platform}'
        if is_required:
            raise OptionError(
                f'{cause}, but "hardwareAcceleration" is set to "required"',
                hint=f'Set it to "if-possible" to encode with {software}.',
            )
        return EncoderChoice(software, f"{cause}; encoding with {software}.")
    if (reason := unavailable(hardware)) is not None:
        if is_required:
            raise OptionError(
                f'Hardware encoder "{hardware}" is not available in your FFmpeg build. Install an '
                f'FFmpeg with {hardware} support, or use "if-possible" mode instead of "required".',
                hint=f"Tried to open it: {reason}.",
            )
        return EncoderChoice(
            software,
            f'Hardware encoder "{hardware}" is not available ({reason}); encoding with {software}.',
        )
    return EncoderChoice(hardware)


@cache
def unavailable(encoder: str) -> str | None:
    """Why FFmpeg's `encoder` cannot encode a picture on this machine, or None if it can.

    That FFmpeg lists it says little: the driver may be missing.
    """
    level = av.logging.get_level()
    # Only FFmpeg's log names the cause; the error's number is a vague "not permitted".
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as log:
            try:
                _encode_one_picture(encoder)
            except UnknownCodecError:
                return "this FFmpeg was built without it"
            except (av.FFmpegError, ValueError) as exc:
                return next((text.strip().rstrip(".") for *_, text in log), str(exc))
    finally:
        av.logging.set_level(level)
    return None


def _encode_one_picture(encoder: str) -> None:
    context = CodecContext.create(encoder, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = _PROBE_WIDTH, _PROBE_HEIGHT
    context.pix_fmt = nearest_pixel_format(encoder, "yuv420p")
    context.time_base = Fraction(1, 30)
    frame = av.VideoFrame(_PROBE_WIDTH, _PROBE_HEIGHT, context.pix_fmt)
    frame.pts = 0
    context.encode(frame)
    context.encode(None)
