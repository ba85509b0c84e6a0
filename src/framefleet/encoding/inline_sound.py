"""Samples that pages made themselves, gathered into one file per track."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np

from framefleet.domain.sound import InlineSound
from framefleet.encoding.retime import Retime, Samples
from framefleet.errors import MediaError

_CHANNELS = 2
_SAMPLE_BYTES = 2 * _CHANNELS


@dataclass(slots=True)
class InlineTrack:
    """All samples of one id: those of the timeline from `start` up to `stop`, at these offsets."""

    path: Path
    tone_frequency: float
    start: int
    stop: int

    def read(self, sample_rate: int) -> Generator[Samples, None, None]:
        """Yield the track as (n, 2) float32 with its tone applied."""
        retime = Retime(sample_rate, sample_rate, tone=self.tone_frequency)
        yield from retime.apply(self._stored(self.start - retime.lead_in[0], sample_rate))

    def _stored(self, first: int, block_size: int) -> Iterator[Samples]:
        if first < self.start:
            yield np.zeros((self.start - first, _CHANNELS), np.float32)
        for at in range(self.start, self.stop, block_size):
            values = np.fromfile(
                self.path,
                "<i2",
                count=min(block_size, self.stop - at) * _CHANNELS,
                offset=at * _SAMPLE_BYTES,
            )
            yield values.reshape(-1, _CHANNELS).astype(np.float32) / np.float32(32768)


class InlineSounds:
    """Puts inline sounds where they belong on the timeline, in any order.

    Each track is a sparse file in `folder`, as long as the timeline up to the track's end; the
    caller owns the folder. Where two frames of a track overlap the later write counts.
    """

    def __init__(self, folder: Path, *, fps: Fraction, sample_rate: int) -> None:
        self._folder = folder
        self._fps = fps
        self._sample_rate = sample_rate
        self._tracks: dict[str, InlineTrack] = {}

    @property
    def tracks(self) -> list[InlineTrack]:
        """The tracks so far, for `mix`."""
        return list(self._tracks.values())

    def write(self, position: int, sound: InlineSound) -> None:
        """Store `sound`, which sounds during frame `position` of the render.

        Raises:
            MediaError: the track's tone differs from that of its earlier frames.
        """
        # Floor of an exact fraction: spec/remotion-page-contract.md 5.6.
        start = floor(position * self._sample_rate / self._fps)
        stop = start + len(sound.samples) // _SAMPLE_BYTES
        track = self._tracks.get(sound.id)
        if track is None:
            path = self._folder / f"inline-{len(self._tracks):06d}.pcm"
            path.touch()
            track = InlineTrack(path, sound.tone_frequency, start, stop)
            self._tracks[sound.id] = track
        if track.tone_frequency != sound.tone_frequency:
            raise MediaError(
                "toneFrequency must be the same across the entire audio, got "
                f"{sound.tone_frequency}, but before it was {track.tone_frequency}"
            )
        with track.path.open("r+b") as file:
            file.seek(start * _SAMPLE_BYTES)
            file.write(sound.samples[: (stop - start) * _SAMPLE_BYTES])
        track.start = min(track.start, start)
        track.stop = max(track.stop, stop)
