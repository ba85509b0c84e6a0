"""What comes out: codecs, pixel formats, colour, and the rules between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from framefleet.errors import OptionError


class Codec(StrEnum):
    """Video codec of the output."""

    H264 = "h264"


class ImageFormat(StrEnum):
    """How a filmed frame travels from Chromium to the encoder, and what a still is written as."""

    JPEG = "jpeg"
    PNG = "png"


class ColorSpace(StrEnum):
    """Matrix and range of the output; `default` is Remotion's: full-range BT.601."""

    DEFAULT = "default"
    BT601 = "bt601"
    BT709 = "bt709"
    BT2020_NCL = "bt2020-ncl"


X264_PRESETS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
)
PIXEL_FORMATS = (
    "yuv420p",
    "yuva420p",
    "yuv422p",
    "yuv444p",
    "yuv420p10le",
    "yuv422p10le",
    "yuv444p10le",
    "yuva444p10le",
)
ALPHA_PIXEL_FORMATS = ("yuva420p", "yuva444p10le")
H264_PIXEL_FORMATS = tuple(name for name in PIXEL_FORMATS if name not in ALPHA_PIXEL_FORMATS)
H264_EXTENSIONS = ("mp4", "mkv", "mov")
H264_CRF_RANGE = (1, 51)
DEFAULT_CRF = 18
DEFAULT_PRESET = "medium"
DEFAULT_PIXEL_FORMAT = "yuv420p"
DEFAULT_JPEG_QUALITY = 80
DEFAULT_SAMPLE_RATE = 48_000
MAX_SCALE = 16


E = TypeVar("E", bound=StrEnum)


def choice(kind: type[E], value: str, name: str) -> E:
    """The member of a closed set that `value` names.

    Raises:
        OptionError: lists the set.
    """
    try:
        return kind(value)
    except ValueError as exc:
        known = ", ".join(kind)
        raise OptionError(f'"{name}" must be one of {known}, but is "{value}".') from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOptions:
    """How a frame is photographed. `jpeg_quality` is 0 to 100 and counts for JPEG only."""

    image_format: ImageFormat = ImageFormat.JPEG
    jpeg_quality: int = DEFAULT_JPEG_QUALITY
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.jpeg_quality <= 100:
            raise OptionError("JPEG Quality option must be between 0 and 100.")
        if not 0 < self.scale <= MAX_SCALE:
            raise OptionError(
                f'"scale" must be bigger than 0 and at most {MAX_SCALE}, but is {self.scale}'
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOptions:
    """How frames are encoded. `threads` is the encoder's share of the cores."""

    codec: Codec = Codec.H264
    crf: int = DEFAULT_CRF
    preset: str = DEFAULT_PRESET
    pixel_format: str = DEFAULT_PIXEL_FORMAT
    color_space: ColorSpace = ColorSpace.BT709
    threads: int = 1

    def check(self) -> None:
        """Refuse what the codec cannot do.

        Raises:
            OptionError: with the reference's text where it has one (spec/encoding.md 2).
        """
        low, high = H264_CRF_RANGE
        if self.crf == 0:
            raise OptionError(
                "Setting the CRF to 0 with a H264 codec is not supported anymore because of it's "
                "inconsistencies between platforms. Use a CRF of at least 1."
            )
        if not low <= self.crf <= high:
            raise OptionError(
                f"CRF must be between {low} and {high} for codec {self.codec}. Passed: {self.crf}"
            )
        if self.preset not in X264_PRESETS:
            raise OptionError(
                f'The Preset profile "{self.preset}" is not valid. '
                f"Valid options are {', '.join(X264_PRESETS)}"
            )
        if self.pixel_format not in PIXEL_FORMATS:
            raise OptionError(f"Value {self.pixel_format} is not valid as a pixel format.")
        if self.pixel_format not in H264_PIXEL_FORMATS:
            raise OptionError(
                f"Pixel format was set to '{self.pixel_format}' but codec {self.codec} does not "
                f"support it. Valid pixel formats for codec {self.codec} are: "
                f"{', '.join(H264_PIXEL_FORMATS)}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioOptions:
    """How sound is mixed and encoded. `sample_rate` is in Hz, `bitrate` in bits a second."""

    muted: bool = False
    sample_rate: int = DEFAULT_SAMPLE_RATE
    bitrate: int = 320_000
