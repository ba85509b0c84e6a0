"""The whole timeline's sound: every segment and inline track, summed in float, clipped once."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from framefleet.domain.sound import SoundSegment
from framefleet.encoding.inline_sound import InlineTrack
from framefleet.encoding.retime import Samples
from framefleet.encoding.sound_source import read_sound
from framefleet.errors import MediaError

# Long enough that a jump of volume does not click, short against a frame.
_RAMP_S = 0.003


def mix(
    segments: Iterable[SoundSegment],
    *,
    paths: Mapping[str, Path],
    fps: Fraction,
    frames: int,
    sample_rate: int,
    inline: Iterable[InlineTrack] = (),
) -> Generator[Samples, None, None]:
    """Mix the timeline of `frames` frames.

    Blocks are (n, 2) float32 within [-1, 1], a second long but for the last; together they hold
    exactly round(frames / fps * sample_rate) samples. A source is open only while it sounds.

    Args:
        paths: The file of each `Sound.source`.
        inline: Tracks from `InlineSounds`.

    Raises:
        MediaError: a source is missing or cannot be read.
        OptionError: a rate or tone is out of range.
    """
    total = sample_index(frames, fps, sample_rate)
    voices = [_of_segment(segment, paths, fps, sample_rate) for segment in segments]
    voices += [_Voice(track.start, track.stop, track.read(sample_rate)) for track in inline]
    waiting = sorted(voices, key=lambda voice: voice.start, reverse=True)
    sounding: list[_Voice] = []
    try:
        for start in range(0, total, sample_rate):
            block = np.zeros((min(sample_rate, total - start), 2), np.float32)
            stop = start + len(block)
            while waiting and waiting[-1].start < stop:
                sounding.append(waiting.pop())
            for voice in sounding:
                voice.add_to(block, start)
            sounding = [voice for voice in sounding if not voice.is_over(stop)]
            yield np.clip(block, -1, 1, out=block)
    finally:
        for voice in sounding:
            voice.close()


def sample_index(frame: int, fps: Fraction, sample_rate: int) -> int:
    """The sample at which `frame` begins."""
    return round(frame * sample_rate / fps)


def _of_segment(
    segment: SoundSegment, paths: Mapping[str, Path], fps: Fraction, sample_rate: int
) -> _Voice:
    sound = segment.sound
    path = paths.get(sound.source)
    if path is None:
        raise MediaError(f"There is no file for the sound {sound.source[:1000]}. Fetch it first.")
    start = sample_index(segment.start, fps, sample_rate)
    stop = sample_index(segment.start + segment.frames, fps, sample_rate)
    gain = _Gain(segment, fps, sample_rate)
    return _Voice(start, stop, read_sound(path, sound, sample_rate=sample_rate), gain)


class _Gain:
    """One value per frame, with a short straight ramp at the start of a frame that differs."""

    def __init__(self, segment: SoundSegment, fps: Fraction, sample_rate: int) -> None:
        volumes = segment.volumes
        ramp = min(round(_RAMP_S * sample_rate), int(sample_rate / fps))
        at: list[int] = []
        gains = [volumes[0]]
        for index, (before, after) in enumerate(pairwise(volumes), start=1):
            if before != after:
                edge = sample_index(segment.start + index, fps, sample_rate)
                at += (edge, edge + ramp)
                gains += (before, after)
        self._at = np.array(at, np.int64)
        self._gains = np.array(gains, np.float64)

    def apply(self, samples: Samples, start: int) -> Samples:
        low, high = np.searchsorted(self._at, (start, start + len(samples)), side="right")
        level = self._gains[low]
        if low == high and (low % 2 == 0):
            return samples if level == 1 else samples * np.float32(level)
        curve = np.interp(np.arange(start, start + len(samples)), self._at, self._gains[1:])
        return samples * curve.astype(np.float32)[:, None]


class _Voice:
    """Something that sounds from sample `start` up to `stop` of the timeline."""

    def __init__(
        self,
        start: int,
        stop: int,
        blocks: Generator[Samples, None, None],
        gain: _Gain | None = None,
    ) -> None:
        self.start = start
        self._stop = stop
        self._position = start
        self._blocks = blocks
        self._gain = gain
        self._rest: list[Samples] = []

    def add_to(self, block: Samples, block_start: int) -> None:
        """Add what sounds during `block`, which lies at sample `block_start` of the timeline."""
        wanted = min(self._stop, block_start + len(block)) - self._position
        samples = self._take(wanted)
        if self._gain is not None:
            samples = self._gain.apply(samples, self._position)
        offset = self._position - block_start
        block[offset : offset + len(samples)] += samples
        self._position += wanted

    def is_over(self, position: int) -> bool:
        """Whether nothing sounds from `position` on; the source is closed then."""
        if position >= self._stop:
            self.close()
        return position >= self._stop

    def close(self) -> None:
        self._blocks.close()

    def _take(self, count: int) -> Samples:
        """The next `count` samples, or fewer at the source's end."""
        have = sum(len(part) for part in self._rest)
        while have < count:
            part = next(self._blocks, None)
            if part is None:
                break
            self._rest.append(part)
            have += len(part)
        joined = np.concatenate(self._rest) if self._rest else np.zeros((0, 2), np.float32)
        self._rest = [joined[count:]] if have > count else []
        return joined[:count]
