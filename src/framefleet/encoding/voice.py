"""What sounds on the timeline, while it becomes known bit by bit how long and how loud."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction

import numpy as np

from framefleet.domain.sound import SoundSegment
from framefleet.encoding.retime import Samples

# Long enough that a jump of volume does not click, short against a frame.
_RAMP_S = 0.003
# Volumes that have passed are forgotten in lots, as each time copies those that have not.
_FORGOTTEN_AT_ONCE = 1024


def sample_index(frame: int, fps: Fraction, sample_rate: int) -> int:
    """The sample at which `frame` begins."""
    return round(frame * sample_rate / fps)


class Gain:
    """One value per frame, with a short straight ramp at the start of a frame that differs.

    Samples are asked for in order: what lies behind is forgotten.
    """

    def __init__(self, fps: Fraction, sample_rate: int) -> None:
        self._fps, self._rate = fps, sample_rate
        self._ramp = min(round(_RAMP_S * sample_rate), int(sample_rate / fps))
        # Both ends of each ramp, and the values there; before them, the value at the start.
        self._at = np.zeros(0, np.int64)
        self._gains = np.zeros(0)

    def extend(self, segment: SoundSegment) -> None:
        """Add the values of `segment`, which follows on what was added before."""
        volumes, start = np.atleast_1d(np.array(segment.volume, np.float64)), segment.start
        if len(self._gains):
            volumes, start = np.concatenate((self._gains[-1:], volumes)), start - 1
        else:
            self._gains = volumes[:1]
        changes = np.flatnonzero(np.diff(volumes)) + 1
        edges = [sample_index(start + at, self._fps, self._rate) for at in changes.tolist()]
        at = np.repeat(np.array(edges, np.int64), 2)
        at[1::2] += self._ramp
        gains = np.repeat(volumes[changes], 2)
        gains[::2] = volumes[changes - 1]
        self._at = np.concatenate((self._at, at))
        self._gains = np.concatenate((self._gains, gains))

    def apply(self, samples: Samples, start: int) -> Samples:
        """`samples`, the first of which is sample `start` of the timeline, at their volume."""
        low, high = np.searchsorted(self._at, (start, start + len(samples)), side="right")
        level = self._gains[low]
        if low == high and (low % 2 == 0):
            return samples if level == 1 else samples * np.float32(level)
        curve = np.interp(np.arange(start, start + len(samples)), self._at, self._gains[1:])
        if low >= _FORGOTTEN_AT_ONCE:
            passed = low - low % 2
            self._at, self._gains = self._at[passed:], self._gains[passed:]
        return samples * curve.astype(np.float32)[:, None]


class Voice:
    """Something that sounds from sample `start` of the timeline on, up to where it is known.

    `blocks` runs in a thread, batch by batch: one is ready while the next is read.
    """

    def __init__(
        self, blocks: Generator[Samples, None, None], start: int, gain: Gain | None = None
    ) -> None:
        self.start = start
        self._stop = self._position = self._readable = start
        self._gain = gain
        self._blocks = blocks
        self._to_read = 0
        self._has_ended = False
        self._ahead: Future[Samples] | None = None
        self._batch = self._rest = np.zeros((0, 1), np.float32)

    def extend(self, stop: int, *, readable: int | None = None) -> None:
        """It is known to sound up to sample `stop`; `blocks` may be read up to `readable`."""
        self._stop = stop
        readable = max(self._readable, stop if readable is None else readable)
        self._to_read += readable - self._readable
        self._readable = readable

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
        size = 0 if self._has_ended else min(self._size, self._to_read)
        self._to_read -= size
        self._ahead = self._pool.submit(self._read, size) if size else None

    def _read(self, size: int) -> Samples:
        """The next `size` samples, or fewer at the source's end."""
        parts = [self._rest] if len(self._rest) else []
        have = len(self._rest)
        while have < size:
            part = next(self._blocks, None)
            if part is None:
                self._has_ended = True
                break
            parts.append(part)
            have += len(part)
        joined = np.concatenate(parts) if parts else self._rest
        self._rest = joined[size:].copy()
        return joined[:size]
