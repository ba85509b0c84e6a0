"""The table of codecs: encoders, qualities, pixel formats, sound and file names.

Facts: spec/encoding.md 1.1 to 1.4. AV1 is SVT-AV1 and AAC is FFmpeg's own, for those are what PyAV
carries; its libvpx encodes 8 bits only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Codec(StrEnum):
    """What a render is encoded as, in the order messages list them."""

    H264 = "h264"
    H265 = "h265"
    VP8 = "vp8"
    VP9 = "vp9"
    AV1 = "av1"
    MP3 = "mp3"
    AAC = "aac"
    WAV = "wav"
    PRORES = "prores"
    H264_MKV = "h264-mkv"
    H264_TS = "h264-ts"
    GIF = "gif"

    @property
    def spec(self) -> CodecSpec:
        """The codec's row of the table."""
        return CODECS[self]


class AudioCodec(StrEnum):
    """How sound is encoded."""

    PCM_16 = "pcm-16"
    AAC = "aac"
    MP3 = "mp3"
    OPUS = "opus"


@dataclass(frozen=True, slots=True)
class CrfRange:
    """Constant quality: a smaller number is a better picture."""

    default: int
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecSpec:
    """A row of the table.

    `encoder` is FFmpeg's; None where frames stay pictures (gif) or are not filmed (audio only).
    `audio` maps each allowed audio codec to the extensions it goes with, the default first.
    `pixel_formats` maps what may be asked for to what the encoder is given, as FFmpeg would
    substitute it; the asked ones that are missing are refused.
    `hardware` maps `sys.platform` to an encoder.
    """

    extension: str
    encoder: str | None = None
    crf: CrfRange | None = None
    audio: Mapping[AudioCodec, tuple[str, ...]] = field(default_factory=dict)
    default_audio: AudioCodec | None = None
    pixel_formats: Mapping[str, str] = field(default_factory=dict)
    has_even_size: bool = False
    has_x264_preset: bool = False
    hardware: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_audio_only(self) -> bool:
        """Whether the output holds sound and nothing else."""
        return self.encoder is None and self.default_audio is not None

    @property
    def lossless_audio(self) -> AudioCodec | None:
        """What `preferLossless` makes of the sound."""
        return AudioCodec.PCM_16 if self.audio else None

    @property
    def alpha_pixel_formats(self) -> tuple[str, ...]:
        """The formats that keep transparency."""
        return tuple(name for name in self.pixel_formats if name in ALPHA_PIXEL_FORMATS)


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
DEFAULT_PIXEL_FORMAT = "yuv420p"
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
# How far a preset of x264 is obeyed: `page` leaves out what pages do not repay (decision 10).
X264_TUNINGS = ("page", "none")
DEFAULT_X264_TUNING = "page"
# The `-profile:v` of prores_ks; listed as messages list them.
PRORES_PROFILES = MappingProxyType(
    {"4444-xq": 5, "4444": 4, "hq": 3, "standard": 2, "light": 1, "proxy": 0}
)
DEFAULT_PRORES_PROFILE = "hq"
ALPHA_PRORES_PROFILES = ("4444-xq", "4444")

_OPAQUE = {name: name for name in PIXEL_FORMATS if name not in ALPHA_PIXEL_FORMATS}
_ONLY_420_8_BIT = dict.fromkeys(_OPAQUE, "yuv420p")
_ONLY_420 = {name: "yuv420p10le" if name.endswith("10le") else "yuv420p" for name in _OPAQUE}
_ONLY_8_BIT = {name: name.removesuffix("10le") for name in _OPAQUE}
_ONLY_10_BIT = {
    "yuv420p": "yuv422p10le",
    "yuv422p": "yuv422p10le",
    "yuv444p": "yuv444p10le",
    "yuv420p10le": "yuv422p10le",
    "yuv422p10le": "yuv422p10le",
    "yuv444p10le": "yuv444p10le",
    "yuva444p10le": "yuva444p10le",
}
_PCM, _AAC, _MP3, _OPUS = AudioCodec.PCM_16, AudioCodec.AAC, AudioCodec.MP3, AudioCodec.OPUS
_H264_CRF = CrfRange(18, 1, 51)
_WEBM_AUDIO = {_OPUS: ("webm",), _PCM: ("mkv",)}

