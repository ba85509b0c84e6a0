"""What a plan says of pictures, video, sound and the file they become, checked and resolved.

`rules` makes these from what a caller asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from framefleet.domain.codecs import DEFAULT_PIXEL_FORMAT, AudioCodec, Codec

DEFAULT_JPEG_QUALITY = 80
# Frames that are encoded once more: what a JPEG adds at 80 costs the encoder more than the browser
# saves (decision 10).
DEFAULT_FILM_JPEG_QUALITY = 97
# Below it what a JPEG adds is most of what an encoder has to do.
CLEAN_JPEG_QUALITY = 90
DEFAULT_SAMPLE_RATE = 48_000
DEFAULT_AUDIO_BITRATE = 320_000


class ImageFormat(StrEnum):
    """What Chromium makes of a frame. `none` films nothing: only sound is wanted.

    Video is made of jpeg or png; webp and pdf are for stills.
    """

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    PDF = "pdf"
    NONE = "none"

    @property
    def has_alpha(self) -> bool:
        """Whether pictures can be transparent where the page paints nothing."""
        return self in (ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.PDF)


class ColorSpace(StrEnum):
    """Matrix and range of the output; `default` is Remotion's: full-range BT.601."""

    DEFAULT = "default"
    BT601 = "bt601"
    BT709 = "bt709"
    BT2020_NCL = "bt2020-ncl"


class HardwareAcceleration(StrEnum):
    """Whether an encoder of the graphics card is used."""

    DISABLE = "disable"
    IF_POSSIBLE = "if-possible"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOptions:
    """How a frame is photographed. `jpeg_quality` is 0 to 100 and counts for JPEG only.

    `is_opaque`: what is made of the pictures keeps no transparency.
    """

    image_format: ImageFormat = ImageFormat.JPEG
    jpeg_quality: int = DEFAULT_JPEG_QUALITY
    scale: float = 1.0
    is_opaque: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether pictures are all but free of artefacts."""
        return self.image_format is not ImageFormat.JPEG or self.jpeg_quality >= CLEAN_JPEG_QUALITY

    @property
    def is_transparent(self) -> bool:
        """Whether pictures are transparent where the page paints nothing."""
        return self.image_format.has_alpha and not self.is_opaque


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOptions:
    """How frames are encoded.

    `encoder` is FFmpeg's name of it. At most one of `crf` and `bitrate` is set; with neither the
    encoder decides. `bitrate`, `max_rate` and `buffer_size` are in bits (a second). None leaves
    `gop_size` (frames) and `preset` to the encoder. `tuning` is one of `X264_TUNINGS`, None for
    other codecs. `pixel_format` is one the encoder takes. `threads` is the encoder's share of the
    cores. `is_clean`: the frames have no artefacts of an encoder of their own.
    """

    codec: Codec = Codec.H264
    encoder: str = "libx264"
    crf: int | None = 18
    bitrate: int | None = None
    max_rate: int | None = None
    buffer_size: int | None = None
    gop_size: int | None = None
    preset: str | None = None
    tuning: str | None = None
    prores_profile: str | None = None
    pixel_format: str = DEFAULT_PIXEL_FORMAT
    color_space: ColorSpace = ColorSpace.BT709
    threads: int = 1
    is_clean: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioOptions:
    """How sound is mixed and encoded. `sample_rate` is in Hz, `bitrate` in bits a second.

    `codec` None: the output has no sound, and the page is not asked for any. `is_enforced`: a
    composition without sound gets a silent track.
    """

    codec: AudioCodec | None = AudioCodec.AAC
    sample_rate: int = DEFAULT_SAMPLE_RATE
    bitrate: int = DEFAULT_AUDIO_BITRATE
    is_enforced: bool = False

    @property
    def muted(self) -> bool:
        """Whether the output has no sound."""
        return self.codec is None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """The file that chunks are assembled to.

    `codec` None: a sequence of pictures. `extension` (no dot) names the container.
    `separate_audio` is the extension of the file that holds the sound instead of the main one.
    `gif_loops` is how often a GIF is repeated; None is for ever. `picture_pattern` names the
    pictures of a sequence. `metadata` goes into the file as it is.
    """

    codec: Codec | None = Codec.H264
    extension: str = "mp4"
    separate_audio: str | None = None
    gif_loops: int | None = None
    picture_pattern: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
