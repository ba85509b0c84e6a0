"""From a composition and resolved options to a plan."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.plan import PageOptions, Plan
from framefleet.domain.rules import Resolved, layout_size, resolve_frames
from framefleet.domain.timing import FrameRange

# Long enough that an IDR picture and a drained encoder cost little, short enough that the streams
# of a machine end together.
PREFERRED_CHUNK_FRAMES = 150
MIN_CHUNK_FRAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """How a render is cut: into chunks of `chunk_frames`, or as suits `streams` side by side."""

    chunk_frames: int | None = None
    streams: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Filming:
    """What a machine and a page turn out to be: versions, and the page time of frame 0."""

    browser: str
    encoder: str
    zero_s: float | None = None


def plan(
    composition: Composition,
    options: Resolved,
    division: Division,
    filming: Filming,
    *,
    input_props: str,
    page: PageOptions,
) -> Plan:
    """Fix everything a worker could otherwise decide for itself.

    Raises:
        OptionError: the frames asked for do not lie within the composition.
    """
    width, height = layout_size(
        options.output.codec, composition.width, composition.height, options.capture.scale
    )
    ranges = resolve_frames(options.ranges, composition.duration_in_frames, options.every_nth_frame)
    return Plan(
        composition=replace(composition, width=width, height=height),
        input_props=input_props,
        chunks=tuple(_cut(ranges, composition.kind, division)),
        capture=options.capture,
        video=options.video,
        audio=options.audio,
        output=options.output,
        page=page,
        browser=filming.browser,
        encoder=filming.encoder,
        zero_s=filming.zero_s,
    )


def _cut(
    ranges: tuple[FrameRange, ...], kind: CompositionKind, division: Division
) -> Iterator[FrameRange]:
    """No chunk crosses from one range into another."""
    total = sum(map(len, ranges))
    for frames in ranges:
        if division.chunk_frames is not None:
            yield from frames.cut(division.chunk_frames)
            continue
        streams = max(
            1, min(division.streams * len(frames) // total, len(frames) // MIN_CHUNK_FRAMES)
        )
        rounds = 1
        if kind is not CompositionKind.PAGE:
            # A page on our clock has to be stepped to where its chunk begins: one chunk per stream.
            rounds = max(1, math.ceil(len(frames) / (PREFERRED_CHUNK_FRAMES * streams)))
        yield from frames.split(streams * rounds)
