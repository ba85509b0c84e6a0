"""From a composition and options to a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from framefleet.domain.composition import Composition, CompositionKind, lower_to_even
from framefleet.domain.output import (
    AudioOptions,
    CaptureOptions,
    ImageFormat,
    VideoOptions,
    choice,
)
from framefleet.domain.plan import PageOptions, Plan
from framefleet.domain.timing import FrameRange
from framefleet.errors import OptionError

# Long enough that an IDR picture and a drained encoder cost little, short enough that the streams
# of a machine end together.
PREFERRED_CHUNK_FRAMES = 150
MIN_CHUNK_FRAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What a caller decides about a video.

    `image_format` and `pixel_format` are what the caller insists on; None leaves them to the
    composition's defaults, and those of `capture` and `video` come last.
    `frames` is the part to render (None: all). `chunk_frames` is the length of a chunk and
    `streams` the number of chunks filmed at a time, which sizes chunks where no length is given.
    """

    frames: tuple[int, int | None] | None = None
    capture: CaptureOptions
    video: VideoOptions
    audio: AudioOptions
    page: PageOptions
    image_format: ImageFormat | None = None
    pixel_format: str | None = None
    chunk_frames: int | None = None
    streams: int = 1


def plan(
    composition: Composition,
    options: RenderOptions,
    *,
    input_props: str,
    browser: str,
    encoder: str,
    zero_s: float | None = None,
) -> Plan:
    """Fix everything a worker could otherwise decide for itself.

    Raises:
        OptionError: the options do not fit the composition.
    """
    options = _with_defaults_of(composition, options)
    options.video.check()
    scale = options.capture.scale
    composition = replace(
        composition,
        width=lower_to_even(composition.width, scale),
        height=lower_to_even(composition.height, scale),
    )
    frames = resolve_frames(options.frames, composition.duration_in_frames)
    return Plan(
        composition=composition,
        input_props=input_props,
        chunks=tuple(_cut(frames, composition.kind, options)),
        capture=options.capture,
        video=options.video,
        audio=options.audio,
        page=options.page,
        browser=browser,
        encoder=encoder,
        zero_s=zero_s,
    )


def _with_defaults_of(composition: Composition, options: RenderOptions) -> RenderOptions:
    """Caller, then composition, then ours (spec/remotion-page-contract.md 3.4)."""
    image_format = options.image_format or composition.default_video_image_format
    pixel_format = options.pixel_format or composition.default_pixel_format
    sample_rate = composition.default_sample_rate
    capture, video, audio = options.capture, options.video, options.audio
    if image_format:
        image_format = choice(ImageFormat, image_format, "image_format")
        capture = replace(capture, image_format=image_format)
    if pixel_format:
        video = replace(video, pixel_format=pixel_format)
    if sample_rate:
        audio = replace(audio, sample_rate=sample_rate)
    return replace(options, capture=capture, video=video, audio=audio)


def resolve_frames(wanted: tuple[int, int | None] | None, duration: int) -> FrameRange:
    """The range `(first, last)` asks for, both included; None as last means the end.

    Raises:
        OptionError: it does not lie within the composition.
    """
    if wanted is None:
        return FrameRange(0, duration)
    first, last = wanted[0], duration - 1 if wanted[1] is None else wanted[1]
    if last < first and wanted[1] is not None:
        raise OptionError(
            "The second value of frame range must be not smaller than the first one, but got "
            f"{first}-{last}"
        )
    if not 0 <= first <= last < duration:
        raise OptionError(
            f'The "durationInFrames" of the <Composition /> was evaluated to be {duration}, but '
            f"frame range {first}-{last} is not inbetween 0-{duration - 1}",
            first_frame=first,
            last_frame=last,
            duration_in_frames=duration,
        )
    return FrameRange(first, last + 1)


def resolve_still_frame(frame: int, duration: int) -> int:
    """The frame of a still; negative ones count from the end.

    Raises:
        OptionError: it does not lie within the composition.
    """
    if not -duration <= frame < duration:
        end = "lowest" if frame < 0 else "highest"
        limit = -duration if frame < 0 else duration - 1
        raise OptionError(
            f"Cannot use frame {frame}: Duration of composition is {duration}, therefore the {end} "
            f"frame that can be rendered is {limit}",
            frame=frame,
        )
    return frame % duration


def _cut(frames: FrameRange, kind: CompositionKind, options: RenderOptions) -> list[FrameRange]:
    if options.chunk_frames is not None:
        if options.chunk_frames < 1:
            raise OptionError(
                f'"chunk_frames" must be a whole number above 0, but is {options.chunk_frames}.'
            )
        starts = range(frames.start, frames.stop, options.chunk_frames)
        return [
            FrameRange(start, min(start + options.chunk_frames, frames.stop)) for start in starts
        ]
    streams = max(1, min(options.streams, len(frames) // MIN_CHUNK_FRAMES))
    rounds = 1
    if kind is not CompositionKind.PAGE:
        # A page on our clock has to be stepped to where its chunk begins: one chunk per stream.
        rounds = max(1, math.ceil(len(frames) / (PREFERRED_CHUNK_FRAMES * streams)))
    return frames.split(streams * rounds)
