"""The sounds of a chunk: recorded while it is filmed, put together with those of the others."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from framefleet.domain.sound import (
    FrameSounds,
    InlineTrack,
    SoundJoiner,
    SoundSegment,
    in_order,
    joined,
)
from framefleet.domain.timing import FrameRange
from framefleet.encoding.inline_sound import InlineFile, join_inline
from framefleet.encoding.mix import mix
from framefleet.encoding.retime import Samples
from framefleet.errors import writing

INLINE_FILE = "inline.pcm"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSounds:
    """What sounds in a chunk; the samples of `inline` lie in its `INLINE_FILE`.

    Segments count frames from the chunk's first one and are ordered by start and id.
    """

    segments: tuple[SoundSegment, ...] = ()
    inline: tuple[InlineTrack, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.segments or self.inline)


@dataclass(frozen=True, slots=True)
class RecordedSounds:
    """The sounds of a chunk, the frames it was filmed for, and its inline file if it has one."""

    frames: FrameRange
    sounds: ChunkSounds
    inline_file: Path | None = None


class SoundRecorder:
    """Takes down what sounds, frame by frame, in memory that does not grow with inline samples.

    Those go to `INLINE_FILE` in `folder`, which is made with the first of them. Use it as a
    context manager: leaving closes the file.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / INLINE_FILE
        self._file: BinaryIO | None = None
        self._size = 0
        self._joiner = SoundJoiner()
        self._blocks: dict[tuple[str, float], array[int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def add(self, position: Fraction, sounds: FrameSounds) -> None:
        """Add the sounds of the frame `position` output frames after the chunk's first one.

        Frames come in order. Between two frames of the output only inline samples count: a sound
        that goes on is known from the frames themselves.

        Raises:
            DiskFullError, OutputError: the samples cannot be written.
        """
        if position.denominator == 1:
            self._joiner.add(sounds.sounds)
        if not sounds.inline:
            return
        with writing("The sound of a chunk"):
            if self._file is None:
                self._file = self._path.open("wb")
            for sound in sounds.inline:
                key = sound.id, sound.tone_frequency
                row = (*position.as_integer_ratio(), self._size, len(sound.samples))
                self._blocks.setdefault(key, array("q")).extend(row)
                self._size += self._file.write(sound.samples)

    def finish(self) -> ChunkSounds:
        """Close the file; everything that was added, for the chunk's record."""
        self._close()
        inline = (
            InlineTrack(id=id, tone_frequency=tone, blocks=np.array(rows, "<i8").tobytes())
            for (id, tone), rows in self._blocks.items()
        )
        return ChunkSounds(segments=self._joiner.finish(), inline=tuple(inline))

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with writing("The sound of a chunk"):
                file.close()


def merge_sounds(chunks: Iterable[tuple[FrameRange, ChunkSounds]]) -> list[SoundSegment]:
    """Join the segments of chunks, in the order of the output, over the borders between them.

    A sound goes on where the next chunk starts with the same id and the composition's frames run
    on by the chunks' step. However a film is cut into chunks, the segments are the same.

    Returns:
        Segments that count frames of the whole output, by start and id.
    """
    merged: list[SoundSegment] = []
    running: dict[str, list[SoundSegment]] = {}
    offset, following = 0, None
    for frames, sounds in chunks:
        if frames.start != following:
            merged += map(joined, running.values())
            running = {}
        going_on: dict[str, list[SoundSegment]] = {}
        for segment in sounds.segments:
            parts = running.pop(segment.sound.id, []) if segment.start == 0 else []
            parts.append(replace(segment, start=offset + segment.start))
            if segment.stop == len(frames):
                going_on[segment.sound.id] = parts
            else:
                merged.append(joined(parts))
        merged += map(joined, running.values())
        running = going_on
        offset, following = offset + len(frames), frames.last + frames.step
    merged += map(joined, running.values())
    return in_order(merged)


def mix_chunks(
    chunks: Iterable[RecordedSounds],
    *,
    sources: Mapping[str, Path],
    fps: Fraction,
    sample_rate: int,
) -> Generator[Samples, None, None]:
    """Mix the sound of all chunks, in the order of the output; silence if there is none.

    Args:
        sources: the file of each `Sound.source`.
        fps: output frames a second: the composition's rate over the step from frame to frame.

    Returns:
        Blocks as `mix` yields them; close it when you stop early.

    Raises:
        MediaError, OptionError: as `mix`, or an inline track changes its tone.
    """
    chunks = list(chunks)
    inline: list[InlineFile] = []
    offset = 0
    for chunk in chunks:
        if chunk.inline_file is not None:
            inline.append(InlineFile(chunk.inline_file, offset, chunk.sounds.inline))
        offset += len(chunk.frames)
    return mix(
        merge_sounds((chunk.frames, chunk.sounds) for chunk in chunks),
        paths=sources,
        fps=fps,
        frames=offset,
        sample_rate=sample_rate,
        inline=join_inline(inline, fps=fps, sample_rate=sample_rate),
    )
