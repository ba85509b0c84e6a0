"""Samples that pages made themselves, read from the files of the chunks they were recorded in."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from framefleet.domain.sound import InlineTrack
from framefleet.encoding.retime import Retime, Samples, silence
from framefleet.errors import MediaError

_CHANNELS = 2
_SAMPLE_BYTES = 2 * _CHANNELS
# After this much silence a track sets in anew. Not to know whether it does holds up the mix.
_LONGEST_GAP_S = 0.25
# What a change of tone must know ahead: 0.54 s at 8 kHz, the lowest rate, and below 0.16 s at
# 44.1 kHz and more (measured with tones from 0.01 to 2).
_SETTLING_S = 1.0
# How far the timeline must be known beyond what is mixed; more than the two together.
KNOWN_AHEAD_S = 1.5


@dataclass(frozen=True, slots=True)
class InlineFile:
    """The inline samples of a chunk: their file, what lies where, and the chunk's first frame.

    `start` counts frames of the output.
    """

    path: Path
    start: int
    tracks: tuple[InlineTrack, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """Samples of the timeline from `start` up to `stop`, at `offset` bytes of a file."""

    start: int
    stop: int
    path: Path
    offset: int

    def cut(self, at: int) -> tuple[_Block, _Block]:
        """What lies before sample `at`, and from there on."""
        at = min(max(at, self.start), self.stop)
        offset = self.offset + (at - self.start) * _SAMPLE_BYTES
        return (
            _Block(self.start, at, self.path, self.offset),
            _Block(at, self.stop, self.path, offset),
        )


class InlineVoice:
    """Samples of one id without a long gap, from sample `start` up to where they are known.

    Attributes:
        stop: where the known ones end.
        is_over: whether that is where it ends.
    """

    def __init__(self, start: int, tone_frequency: float, settling: int) -> None:
        self.start = self.stop = start
        self.is_over = False
        self._tone = tone_frequency
        self._settling = settling
        self._blocks: deque[_Block] = deque()

    @property
    def readable(self) -> int:
        """The sample up to which `read` can yield: a change of tone looks ahead."""
        return self.stop if self.is_over else max(self.start, self.stop - self._settling)

    def append(self, block: _Block) -> None:
        """Add samples that come after all others."""
        self._blocks.append(block)
        self.stop = block.stop

    def read(self, sample_rate: int) -> Generator[Samples, None, None]:
        """Yield the samples as (n, 2) float32 with their tone applied.

        Raises:
            OptionError: the tone is out of range.
        """
        retime = Retime(sample_rate, sample_rate, tone=self._tone)
        yield from retime.apply(self._stored(self.start - retime.lead_in[0]))

    def _stored(self, position: int) -> Iterator[Samples]:
        with ExitStack() as stack:
            opened = None
            while self._blocks:
                block = self._blocks.popleft()
                if block.path != opened:
                    stack.close()
                    opened, file = block.path, stack.enter_context(block.path.open("rb"))
                yield from silence(block.start - position, _CHANNELS)
                file.seek(block.offset)
                values = np.frombuffer(file.read((block.stop - block.start) * _SAMPLE_BYTES), "<i2")
                yield values.reshape(-1, _CHANNELS).astype(np.float32) / np.float32(32768)
                position = block.stop
        assert self.is_over, "read beyond what is known"


class InlineTracks:
    """Puts the inline tracks of chunks on the timeline, as the chunks come.

    A block opens at the sample at or below its time (spec/remotion-page-contract.md 5.6); where
    two of a track overlap the later one counts.
    """

    def __init__(self, fps: Fraction, sample_rate: int) -> None:
        self._samples_per_frame = sample_rate / fps
        self._settling = int(_SETTLING_S * sample_rate)
        self._longest_gap = int(_LONGEST_GAP_S * sample_rate)
        self._tones: dict[str, float] = {}
        self._voices: dict[str, InlineVoice] = {}
        # What a later block may still replace: nothing that lies before the chunk that has it.
        self._open: dict[str, _Block] = {}

    def add(self, file: InlineFile | None, stop: int, *, is_last: bool) -> list[InlineVoice]:
        """Take up the samples of a chunk that ends before frame `stop` of the output.

        Returns:
            Voices that set in, by id. They, and those of before, go on as far as is known now.

        Raises:
            MediaError: the tone of a track changes.
        """
        begun: list[tuple[str, InlineVoice]] = []
        for track in file.tracks if file else ():
            tone = self._tones.setdefault(track.id, track.tone_frequency)
            if tone != track.tone_frequency:
                raise MediaError(
                    "toneFrequency must be the same across the entire audio, got "
                    f"{track.tone_frequency}, but before it was {tone}"
                )
            assert file is not None
            for block in _placed(track, file, self._samples_per_frame):
                before = self._open.get(track.id)
                if before is not None:
                    begun += self._append(track.id, before.cut(block.start)[0])
                self._open[track.id] = block
        # Where the next chunk's first block may begin at the earliest.
        known = math.floor(stop * self._samples_per_frame)
        for id, block in list(self._open.items()):
            ready, self._open[id] = block.cut(block.stop if is_last else known)
            begun += self._append(id, ready)
        for id, voice in list(self._voices.items()):
            if is_last or known - voice.stop > self._longest_gap:
                voice.is_over = True
                del self._voices[id], self._open[id]
        # Another order would add up to other floats where chunks are cut elsewhere.
        return [voice for _, voice in sorted(begun, key=lambda pair: pair[0])]

    def _append(self, id: str, block: _Block) -> Iterator[tuple[str, InlineVoice]]:
        """Add samples that nothing can replace any more; yields the voice if it is a new one."""
        if block.start == block.stop:
            return
        voice = self._voices.get(id)
        if voice is not None and block.start - voice.stop > self._longest_gap:
            voice.is_over = True
            voice = None
        if voice is None:
            voice = self._voices[id] = InlineVoice(block.start, self._tones[id], self._settling)
            yield id, voice
        voice.append(block)


def _placed(track: InlineTrack, file: InlineFile, samples_per_frame: Fraction) -> Iterator[_Block]:
    scale, divisor = samples_per_frame.as_integer_ratio()
    for frames, parts, offset, size in np.frombuffer(track.blocks, "<i8").reshape(-1, 4).tolist():
        at = (file.start * parts + frames) * scale // (parts * divisor)
        yield _Block(at, at + size // _SAMPLE_BYTES, file.path, offset)
