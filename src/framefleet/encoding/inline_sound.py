"""Samples that pages made themselves, read from the files of the chunks they were recorded in."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from framefleet.domain.sound import InlineTrack
from framefleet.encoding.retime import Retime, Samples, silence
from framefleet.errors import MediaError

_CHANNELS = 2
_SAMPLE_BYTES = 2 * _CHANNELS
_ROWS_AT_A_TIME = 1024


@dataclass(frozen=True, slots=True)
class InlineFile:
    """The inline samples of a chunk: their file, what lies where, and the chunk's first frame.

    `start` counts frames of the output.
    """

    path: Path
    start: int
    tracks: tuple[InlineTrack, ...]


@dataclass(frozen=True, slots=True)
class InlineVoice:
    """All samples of one id: those of the timeline from `start` up to `stop`.

    `blocks` is (n, 4) int64: start and stop on the timeline, number in `paths`, offset in bytes.
    """

    tone_frequency: float
    paths: Sequence[Path]
    blocks: npt.NDArray[np.int64]

    @property
    def start(self) -> int:
        return int(self.blocks[0, 0])

    @property
    def stop(self) -> int:
        return int(self.blocks[-1, 1])

    def read(self, sample_rate: int) -> Generator[Samples, None, None]:
        """Yield the track as (n, 2) float32 with its tone applied.

        Raises:
            OptionError: the tone is out of range.
        """
        retime = Retime(sample_rate, sample_rate, tone=self.tone_frequency)
        yield from retime.apply(self._stored(self.start - retime.lead_in[0]))

    def _stored(self, position: int) -> Iterator[Samples]:
        with ExitStack() as stack:
            opened = None
            for start, stop, number, offset in self._rows():
                if number != opened:
                    stack.close()
                    opened, file = number, stack.enter_context(self.paths[number].open("rb"))
                yield from silence(start - position, _CHANNELS)
                file.seek(offset)
                values = np.frombuffer(file.read((stop - start) * _SAMPLE_BYTES), "<i2")
                yield values.reshape(-1, _CHANNELS).astype(np.float32) / np.float32(32768)
                position = stop

    def _rows(self) -> Iterator[list[int]]:
        for at in range(0, len(self.blocks), _ROWS_AT_A_TIME):
            yield from self.blocks[at : at + _ROWS_AT_A_TIME].tolist()


def join_inline(
    files: Iterable[InlineFile], *, fps: Fraction, sample_rate: int
) -> list[InlineVoice]:
    """Put the inline tracks of all chunks, in the order of the output, on the timeline.

    A block opens at the sample at or below its time (spec/remotion-page-contract.md 5.6); where
    two of a track overlap the later one counts.

    Args:
        fps: frames a second of the output.

    Raises:
        MediaError: the tone of a track changes.
    """
    paths: list[Path] = []
    tones: dict[str, float] = {}
    blocks: dict[str, list[npt.NDArray[np.int64]]] = {}
    for file in files:
        for track in file.tracks:
            tone = tones.setdefault(track.id, track.tone_frequency)
            if tone != track.tone_frequency:
                raise MediaError(
                    "toneFrequency must be the same across the entire audio, got "
                    f"{track.tone_frequency}, but before it was {tone}"
                )
            placed = _placed(track, file.start, sample_rate / fps, len(paths))
            blocks.setdefault(track.id, []).append(placed)
        paths.append(file.path)
    voices = []
    for id, parts in blocks.items():
        rows = np.concatenate(parts)
        rows[:-1, 1] = np.minimum(rows[:-1, 1], rows[1:, 0])
        rows = rows[rows[:, 0] < rows[:, 1]]
        if len(rows):
            voices.append(InlineVoice(tones[id], paths, rows))
    return voices


def _placed(
    track: InlineTrack, start: int, samples_per_frame: Fraction, number: int
) -> npt.NDArray[np.int64]:
    scale, divisor = samples_per_frame.as_integer_ratio()
    rows = []
    for frames, parts, offset, size in np.frombuffer(track.blocks, "<i8").reshape(-1, 4).tolist():
        at = (start * parts + frames) * scale // (parts * divisor)
        rows.append((at, at + size // _SAMPLE_BYTES, number, offset))
    return np.array(rows, np.int64)
