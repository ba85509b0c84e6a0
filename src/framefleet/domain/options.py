"""The table of options: their types, defaults, names and what they do.

Each TypedDict is the keyword arguments of a public function. The command line, the reference page
and the schema for JSON are derived from it; `rules` says what may be combined with what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, TypedDict

from framefleet.domain.codecs import (
    DEFAULT_PIXEL_FORMAT,
    PIXEL_FORMATS,
    PRORES_PROFILES,
    X264_PRESETS,
    X264_TUNINGS,
    AudioCodec,
    Codec,
)
from framefleet.domain.destination_options import DestinationArguments
from framefleet.domain.option import (
    AUDIO,
    BROWSER,
    DISPLAY,
    MACHINE,
    OUTPUT,
    PAGE,
    PICTURE,
    VIDEO,
    Option,
)
from framefleet.domain.output import (
    DEFAULT_FILM_JPEG_QUALITY,
    DEFAULT_JPEG_QUALITY,
    DEFAULT_SAMPLE_RATE,
    ColorSpace,
    HardwareAcceleration,
)

Props = Mapping[str, Any] | str
Rate = int | float | str | Fraction
# One frame, (first, last) both included, (first, None) to the end, or several such pairs.
FrameRangeOption = int | Sequence[int | None] | Sequence[Sequence[int | None]]

LOG_LEVELS = ("trace", "verbose", "info", "warn", "error")
GL_BACKENDS = ("angle", "angle-egl", "egl", "swangle", "swiftshader", "vulkan")


class ChromiumArguments(TypedDict, total=False):
    """`chromium_options`: how Chromium behaves towards pages."""

    gl: Annotated[
        str,
        Option(
            section=BROWSER,
            choices=GL_BACKENDS,
            metavar="NAME",
            help=f"GL back end: {', '.join(GL_BACKENDS)}. By default WebGL runs in software.",
        ),
    ]
    disable_web_security: Annotated[
        bool,
        Option(
            section=BROWSER,
            default=False,
            help="Let the page read from servers that do not allow it (CORS).",
        ),
    ]
    ignore_certificate_errors: Annotated[
        bool,
        Option(section=BROWSER, default=False, help="Load from servers with bad certificates."),
    ]
    user_agent: Annotated[
        str,
        Option(section=BROWSER, metavar="TEXT", help="The user agent pages and servers see."),
    ]
    dark_mode: Annotated[
        bool,
        Option(section=BROWSER, default=False, help="Pages are told that people like it dark."),
    ]
    small_tiles: Annotated[
        bool,
        Option(
            section=BROWSER,
            default=False,
            help="Paint in tiles of 256 px, as Remotion does. Gradients and edges are then equal "
            "to the level, and a frame costs 6 % more.",
        ),
    ]


class PageArguments(TypedDict, total=False):
    """What a page is given, and how it is run, on whatever machine."""

    input_props: Annotated[
        Props,
        Option(
            section=PAGE,
            flag="--props",
            metavar="JSON|FILE",
            help="Input props: JSON text or a file with it; they go over the default props.",
        ),
    ]
    env_variables: Annotated[
        Mapping[str, str],
        Option(
            section=PAGE,
            flag="--env",
            metavar="KEY=VALUE",
            help="A variable a Remotion page sees in process.env; repeatable.",
        ),
    ]
    timeout_in_milliseconds: Annotated[
        float,
        Option(
            section=PAGE,
            default=30_000,
            flag="--timeout",
            metavar="MS",
            help="Milliseconds the page may take to get ready, at least 7000.",
        ),
    ]
    offthread_video_cache_size_in_bytes: Annotated[
        int,
        Option(
            section=PAGE,
            flag="--offthreadvideo-cache-size-in-bytes",
            metavar="BYTES",
            help="Decoded pictures of <OffthreadVideo> to keep at a time; by default an eighth "
            "of the memory.",
        ),
    ]
    chromium_options: ChromiumArguments
    log_level: Annotated[
        str,
        Option(
            section=DISPLAY,
            default="info",
            flag="--log-level --log",
            metavar="LEVEL",
            choices=LOG_LEVELS,
            help=f"Console messages of the page to show: {', '.join(LOG_LEVELS)}. verbose also "
            "adds stack traces to errors.",
        ),
    ]


class SiteArguments(PageArguments, total=False):
    """How a site is looked at on this machine."""

    width: Annotated[
        int,
        Option(
            section=PAGE,
            remotion="forceWidth",
            metavar="PX",
            help="Width in CSS pixels, over the composition's.",
        ),
    ]
    height: Annotated[
        int,
        Option(section=PAGE, remotion="forceHeight", metavar="PX", help="Height in CSS pixels."),
    ]
    fps: Annotated[
        Rate,
        Option(
            section=PAGE,
            remotion="forceFps",
            metavar="RATE",
            help="Frames per second: 30, 29.97, 30000/1001.",
        ),
    ]
    duration_in_frames: Annotated[
        int,
        Option(
            section=PAGE,
            remotion="forceDurationInFrames",
            flag="--duration",
            metavar="FRAMES",
            help="Length in frames.",
        ),
    ]
    browser_executable: Annotated[
        str | Path,
        Option(
            section=BROWSER,
            metavar="PATH",
            help="The Chromium to start; by default the first one found. [env: FRAMEFLEET_BROWSER]",
        ),
    ]


class PictureOptions(TypedDict, total=False):
    """How frames are photographed."""

    image_format: Annotated[
        str,
        Option(
            section=PICTURE,
            metavar="FORMAT",
            help="How frames are taken. Video: jpeg (fast), or png (transparency); by default the "
            "composition's own, else jpeg. A still also takes webp and pdf and goes by its name. "
            "none films nothing.",
        ),
    ]
    jpeg_quality: Annotated[
        int,
        Option(
            section=PICTURE,
            metavar="Q",
            help=f"Of jpeg frames, 0 to 100. By default {DEFAULT_JPEG_QUALITY}; of frames that "
            f"become a video {DEFAULT_FILM_JPEG_QUALITY}.",
        ),
    ]
    scale: Annotated[
        float,
        Option(
            section=PICTURE,
            default=1,
            metavar="X",
            help="Device pixels for one CSS pixel, above 0 and at most 16.",
        ),
    ]


class OverwriteOptions(TypedDict, total=False):
    """What becomes of an output that is there."""

    overwrite: Annotated[
        bool,
        Option(section=OUTPUT, default=False, help="Replace an output that is there already."),
    ]


class PictureArguments(
    SiteArguments, DestinationArguments, PictureOptions, OverwriteOptions, total=False
):
    """How frames are photographed and where they go."""


class RangeOptions(TypedDict, total=False):
    """Which frames are rendered."""

    frame_range: Annotated[
        FrameRangeOption,
        Option(
            section=VIDEO,
            flag="--frames",
            metavar="RANGE",
            help="Part of the composition: 5, 0-99 (both included), 100- or -99; several in "
            "order: 0-9,30-39.",
        ),
    ]
    every_nth_frame: Annotated[
        int,
        Option(
            section=VIDEO,
            default=1,
            metavar="N",
            help="Render the first and then every nth frame, at a rate n times lower.",
        ),
    ]


class FramesArguments(PictureArguments, RangeOptions, total=False):
    """Which frames are rendered, and by how many browsers."""

    concurrency: Annotated[
        int | str,
        Option(
            section=MACHINE,
            metavar="N|SHARE",
            help="Chunks rendered at a time: a number, or a share of the cores such as 50%. By "
            "default one a core, as memory allows.",
        ),
    ]
    chunk_frames: Annotated[
        int,
        Option(
            section=MACHINE,
            metavar="N",
            help="Frames of a chunk; by default chosen from length and concurrency.",
        ),
    ]
    executor: Annotated[
        str,
        Option(
            section=MACHINE,
            metavar="NAME",
            choices=("process", "inline"),
            help="inline (all chunks in this process) or process (a worker process for each "
            "stream). By default inline up to four at a time. [env: FRAMEFLEET_EXECUTOR]",
        ),
    ]


class EncodingOptions(TypedDict, total=False):
    """How frames and sound become a file."""

    codec: Annotated[
        str,
        Option(
            section=VIDEO,
            metavar="NAME",
            choices=tuple(Codec),
            help=f"{', '.join(Codec)}. By default what the output's name says, else the "
            "composition's own, else h264.",
        ),
    ]
    crf: Annotated[
        int,
        Option(
            section=VIDEO,
            metavar="Q",
            help="Constant quality, smaller is better; the codec decides range and default "
            "(h264: 1 to 51, 18).",
        ),
    ]
    video_bitrate: Annotated[
        str,
        Option(
            section=VIDEO, metavar="RATE", help="Bits a second instead of crf, such as 5M or 800K."
        ),
    ]
    encoding_max_rate: Annotated[
        str,
        Option(
            section=VIDEO,
            flag="--max-rate",
            metavar="RATE",
            help="Highest bits a second, over --buffer-size.",
        ),
    ]
    encoding_buffer_size: Annotated[
        str,
        Option(
            section=VIDEO,
            flag="--buffer-size",
            metavar="SIZE",
            help="Bits the decoder's buffer holds: how long --max-rate is looked at.",
        ),
    ]
    gop_size: Annotated[
        int,
        Option(
            section=VIDEO,
            flag="--gop",
            metavar="FRAMES",
            help="Frames from one key frame to the next, at most; by default the encoder's choice.",
        ),
    ]
    x264_preset: Annotated[
        str,
        Option(
            section=VIDEO,
            metavar="PRESET",
            choices=X264_PRESETS,
            help="Effort of h264, ultrafast to placebo: slower makes smaller files. By default "
            "medium.",
        ),
    ]
    x264_tuning: Annotated[
        str,
        Option(
            section=VIDEO,
            metavar="TUNING",
            choices=X264_TUNINGS,
            help="page leaves out of the presets faster to medium what pages do not repay: twice "
            "as fast, as good and as small. none obeys the preset to the letter. By default page.",
        ),
    ]
    prores_profile: Annotated[
        str,
        Option(
            section=VIDEO,
            remotion="proResProfile",
            metavar="PROFILE",
            choices=tuple(PRORES_PROFILES),
            help=f"{', '.join(reversed(PRORES_PROFILES))}; by default the composition's own, else "
            "hq. 4444 keeps transparency.",
        ),
    ]
    pixel_format: Annotated[
        str,
        Option(
            section=VIDEO,
            metavar="FORMAT",
            choices=PIXEL_FORMATS,
            help=f"{', '.join(PIXEL_FORMATS)}; those with yuva keep transparency. By default the "
            f"composition's own, else {DEFAULT_PIXEL_FORMAT}.",
        ),
    ]
    color_space: Annotated[
        str,
        Option(
            section=VIDEO,
            default=ColorSpace.BT709.value,
            metavar="NAME",
            choices=tuple(ColorSpace),
            help="bt709, bt601, bt2020-ncl or default (Remotion's: full-range BT.601).",
        ),
    ]
    number_of_gif_loops: Annotated[
        int,
        Option(
            section=VIDEO,
            metavar="N",
            help="How often a GIF is repeated; 0 plays it once. By default for ever.",
        ),
    ]
    audio_codec: Annotated[
        str,
        Option(
            section=AUDIO,
            metavar="NAME",
            choices=tuple(AudioCodec),
            help=f"{', '.join(AudioCodec)}, as the codec allows.",
        ),
    ]
    audio_bitrate: Annotated[
        str,
        Option(section=AUDIO, metavar="RATE", help="Bits a second of sound. By default 320K."),
    ]
    sample_rate: Annotated[
        int,
        Option(
            section=AUDIO,
            metavar="HZ",
            help=f"Samples a second. By default the composition's own, else {DEFAULT_SAMPLE_RATE}.",
        ),
    ]
    muted: Annotated[bool, Option(section=AUDIO, default=False, help="Leave the sound out.")]
    enforce_audio_track: Annotated[
        bool,
        Option(section=AUDIO, default=False, help="A silent track if there is no sound."),
    ]
    prefer_lossless: Annotated[
        bool,
        Option(section=AUDIO, default=False, help="Sound without loss, where the codec can."),
    ]
    separate_audio_to: Annotated[
        str | Path | Mapping[str, Any],
        Option(
            section=AUDIO,
            metavar="PATH",
            help="Put the sound into a file of its own: .aac, .mp3, .opus or .wav; or to "
            "s3://bucket/key, gs://bucket/key.",
        ),
    ]
    metadata: Annotated[
        Mapping[str, str],
        Option(
            section=OUTPUT,
            metavar="KEY=VALUE",
            help="A tag of the file, such as title=Hello; repeatable.",
        ),
    ]


class MediaArguments(FramesArguments, EncodingOptions, total=False):
    """The keyword arguments of `render_media`."""

    hardware_acceleration: Annotated[
        str,
        Option(
            section=VIDEO,
            default=HardwareAcceleration.DISABLE.value,
            metavar="MODE",
            choices=tuple(HardwareAcceleration),
            help="Encode on the graphics card: disable, if-possible or required.",
        ),
    ]


class StillArguments(PictureArguments, total=False):
    """The keyword arguments of `render_still`."""

    frame: Annotated[
        int,
        Option(
            section=PICTURE,
            default=0,
            metavar="N",
            help="The frame, from 0; negative ones count from the end.",
        ),
    ]


class SequenceArguments(FramesArguments, total=False):
    """The keyword arguments of `render_frames`."""

    frames: Annotated[
        Sequence[int],
        Option(
            section=VIDEO,
            flag="",
            help="Single frames, instead of a range.",
        ),
    ]
    image_sequence_pattern: Annotated[
        str,
        Option(
            section=OUTPUT,
            metavar="PATTERN",
            help="Names of the pictures: [frame] and [ext] are filled in. By default "
            "element-[frame].[ext].",
        ),
    ]