CODECS: Mapping[Codec, CodecSpec] = MappingProxyType(
    {
        Codec.H264: CodecSpec(
            extension="mp4",
            encoder="libx264",
            crf=_H264_CRF,
            audio={_AAC: ("mp4", "mkv", "mov"), _PCM: ("mkv", "mov"), _MP3: ("mp4", "mkv", "mov")},
            default_audio=_AAC,
            pixel_formats=_OPAQUE,
            has_even_size=True,
            has_x264_preset=True,
            hardware={
                "darwin": "h264_videotoolbox",
                "linux": "h264_nvenc",
                "win32": "h264_nvenc",
            },
        ),
        Codec.H265: CodecSpec(
            extension="mp4",
            encoder="libx265",
            crf=CrfRange(23, 0, 51),
            audio={_AAC: ("mp4", "mkv", "hevc"), _PCM: ("mkv",)},
            default_audio=_AAC,
            pixel_formats=_OPAQUE,
            has_even_size=True,
            hardware={
                "darwin": "hevc_videotoolbox",
                "linux": "hevc_nvenc",
                "win32": "hevc_nvenc",
            },
        ),
        Codec.VP8: CodecSpec(
            extension="webm",
            encoder="libvpx",
            crf=CrfRange(9, 4, 63),
            audio=_WEBM_AUDIO,
            default_audio=_OPUS,
            pixel_formats={**_ONLY_420_8_BIT, "yuva420p": "yuva420p"},
        ),
        Codec.VP9: CodecSpec(
            extension="webm",
            encoder="libvpx-vp9",
            crf=CrfRange(28, 0, 63),
            audio=_WEBM_AUDIO,
            default_audio=_OPUS,
            pixel_formats={**_ONLY_8_BIT, "yuva420p": "yuva420p"},
        ),
        Codec.AV1: CodecSpec(
            extension="mp4",
            encoder="libsvtav1",
            crf=CrfRange(30, 0, 63),
            audio={_AAC: ("mp4", "mkv"), _OPUS: ("webm", "mkv"), _PCM: ("mkv",)},
            default_audio=_AAC,
            pixel_formats=_ONLY_420,
            has_even_size=True,
        ),
        Codec.MP3: CodecSpec(
            extension="mp3", audio={_MP3: ("mp3",), _PCM: ("wav",)}, default_audio=_MP3
        ),
        Codec.AAC: CodecSpec(
            extension="aac",
            audio={_AAC: ("aac", "3gp", "m4a", "m4b", "mpg", "mpeg"), _PCM: ("wav",)},
            default_audio=_AAC,
        ),
        Codec.WAV: CodecSpec(extension="wav", audio={_PCM: ("wav",)}, default_audio=_PCM),
        Codec.PRORES: CodecSpec(
            extension="mov",
            encoder="prores_ks",
            audio={_AAC: ("mov", "mkv", "mxf"), _PCM: ("mov", "mkv", "mxf")},
            default_audio=_PCM,
            pixel_formats=_ONLY_10_BIT,
            hardware={"darwin": "prores_videotoolbox"},
        ),
        Codec.H264_MKV: CodecSpec(
            extension="mkv",
            encoder="libx264",
            crf=_H264_CRF,
            audio={_PCM: ("mkv",), _MP3: ("mkv",)},
            default_audio=_PCM,
            pixel_formats=_OPAQUE,
            has_even_size=True,
            has_x264_preset=True,
        ),
        Codec.H264_TS: CodecSpec(
            extension="ts",
            encoder="libx264",
            crf=_H264_CRF,
            audio={_PCM: ("ts",), _AAC: ("ts",)},
            default_audio=_AAC,
            pixel_formats=_OPAQUE,
            has_even_size=True,
            has_x264_preset=True,
        ),
        Codec.GIF: CodecSpec(extension="gif"),
    }
)
# What the command line takes a file name to mean where no codec is given.
CODEC_OF_EXTENSION: Mapping[str, Codec] = MappingProxyType(
    {
        "3gp": Codec.AAC,
        "aac": Codec.AAC,
        "gif": Codec.GIF,
        "hevc": Codec.H265,
        "m4a": Codec.AAC,
        "m4b": Codec.AAC,
        "mkv": Codec.H264_MKV,
        "mov": Codec.PRORES,
        "mp3": Codec.MP3,
        "mp4": Codec.H264,
        "mpeg": Codec.AAC,
        "mpg": Codec.AAC,
        "mxf": Codec.PRORES,
        "ts": Codec.H264_TS,
        "wav": Codec.WAV,
        "webm": Codec.VP8,
    }
)
# What `separateAudioTo` takes a file name to mean.
AUDIO_CODEC_OF_EXTENSION: Mapping[str, AudioCodec] = MappingProxyType(
    {"aac": _AAC, "mp3": _MP3, "opus": _OPUS, "wav": _PCM}
)
