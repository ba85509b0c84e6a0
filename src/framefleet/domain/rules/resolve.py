"""From what a caller asks for to what a plan says: every rule, in the reference's order.

Order and texts: spec/encoding.md 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from framefleet.domain.codecs import ALPHA_PIXEL_FORMATS, DEFAULT_PIXEL_FORMAT, AudioCodec, Codec
from framefleet.domain.composition import Composition
from framefleet.domain.output import (
    DEFAULT_AUDIO_BITRATE,
    AudioOptions,
    CaptureOptions,
    ColorSpace,
    HardwareAcceleration,
    ImageFormat,
    OutputOptions,
    VideoOptions,
)
from framefleet.domain.rules import counts, frames, names, pixels, quality, sizes, sound
from framefleet.errors import OptionError

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Options that fit each other, with all defaults.

    `video` is None where frames stay pictures or are not filmed. Its encoder is the software one;
    `hardware` says whether another is wanted, and `blocking_option` what keeps it from being used.
    `ranges` None is all of them. `warnings` are options that are of no use to this render.
    """

    capture: CaptureOptions
    video: VideoOptions | None
    audio: AudioOptions
    output: OutputOptions
    hardware: HardwareAcceleration = HardwareAcceleration.DISABLE
    blocking_option: str | None = None
    every_nth_frame: int = 1
    ranges: frames.FrameChoice | None = None
    warnings: tuple[str, ...] = ()


def resolve_media(
    options: Options, output: Path | None, composition: Composition | None = None
) -> Resolved:
    """The options of a file of video or sound.

    `options` holds every one of `MediaArguments`. Before the composition is known its defaults,
    which go before ours, are not: the answer is then provisional, and what no default could mend
    is refused already.

    Raises:
        OptionError, OptionTypeError, OptionRangeError: as the reference has it.
    """
    pixels.read_jpeg_quality(options["jpeg_quality"])
    default = composition.default_codec if composition else None
    codec = names.read_codec(options["codec"], output, default)
    try:
        return _resolve(codec, options, output, composition)
    except OptionError:
        if composition is not None or options["codec"] is not None:
            raise
        for other in names.possible_codecs(output):
            try:
                return _resolve(other, options, output, None)
            except OptionError:
                continue
        raise


def resolve_sequence(options: Options, composition: Composition | None = None) -> Resolved:
    """The options of a sequence of pictures; `options` holds every one of `SequenceArguments`.

    Raises:
        OptionError, OptionTypeError, OptionRangeError: as the reference has it.
    """
    choice = _listed_frames(options, composition)
    default = composition.default_video_image_format if composition else None
    image_format = pixels.read_video_image_format(
        options["image_format"] or default or ImageFormat.JPEG
    )
    if image_format is ImageFormat.NONE:
        raise OptionError(
            "Cannot render an image sequence with a codec that renders no images. codec = null, "
            "imageFormat = none",
            hint="Set image_format (--image-format) to jpeg or png.",
        )
    pixels.check_jpeg_quality_is_used(options["jpeg_quality"], image_format)
    capture = _capture(options, image_format)
    every_nth_frame = counts.read_every_nth_frame(options["every_nth_frame"])
    choice = choice or frames.read_frame_ranges(options["frame_range"])
    pattern = names.read_sequence_pattern(options["image_sequence_pattern"])
    if composition:
        sizes.layout_size(None, composition.width, composition.height, capture.scale)
        frames.resolve_frames(choice, composition.duration_in_frames)
    return Resolved(
        capture=capture,
        video=None,
        audio=AudioOptions(codec=None),
        output=OutputOptions(codec=None, extension=image_format, picture_pattern=pattern),
        every_nth_frame=every_nth_frame,
        ranges=choice,
    )


def _listed_frames(options: Options, composition: Composition | None) -> frames.FrameChoice | None:
    if options["frames"] is None:
        return None
    for name, key, flag, default in (
        ("frameRange", "frame_range", "--frames", None),
        ("everyNthFrame", "every_nth_frame", "--every-nth-frame", 1),
    ):
        if options[key] != default:
            raise OptionError(
                f"The `frames` and `{name}` options are mutually exclusive.",
                hint=f"Leave frames or {key} ({flag}) out.",
            )
    choice = frames.read_frame_list(options["frames"])
    if composition:
        frames.resolve_frames(choice, composition.duration_in_frames)
    return choice


