"""How good the picture is: crf, bitrates, key frames, profiles and presets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from framefleet.domain.codecs import (
    DEFAULT_X264_TUNING,
    PRORES_PROFILES,
    X264_PRESETS,
    X264_TUNINGS,
    Codec,
)
from framefleet.domain.output import HardwareAcceleration
from framefleet.domain.rules.values import json_text, member, number, text, whole
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

# FFmpeg keeps the buffer's size in an int of 32 bits.
HIGHEST_BITRATE = 2**31 - 1
_UNITS = {"K": 1000, "k": 1000, "M": 1_000_000}
_NOT_HARDWARE = (
    ("encodingBufferSize", "encoding_buffer_size"),
    ("encodingMaxRate", "encoding_max_rate"),
    ("crf", "crf"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a codec is told of quality, in the terms of `VideoOptions`."""

    crf: int | None
    bitrate: int | None
    max_rate: int | None
    buffer_size: int | None
    gop_size: int | None


def read_rates(
    codec: Codec, options: Mapping[str, Any], warnings: list[str]
) -> tuple[Rates, int | None]:
    """Quality and key frames of the picture, and the sound's bits a second, if given.

    Raises:
        OptionError, OptionTypeError, OptionRangeError: one of them cannot be used.
    """
    crf = _crf(codec, options, warnings)
    gop_size = read_gop_size(options["gop_size"])
    audio_bitrate = read_bitrate(options["audio_bitrate"], "audioBitrate")
    bitrate = read_bitrate(options["video_bitrate"], "videoBitrate")
    max_rate = read_bitrate(options["encoding_max_rate"], "encodingMaxRate")
    buffer_size = read_bitrate(options["encoding_buffer_size"], "encodingBufferSize")
    has_rate = codec.spec.crf is not None
    rates = Rates(
        crf=crf,
        bitrate=bitrate if has_rate else None,
        max_rate=max_rate if has_rate else None,
        buffer_size=buffer_size if has_rate else None,
        gop_size=gop_size,
    )
    return rates, audio_bitrate


def read_hardware(value: Any) -> HardwareAcceleration:
    """Whether an encoder of the graphics card is wanted.

    Raises:
        OptionError: there is no such mode.
    """
    found = member(HardwareAcceleration, value)
    if found is None:
        raise OptionError(
            f"Invalid value for --hardware-acceleration: {text(value)}",
            hint=f"hardware_acceleration is one of {', '.join(HardwareAcceleration)}.",
        )
    return found


def _crf(codec: Codec, options: Mapping[str, Any], warnings: list[str]) -> int | None:
    crf, bitrate = options["crf"], options["video_bitrate"]
    if crf is not None and bitrate:
        raise OptionError(
            '"crf" and "videoBitrate" can not both be set. Choose one of either.',
            hint=f"Given: crf {text(crf)} and video_bitrate {text(bitrate)}.",
        )
    if crf is not None and options["hardware_acceleration"] == HardwareAcceleration.REQUIRED:
        raise OptionError(
            '"crf" option is not supported with hardware acceleration',
            hint="Set video_bitrate (--video-bitrate) instead of crf, or set "
            "hardware_acceleration to if-possible or disable.",
        )
    if options["encoding_max_rate"] and not options["encoding_buffer_size"]:
        raise OptionError(
            '"encodingMaxRate" can not be set without also setting "encodingBufferSize".',
            hint="In Python these are encoding_max_rate and encoding_buffer_size, on the command "
            "line --max-rate and --buffer-size.",
        )
    if bitrate:
        if codec.spec.crf is None:
            warnings.append(f"{_titled(codec)} does not support videoBitrate. Ignoring.")
        return None
    if crf is None:
        return codec.spec.crf.default if codec.spec.crf else None
    return _in_range(codec, crf, warnings)


def _in_range(codec: Codec, crf: Any, warnings: list[str]) -> int | None:
    value, limits = number(crf), codec.spec.crf
    if value is None:
        raise OptionTypeError(
            f"Expected CRF to be a number, but is {json_text(crf)}",
            hint="Give it without quotes, such as crf=18.",
        )
    if limits is None:
        if value == 0:
            warnings.append(f'{_titled(codec)} does not support the "crf" option. Ignoring.')
            return None
        raise OptionTypeError(
            f'The "{codec}" codec does not support the --crf option.',
            hint=f"Given: crf {text(crf)}; leave it out, or choose a codec that has one, such as "
            "h264.",
        )
    if value == 0 and codec.spec.has_x264_preset:
        raise OptionTypeError(
            "Setting the CRF to 0 with a H264 codec is not supported anymore because of it's "
            "inconsistencies between platforms. Videos with CRF 0 cannot be played on iOS/macOS. "
            "0 is a extreme value with inefficient settings which you probably do not want. Set "
            "CRF to a higher value to fix this error.",
            hint=f"Allowed: {limits.lowest} to {limits.highest}.",
        )
    if value < limits.lowest or value > limits.highest:
        raise OptionTypeError(
            f"CRF must be between {limits.lowest} and {limits.highest} for codec {codec}. "
            f"Passed: {text(crf)}",
            hint=f"Smaller is better; the default is {limits.default}.",
        )
    exact = whole(value)
    if exact is None:
        raise OptionTypeError(
            f"CRF must be a whole number, but is {text(crf)}.",
            hint=f"Allowed for {codec}: {limits.lowest} to {limits.highest}.",
        )
    return exact


