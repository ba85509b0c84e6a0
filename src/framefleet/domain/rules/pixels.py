"""Pixels: how frames are taken from the browser, and the formats and colours they get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from framefleet.domain.codecs import (
    ALPHA_PIXEL_FORMATS,
    ALPHA_PRORES_PROFILES,
    DEFAULT_PRORES_PROFILE,
    PIXEL_FORMATS,
    PRORES_PROFILES,
    Codec,
)
from framefleet.domain.output import (
    DEFAULT_FILM_JPEG_QUALITY,
    DEFAULT_JPEG_QUALITY,
    ColorSpace,
    ImageFormat,
)
from framefleet.domain.rules.names import extension_of
from framefleet.domain.rules.values import json_text, member, number, text, typeof, whole
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

VIDEO_IMAGE_FORMATS = (ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.NONE)
STILL_IMAGE_FORMATS = (ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.PDF, ImageFormat.WEBP)
_QUALITY_HINT = "Set jpeg_quality (--jpeg-quality) to a whole number from 0 to 100."


def read_jpeg_quality(value: Any, *, is_film: bool = False) -> int:
    """The quality of JPEG frames, 0 to 100.

    Args:
        is_film: the frames are not the result, but become a video.

    Raises:
        OptionError: it is no number, or no whole one.
        OptionRangeError: it is out of range.
    """
    if value is None:
        return DEFAULT_FILM_JPEG_QUALITY if is_film else DEFAULT_JPEG_QUALITY
    quality = number(value)
    if quality is None:
        raise OptionError(
            "JPEG Quality option must be a number or undefined. Got "
            f"{typeof(value)} ({json_text(value)})",
            hint=_QUALITY_HINT,
        )
    if not abs(quality) < float("inf"):
        raise OptionRangeError(
            f"JPEG Quality must be a finite number, but is {text(value)}", hint=_QUALITY_HINT
        )
    if not 0 <= quality <= 100:
        raise OptionRangeError(
            "JPEG Quality option must be between 0 and 100.", hint=f"Given: {text(value)}."
        )
    exact = whole(quality)
    if exact is None:
        raise OptionError(
            "Expected options.quality to be an integer",
            hint=f"Given: jpeg_quality (--jpeg-quality) {text(value)}, of 0 to 100.",
        )
    return exact


def check_jpeg_quality_is_used(value: Any, image_format: ImageFormat) -> None:
    """Refuse a quality for pictures that have none.

    Raises:
        OptionError: the format is not jpeg.
    """
    if value not in (None, DEFAULT_JPEG_QUALITY) and image_format is not ImageFormat.JPEG:
        raise OptionError(
            "You can only pass the `quality` option if `imageFormat` is 'jpeg'.",
            hint=f"The format is {image_format}: leave jpeg_quality (--jpeg-quality) out, or set "
            "image_format (--image-format) to jpeg.",
        )


def check_pixel_format(codec: Codec, value: Any) -> None:
    """Refuse what is no pixel format, and what the codec would lose transparency of.

    Raises:
        OptionTypeError: names the valid ones.
    """
    if value not in PIXEL_FORMATS:
        raise OptionTypeError(
            f"Value {text(value)} is not valid as a pixel format.",
            hint=f"pixel_format (--pixel-format) is one of {', '.join(PIXEL_FORMATS)}.",
        )
    known = codec.spec.pixel_formats
    # A codec without a table has no use for the option; the reference refuses it this one.
    valid = known or [name for name in PIXEL_FORMATS if name != "yuva420p"]
    if value not in valid:
        names = ", ".join(name for name in PIXEL_FORMATS if name in valid)
        raise OptionTypeError(
            f"Pixel format was set to '{value}' but codec {codec} does not support it. Valid "
            f"pixel formats for codec {codec} are: {names}.",
            hint="Transparent are vp8 and vp9 with yuva420p, and prores with yuva444p10le.",
        )


def read_prores_profile(profile: Any, default: str | None, pixel_format: str) -> str:
    """The caller's profile, else the composition's, else ours.

    Transparent pixels make a profile that nobody insists on 4444.

    Raises:
        OptionTypeError: the caller's profile would lose them.
    """
    chosen = profile or (default if default in PRORES_PROFILES else DEFAULT_PRORES_PROFILE)
    if pixel_format not in ALPHA_PIXEL_FORMATS or chosen in ALPHA_PRORES_PROFILES:
        return str(chosen)
    if profile is None:
        return "4444"
    raise OptionTypeError(
        f"Pixel format was set to '{pixel_format}' but the ProRes profile {profile} does not "
        f"support it. ProRes profiles with transparency are: {', '.join(ALPHA_PRORES_PROFILES)}.",
        hint="Set prores_profile (--prores-profile) to one of them.",
    )


def read_video_image_format(value: Any) -> ImageFormat:
    """How frames of a video are taken: png, jpeg, or none.

    Raises:
        OptionTypeError: there is no such format.
    """
    found = member(ImageFormat, value)
    if found not in VIDEO_IMAGE_FORMATS:
        raise OptionTypeError(
            f"Value {text(value)} is not valid as an image format.",
            hint=_meant(value) + "image_format (--image-format) is jpeg, png or none.",
        )
    return found


def read_still_image_format(value: Any, output: Path | None) -> ImageFormat:
    """How a still is taken: what its option says, else its name, else png.

    Raises:
        OptionTypeError: there is no such format, or option and name say different things.
    """
    ending = extension_of(output) if output else ""
    by_name = "jpeg" if ending == "jpg" else ending
    found = member(ImageFormat, value if value is not None else by_name or ImageFormat.PNG)
    if found not in STILL_IMAGE_FORMATS:
        names = ", ".join(f'"{name}"' for name in STILL_IMAGE_FORMATS)
        raise OptionTypeError(
            f"Image format should be one of: {names}",
            hint=f"{_meant(value)}Given: {json_text(ending if value is None else value)}; set "
            "image_format (--image-format), or let the output's name end in .png, .jpeg, .jpg, "
            ".pdf or .webp.",
        )
    if by_name != found and by_name in STILL_IMAGE_FORMATS:
        raise OptionTypeError(
            f"Image format mismatch: {output} was given as the out name, but the image format "
            f'"{found}" was configured via --image-format. The image formats must match.',
            hint="Rename the output, or leave image_format (--image-format) out.",
        )
    return found


def _meant(value: Any) -> str:
    return 'Did you mean "jpeg"? ' if value == "jpg" else ""


def check_alpha_is_filmed(pixel_format: str, image_format: ImageFormat) -> None:
    """Refuse transparent pixels from pictures that have none.

    Raises:
        OptionTypeError: frames would be opaque.
    """
    if pixel_format in ALPHA_PIXEL_FORMATS and image_format is ImageFormat.JPEG:
        raise OptionTypeError(
            f"Pixel format was set to '{pixel_format}' but the image format is not PNG. To render "
            "transparent videos, you need to set PNG as the image format.",
            hint="Set image_format (--image-format) to png.",
        )


def check_is_filmed(codec: Codec, image_format: ImageFormat) -> None:
    """Refuse to encode pictures that nobody takes.

    Raises:
        OptionTypeError: the codec holds pictures, and none are filmed.
    """
    if image_format is ImageFormat.NONE and not codec.spec.is_audio_only:
        raise OptionTypeError(
            f"The image format is none, but codec {codec} needs pictures.",
            hint="Set image_format (--image-format) to jpeg or png, or the codec to mp3, aac or "
            "wav.",
        )


def read_color_space(value: Any) -> ColorSpace:
    """Matrix and range of the output.

    Raises:
        OptionError: there is no such colour space.
    """
    found = member(ColorSpace, value)
    if found is None:
        names = ", ".join(f'"{name}"' for name in ColorSpace)
        raise OptionError(
            f'Expected one of {names} for colorSpace but got "{text(value)}"',
            hint="Set color_space (--color-space) to one of them; the default is bt709.",
        )
    return found
