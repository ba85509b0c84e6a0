"""From a composition and resolved options to a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.plan import PageOptions, Plan
from framefleet.domain.rules import Resolved, layout_size, resolve_frames
from framefleet.domain.timing import FrameRange, split_evenly

# A chunk costs as much as one to three frames: an encoder, a key frame, in a hold the repeats that
# the encoder is shown. That is nothing in 600; longer ones would be lost to a crash.
MIN_CHUNK_FRAMES = 40
MAX_CHUNK_FRAMES = 600
# The last chunks are about this share of a stream's work: how far apart streams may end.
TAIL_SHARE = Fraction(1, 12)
# A browser of one's own is worth its start from so many frames on.
MIN_STREAM_FRAMES = 20
# To pass over a frame of a page on our clock costs this share of filming it (any-page-clock.md).
SKIPPED_SHARE = Fraction(1, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """How a render is cut: into chunks of `chunk_frames`, or as suits `streams` side by side.

    Each chunk is filmed in `parts` side by side.
    """

    chunk_frames: int | None = None
    streams: int = 1
    parts: int = 1


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
        parts=division.parts,
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
            1, min(division.streams * len(frames) // total, len(frames) // MIN_STREAM_FRAMES)
        )
        if kind is CompositionKind.PAGE:
            yield from frames.divide(_stepped_lengths(len(frames), streams))
        else:
            yield from frames.divide(_falling_lengths(len(frames), streams))


def _falling_lengths(frames: int, streams: int) -> list[int]:
    """Long chunks first and short ones last, so that all streams end together.

    Each round gives every stream a chunk, of half of what is left, until that is not worth it:
    "factoring", Hummel, Schonberg and Flynn, Communications of the ACM 35(8), 1992.
    """
    lengths: list[int] = []
    shortest = max(MIN_CHUNK_FRAMES, int(frames * TAIL_SHARE / streams))
    left = frames
    while left:
        share = left / streams
        if streams > 1 and share >= 2 * shortest:
            share /= 2
        lengths += split_evenly(round(min(share, MAX_CHUNK_FRAMES) * streams), streams)
        left = frames - sum(lengths)
    return lengths


def _stepped_lengths(frames: int, streams: int) -> list[int]:
    """One chunk per stream: a page on our clock has to be stepped to where its chunk begins.

    Later ones are shorter by what the way there takes.
    """
    weights = [(1 - SKIPPED_SHARE) ** stream for stream in range(streams)]
    ends = [round(frames * sum(weights[: stream + 1]) / sum(weights)) for stream in range(streams)]
    return [stop - start for start, stop in pairwise([0, *ends])]
