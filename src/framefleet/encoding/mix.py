"""The whole timeline's sound: every segment and inline track, summed in float, clipped once."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np

from framefleet.domain.sound import SoundSegment
from framefleet.encoding.inline_sound import InlineVoice
from framefleet.encoding.retime import Samples
from framefleet.encoding.sound_cache import SoundCache
from framefleet.errors import MediaError
from framefleet.machine import usable_cores

# Long enough that a jump of volume does not click, short against a frame.
_RAMP_S = 0.003
# Sounds are opened this long before they start, so that none is waited for.
_OPENED_AHEAD_S = 4.0
# A voice is read ahead by up to two batches.
_BATCH_S = 2.0
# All batches together: 8 million stereo samples are 67 MB.
_SAMPLES_AHEAD = 8_000_000


def mix(
    segments: Iterable[SoundSegment],
    *,
    paths: Mapping[str, Path],
    fps: Fraction,
    frames: int,
    sample_rate: int,
    inline: Iterable[InlineVoice] = (),
) -> Generator[Samples, None, None]:
    """Mix the timeline of `frames` frames.

    Blocks are (n, 2) float32 within [-1, 1], a second long but for the last; together they hold
    exactly round(frames / fps * sample_rate) samples. Sources are decoded by threads, a little
    ahead of what is asked for; closing the generator ends them.

    Args:
        paths: The file of each `Sound.source`.
        fps: Frames a second of the output.
        inline: Tracks from `join_inline`.

    Raises:
        MediaError: a source is missing or cannot be read.
        OptionError: a rate or tone is out of range.
        DiskFullError: no space is left for decoded sound that is needed again.
    """
    total = sample_index(frames, fps, sample_rate)
    with SoundCache() as cache:
        # Nothing else holds a voice: it takes its samples with it.
        waiting = [
            _of_segment(segment, cache, paths, fps, sample_rate)
            for segment in segments
            if sample_index(segment.start, fps, sample_rate) < total
        ]
        waiting += [_Voice(track.read(sample_rate), track.start, track.stop) for track in inline]
        waiting.sort(key=lambda voice: voice.start, reverse=True)
        sounding: list[_Voice] = []
        pool = ThreadPoolExecutor(usable_cores(), thread_name_prefix="framefleet-sound")
        try:
            for start in range(0, total, sample_rate):
                block = np.zeros((min(sample_rate, total - start), 2), np.float32)
                stop = start + len(block)
                while waiting and waiting[-1].start < stop + _OPENED_AHEAD_S * sample_rate:
                    sounding.append(waiting.pop())
                share = _SAMPLES_AHEAD // (2 * max(1, len(sounding)))
                for voice in sounding:
                    voice.read_ahead(pool, min(int(_BATCH_S * sample_rate), share))
                for voice in sounding:
                    voice.add_to(block, start)
                sounding = [voice for voice in sounding if not voice.is_over(stop)]
                yield np.clip(block, -1, 1, out=block)
        finally:
            pool.shutdown(cancel_futures=True)
            for voice in sounding:
                voice.close()


def sample_index(frame: int, fps: Fraction, sample_rate: int) -> int:
    """The sample at which `frame` begins."""
    return round(frame * sample_rate / fps)


def _of_segment(
    segment: SoundSegment,
    cache: SoundCache,
    paths: Mapping[str, Path],
    fps: Fraction,
    sample_rate: int,
) -> _Voice:
    sound = segment.sound
    path = paths.get(sound.source)
    if path is None:
        raise MediaError(f"There is no file for the sound {sound.source[:1000]}. Fetch it first.")
    reader = cache.reader(path, sound, duration_s=float(segment.frames / fps))
    return _Voice(
        reader.read(sample_rate),
        sample_index(segment.start, fps, sample_rate),
        sample_index(segment.stop, fps, sample_rate),
        _Gain(segment, fps, sample_rate),
    )


class _Gain:
    """One value per frame, with a short straight ramp at the start of a frame that differs."""

    def __init__(self, segment: SoundSegment, fps: Fraction, sample_rate: int) -> None:
        volumes = np.atleast_1d(np.array(segment.volume, np.float64))
        ramp = min(round(_RAMP_S * sample_rate), int(sample_rate / fps))
        changes = np.flatnonzero(np.diff(volumes)) + 1
        edges = [sample_index(segment.start + at, fps, sample_rate) for at in changes.tolist()]
        self._at = np.repeat(np.array(edges, np.int64), 2)
        self._at[1::2] += ramp
        self._gains = np.concatenate(([volumes[0]], np.repeat(volumes[changes], 2)))
        self._gains[1::2] = volumes[changes - 1]

    def apply(self, samples: Samples, start: int) -> Samples:
        low, high = np.searchsorted(self._at, (start, start + len(samples)), side="right")
        level = self._gains[low]
        if low == high and (low % 2 == 0):
            return samples if level == 1 else samples * np.float32(level)
        curve = np.interp(np.arange(start, start + len(samples)), self._at, self._gains[1:])
        return samples * curve.astype(np.float32)[:, None]


class _Voice:
    """Something that sounds from sample `start` up to `stop` of the timeline.

    `blocks` runs in a thread, batch by batch: one is ready while the next is read.
    """

    def __init__(
        self,
        blocks: Generator[Samples, None, None],
        start: int,
        stop: int,
        gain: _Gain | None = None,
    ) -> None:
        self.start = start
        self._stop = stop
        self._position = start
        self._gain = gain
        self._blocks = blocks
        self._to_read = stop - start
        self._ahead: Future[Samples] | None = None
        self._batch = self._rest = np.zeros((0, 1), np.float32)

    def read_ahead(self, pool: ThreadPoolExecutor, size: int) -> None:
        """Have batches of `size` samples read by `pool` from now on."""
        self._pool, self._size = pool, size
        if self._ahead is None:
            self._read_next()

    def add_to(self, block: Samples, block_start: int) -> None:
        """Add what sounds during `block`, which lies at sample `block_start` of the timeline."""
        stop = min(self._stop, block_start + len(block))
        while self._position < stop:
            if not len(self._batch):
                if self._ahead is None:
                    return
                self._batch = self._ahead.result()
                self._read_next()
            samples = self._batch[: stop - self._position]
            self._batch = self._batch[len(samples) :]
            offset = self._position - block_start
            if self._gain is not None:
                samples = self._gain.apply(samples, self._position)
            block[offset : offset + len(samples)] += samples
            self._position += len(samples)

    def is_over(self, position: int) -> bool:
        """Whether nothing sounds from `position` on; the source is let go then."""
        if position >= self._stop:
            self.close()
        return position >= self._stop

    def close(self) -> None:
        """Let the source go; no thread may be reading it."""
        self._blocks.close()

    def _read_next(self) -> None:
        size = min(self._size, self._to_read)
        self._to_read -= size
        self._ahead = self._pool.submit(self._read, size) if size else None

    def _read(self, size: int) -> Samples:
        """The next `size` samples, or fewer at the source's end."""
        parts = [self._rest] if len(self._rest) else []
        have = len(self._rest)
        while have < size:
            part = next(self._blocks, None)
            if part is None:
                self._to_read = 0
                break
            parts.append(part)
            have += len(part)
        joined = np.concatenate(parts) if parts else self._rest
        self._rest = joined[size:].copy()
        return joined[:size]
