"""The sounds of a chunk: recorded while it is filmed, put together with those of the others."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from framefleet.domain.sound import FrameSounds, InlineTrack, SoundJoiner, SoundSegment
from framefleet.domain.timing import FrameRange
from framefleet.encoding.inline_sound import InlineFile
from framefleet.encoding.mix import TimelinePart, mix
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

    @property
    def sources(self) -> set[str]:
        """The canonical sources whose files it takes to mix them."""
        return {segment.sound.source for segment in self.segments}

    def __bool__(self) -> bool:
        return bool(self.segments or self.inline)


@dataclass(frozen=True, slots=True)
class RecordedSounds:
    """The sounds of a chunk and the frames it was filmed for.

    `sources` names the file of each `Sound.source`, `inline_file` the one of inline samples.
    """

    frames: FrameRange
    sounds: ChunkSounds
    inline_file: Path | None = None
    sources: Mapping[str, Path] = field(default_factory=dict)


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


def link_chunks(chunks: Iterable[RecordedSounds]) -> Iterator[TimelinePart]:
    """The sounds of chunks, in the order of the output, over the borders between them.

    A sound goes on where the next chunk starts with the same id and the composition's frames run
    on by the chunks' step. However a film is cut into chunks, the sounds are the same.
    """
    running: set[str] = set()
    offset, following = 0, None
    for chunk in chunks:
        if chunk.frames.start != following:
            running = set()
        begins: list[SoundSegment] = []
        goes_on: list[SoundSegment] = []
        for segment in chunk.sounds.segments:
            is_known = segment.start == 0 and segment.sound.id in running
            placed = replace(segment, start=offset + segment.start)
            (goes_on if is_known else begins).append(placed)
        inline = None
        if chunk.inline_file is not None:
            inline = InlineFile(chunk.inline_file, offset, chunk.sounds.inline)
        length = len(chunk.frames)
        running = {segment.sound.id for segment in chunk.sounds.segments if segment.stop == length}
        offset, following = offset + length, chunk.frames.last + chunk.frames.step
        yield TimelinePart(
            stop=offset,
            begins=tuple(begins),
            goes_on=tuple(goes_on),
            inline=inline,
            sources=chunk.sources,
        )


def mix_chunks(
    chunks: Iterable[RecordedSounds], *, fps: Fraction, frames: int, sample_rate: int
) -> Generator[Samples, None, None]:
    """Mix the sound of all chunks, in the order of the output; silence if there is none.

    Args:
        fps: frames a second of the output: the composition's, over the step from frame to frame.
        frames: of all chunks.

    Returns:
        Blocks as `mix` yields them, when it yields them; close it when you stop early.

    Raises:
        MediaError, OptionError, EncodingError, DiskFullError: as `mix`.
    """
    return mix(link_chunks(chunks), fps=fps, frames=frames, sample_rate=sample_rate)