def _titled(codec: Codec) -> str:
    return "ProRes" if codec is Codec.PRORES else codec


def blocking_option(options: Mapping[str, Any]) -> str | None:
    """What keeps a hardware encoder from being used, in Remotion's spelling."""
    return next((name for name, key in _NOT_HARDWARE if options[key] is not None), None)


def check_hardware(hardware: HardwareAcceleration, blocking: str | None) -> None:
    """Refuse to require hardware together with an option that only software has.

    Raises:
        OptionError: names the option.
    """
    if hardware is HardwareAcceleration.REQUIRED and blocking is not None:
        raise OptionError(
            f'When using hardware accelerated encoding, the option "{blocking}" with hardware '
            "acceleration is not supported. Disable hardware accelerated encoding or use "
            '"if-possible" instead.'
        )


def read_gop_size(value: Any) -> int | None:
    """Frames from one key frame to the next.

    Raises:
        OptionTypeError: it is no whole number above 0.
    """
    size = whole(value)
    if value is not None and (size is None or size < 1):
        raise OptionTypeError(
            "The GOP size must be an integer greater than 0 or null.",
            hint=f"Given: gop_size (--gop) {json_text(value)}; leave it out to let the encoder "
            "decide.",
        )
    return size


def read_bitrate(value: Any, name: str) -> int | None:
    """Bits (a second) of text such as `5M`, `1.5M` or `800k`; a thousand is 1000.

    Raises:
        OptionTypeError: it is no such text; `name` is Remotion's name of the option.
    """
    if value is None:
        return None
    if number(value) is not None:
        raise OptionTypeError(
            f'"{name}" must be a string ending in "K" or "M". Got a number: {text(value)}',
            hint='Give bits a second with their unit, such as "800K" or "5M".',
        )
    if not isinstance(value, str):
        raise OptionTypeError(
            f'"{name}" must be a string or null, but got {json_text(value)}',
            hint='Give bits a second with their unit, such as "800K" or "5M".',
        )
    if not value.endswith(tuple(_UNITS)):
        raise OptionTypeError(
            f'"{name}" must end in "K", "k" or "M", but got {json_text(value)}',
            hint='Give bits a second with their unit, such as "800K" or "5M".',
        )
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?[KkM]", value) is None:
        raise OptionTypeError(
            f'"{name}" must be a number and "K", "k" or "M", but got {json_text(value)}',
            hint='Write it such as "800K", "5M" or "1.5M".',
        )
    bits = int(Decimal(value[:-1]) * _UNITS[value[-1]])
    if not 0 < bits <= HIGHEST_BITRATE:
        raise OptionRangeError(
            f'"{name}" must be above 0 and at most 2147M, but got {json_text(value)}',
            hint='Usual are values such as "800K" or "5M".',
        )
    return bits


def check_prores_profile(codec: Codec, profile: Any) -> None:
    """Refuse profiles that ProRes does not have, and any for another codec.

    Raises:
        OptionTypeError: names the valid ones.
    """
    if profile is None:
        return
    if codec is not Codec.PRORES:
        raise OptionTypeError(
            f'You have set a ProRes profile but the codec is "{codec}". Set the codec to '
            '"prores" or remove the ProRes profile.',
            hint=f"Given: prores_profile (--prores-profile) {json_text(profile)}.",
        )
    if profile not in list(PRORES_PROFILES):
        names = ", ".join(f'"{name}"' for name in PRORES_PROFILES)
        raise OptionTypeError(
            f'The ProRes profile "{text(profile)}" is not valid. Valid options are {names}',
            hint="Set prores_profile (--prores-profile) to one of them; the default is hq.",
        )


def check_x264_preset(codec: Codec, preset: Any) -> None:
    """Refuse presets that x264 does not have, and any for another codec.

    Raises:
        OptionTypeError: names the valid ones.
    """
    if preset is None:
        return
    if not codec.spec.has_x264_preset:
        raise OptionTypeError(
            f'You have set a x264 preset but the codec is "{codec}". Set the codec to "h264" or '
            "remove the Preset profile.",
            hint=f"Given: x264_preset (--x264-preset) {json_text(preset)}.",
        )
    if preset not in X264_PRESETS:
        names = ", ".join(f'"{name}"' for name in X264_PRESETS)
        raise OptionTypeError(
            f'The Preset profile "{text(preset)}" is not valid. Valid options are {names}',
            hint="Set x264_preset (--x264-preset) to one of them; slower makes smaller files.",
        )


def read_x264_tuning(codec: Codec, tuning: Any) -> str | None:
    """How far the preset is obeyed; None for codecs without presets.

    Raises:
        OptionTypeError: there is no such tuning, or the codec has none.
    """
    if not codec.spec.has_x264_preset:
        if tuning is None:
            return None
        raise OptionTypeError(
            f'You have set a x264 tuning but the codec is "{codec}".',
            hint='Set the codec to "h264", or leave x264_tuning (--x264-tuning) out.',
        )
    if tuning not in (None, *X264_TUNINGS):
        raise OptionTypeError(
            f'"x264Tuning" must be one of {", ".join(X264_TUNINGS)}, but is {json_text(tuning)}.',
            hint="Set x264_tuning (--x264-tuning) to none for x264's preset to the letter.",
        )
    return tuning or DEFAULT_X264_TUNING