def resolve_still(options: Options, output: Path | None) -> CaptureOptions:
    """How a still is taken; `options` holds every one of `StillArguments`.

    Raises:
        OptionError, OptionTypeError, OptionRangeError: as the reference has it.
    """
    image_format = pixels.read_still_image_format(options["image_format"], output)
    pixels.check_jpeg_quality_is_used(options["jpeg_quality"], image_format)
    frames.resolve_still_frame(options["frame"], math.inf)
    return _capture(options, image_format)


def _capture(options: Options, image_format: ImageFormat) -> CaptureOptions:
    return CaptureOptions(
        image_format=image_format,
        jpeg_quality=pixels.read_jpeg_quality(options["jpeg_quality"]),
        scale=sizes.read_scale(options["scale"]),
    )


def _resolve(
    codec: Codec, options: Options, output: Path | None, composition: Composition | None
) -> Resolved:
    warnings: list[str] = []
    jpeg_quality = pixels.read_jpeg_quality(options["jpeg_quality"], is_film=True)
    hardware = quality.read_hardware(options["hardware_acceleration"])
    rates, audio_bitrate = quality.read_rates(codec, options, warnings)
    quality.check_prores_profile(codec, options["prores_profile"])
    quality.check_x264_preset(codec, options["x264_preset"])
    tuning = quality.read_x264_tuning(codec, options["x264_tuning"])
    pixel_format = _pixel_format(codec, options, composition)
    track = _track(codec, options, output)
    scale = sizes.read_scale(options["scale"])
    every_nth_frame = counts.read_every_nth_frame(options["every_nth_frame"])
    gif_loops = counts.read_gif_loops(codec, options["number_of_gif_loops"])
    image_format = _image_format(codec, options, composition)
    if composition or options["image_format"] is not None:
        pixels.check_alpha_is_filmed(pixel_format, image_format)
    color_space = pixels.read_color_space(options["color_space"])
    choice = frames.read_frame_ranges(options["frame_range"])
    if composition:
        sizes.layout_size(codec, composition.width, composition.height, scale)
        frames.resolve_frames(choice, composition.duration_in_frames)
        counts.check_gif_rate(codec, composition.fps, every_nth_frame)
    blocking_option = quality.blocking_option(options)
    quality.check_hardware(hardware, blocking_option)
    sound.check_sound(codec, muted=track.is_muted, separate_audio_to=track.separate)
    audio_codec = None if track.is_muted else track.codec
    default_rate = composition.default_sample_rate if composition else None
    audio = AudioOptions(
        codec=audio_codec,
        sample_rate=sound.read_sample_rate(
            options["sample_rate"], default_rate, audio_codec, warnings
        ),
        bitrate=audio_bitrate or DEFAULT_AUDIO_BITRATE,
        is_enforced=track.is_enforced or codec.spec.is_audio_only,
    )
    profile = _prores_profile(codec, options, composition, pixel_format)
    capture = CaptureOptions(
        image_format=image_format,
        jpeg_quality=jpeg_quality,
        scale=scale,
        is_opaque=codec is not Codec.GIF and pixel_format not in ALPHA_PIXEL_FORMATS,
    )
    video = _video(codec, rates, pixel_format, color_space, options["x264_preset"], tuning, profile)
    return Resolved(
        capture=capture,
        video=video and replace(video, is_clean=capture.is_clean),
        audio=audio,
        output=OutputOptions(
            codec=codec,
            extension=track.extension,
            separate_audio=names.extension_of(track.separate) if track.separate else None,
            gif_loops=gif_loops,
            metadata=names.read_metadata(options["metadata"]),
        ),
        hardware=hardware,
        blocking_option=blocking_option,
        every_nth_frame=every_nth_frame,
        ranges=choice,
        warnings=(*warnings, *_unused(codec, options, audio)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """The sound, and the name of the file around it."""

    codec: AudioCodec | None
    extension: str
    separate: Path | None
    is_muted: bool
    is_enforced: bool


def _track(codec: Codec, options: Options, output: Path | None) -> _Track:
    separate = names.read_path(options["separate_audio_to"], "separateAudioTo")
    is_muted = names.read_flag(options["muted"], "muted")
    is_enforced = names.read_flag(options["enforce_audio_track"], "enforceAudioTrack")
    audio_codec = sound.read_audio_codec(
        codec,
        options["audio_codec"],
        prefer_lossless=names.read_flag(options["prefer_lossless"], "preferLossless"),
        separate_audio_to=separate,
    )
    is_silent = is_muted or separate is not None
    extension = names.read_extension(
        codec, audio_codec, output, is_separate=separate is not None, is_silent=is_silent
    )
    names.check_separate_name(output, separate)
    return _Track(
        codec=audio_codec,
        extension=extension,
        separate=separate,
        is_muted=is_muted,
        is_enforced=is_enforced or separate is not None,
    )


def _pixel_format(codec: Codec, options: Options, composition: Composition | None) -> str:
    default = composition.default_pixel_format if composition else None
    chosen = next(
        (value for value in (options["pixel_format"], default) if value is not None),
        DEFAULT_PIXEL_FORMAT,
    )
    pixels.check_pixel_format(codec, chosen)
    return str(chosen)


def _image_format(codec: Codec, options: Options, composition: Composition | None) -> ImageFormat:
    given = options["image_format"]
    default = composition.default_video_image_format if composition else None
    chosen = next((value for value in (given, default) if value is not None), ImageFormat.JPEG)
    found = pixels.read_video_image_format(chosen)
    pixels.check_is_filmed(codec, found)
    return ImageFormat.NONE if codec.spec.is_audio_only else found


def _prores_profile(
    codec: Codec, options: Options, composition: Composition | None, pixel_format: str
) -> str | None:
    if codec is not Codec.PRORES:
        return None
    default = composition.default_prores_profile if composition else None
    return pixels.read_prores_profile(options["prores_profile"], default, pixel_format)


def _video(
    codec: Codec,
    rates: quality.Rates,
    pixel_format: str,
    color_space: ColorSpace,
    preset: str | None,
    tuning: str | None,
    profile: str | None,
) -> VideoOptions | None:
    spec = codec.spec
    if spec.encoder is None:
        return None
    return VideoOptions(
        codec=codec,
        encoder=spec.encoder,
        crf=rates.crf,
        bitrate=rates.bitrate,
        max_rate=rates.max_rate,
        buffer_size=rates.buffer_size,
        gop_size=rates.gop_size,
        preset=preset,
        tuning=tuning,
        prores_profile=profile,
        pixel_format=spec.pixel_formats[pixel_format],
        color_space=color_space,
    )


def _unused(codec: Codec, options: Options, audio: AudioOptions) -> Iterator[str]:
    """What the reference leaves aside without a word, and what an encoder does instead."""
    spec = codec.spec
    if spec.crf is None:
        for name, key in (
            ("encodingMaxRate", "encoding_max_rate"),
            ("encodingBufferSize", "encoding_buffer_size"),
            ("gopSize", "gop_size"),
        ):
            if options[key] is not None:
                yield f"{codec} does not support {name}. Ignoring."
    wanted = options["pixel_format"]
    if wanted is not None and spec.pixel_formats.get(wanted) != wanted:
        used = spec.pixel_formats.get(wanted)
        yield f"{codec} does not support the pixel format {wanted}. " + (
            f"Using {used}." if used else "Ignoring."
        )
    if options["audio_bitrate"] is not None and audio.codec in (None, AudioCodec.PCM_16):
        yield f"{audio.codec or 'A render without sound'} does not support audioBitrate. Ignoring."
    if spec.is_audio_only and options["image_format"] not in (None, ImageFormat.NONE):
        yield f"{codec} does not support imageFormat. Ignoring."
