"""The whole timeline's sound: every sound and inline track, summed in float, clipped once.

It is mixed as the timeline becomes known, part by part.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from framefleet.domain.sound import SoundSegment
from framefleet.encoding.inline_sound import KNOWN_AHEAD_S, InlineFile, InlineTracks, InlineVoice
from framefleet.encoding.retime import Samples
from framefleet.encoding.sound_cache import SoundCache, SoundReader
from framefleet.encoding.voice import Gain, Voice, sample_index
from framefleet.errors import EncodingError, MediaError
from framefleet.machine import usable_cores

# Sounds are opened this long before they start, so that none is waited for.
_OPENED_AHEAD_S = 4.0
# A voice is read ahead by up to two batches.
_BATCH_S = 2.0
# All batches together: 8 million stereo samples are 67 MB.
_SAMPLES_AHEAD = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePart:
    """What sounds from the end of the part before up to frame `stop`.

    Sounds of `begins` set in; they come by start and id. Those of `goes_on` take up one of the
    same id that lasted to the end of the part before: it stays one sound, and its first frame has
    decided all but the volume. All count frames of the whole output. `sources` names the file of
    each `Sound.source`.
    """

    stop: int
    begins: tuple[SoundSegment, ...] = ()
    goes_on: tuple[SoundSegment, ...] = ()
    inline: InlineFile | None = None
    sources: Mapping[str, Path] = field(default_factory=dict)


def mix(
    parts: Iterable[TimelinePart], *, fps: Fraction, frames: int, sample_rate: int
) -> Generator[Samples, None, None]:
    """Mix the timeline of `frames` frames.

    Blocks are (n, 2) float32 within [-1, 1], a second long but for the last; together they hold
    exactly round(frames / fps * sample_rate) samples. A part is asked for when the samples of
    those before are mixed, but for the last 1.5 to 2.5 s; the blocks are the same however the
    timeline is cut into parts. Sources are decoded by threads, a little ahead of what is asked
    for; closing the generator ends them.

    Args:
        fps: Frames a second of the output.

    Raises:
        MediaError: a source is missing or cannot be read, or an inline track changes its tone.
        OptionError: a rate or tone is out of range.
        EncodingError: there are no more parts before the end.
        DiskFullError: no space is left for decoded sound that is needed again.
    """
    total = sample_index(frames, fps, sample_rate)
    ahead = int(KNOWN_AHEAD_S * sample_rate)
    with SoundCache() as cache:
        score = _Score(cache, fps, sample_rate)
        coming = iter(parts)
        sounding: list[Voice] = []
        pool = ThreadPoolExecutor(usable_cores(), thread_name_prefix="framefleet-sound")
        try:
            for start in range(0, total, sample_rate):
                block = np.zeros((min(sample_rate, total - start), 2), np.float32)
                stop = start + len(block)
                while score.known < min(stop + ahead, total):
                    score.add(next(coming, None), frames)
                sounding += score.starting_before(stop + _OPENED_AHEAD_S * sample_rate)
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


class _Running:
    """A sound that may go on in the next part."""

    def __init__(
        self, segment: SoundSegment, reader: SoundReader, fps: Fraction, sample_rate: int
    ) -> None:
        self._start = self._stop = segment.start
        self._reader = reader
        self._gain = Gain(fps, sample_rate)
        self._fps, self._rate = fps, sample_rate
        start = sample_index(segment.start, fps, sample_rate)
        self.voice = Voice(reader.read(sample_rate), start, self._gain)

    def extend(self, segment: SoundSegment) -> None:
        """It is known to sound during `segment`, too."""
        self._gain.extend(segment)
        self._stop = segment.stop
        self.voice.extend(sample_index(segment.stop, self._fps, self._rate))
        self._reader.lasts(float((self._stop - self._start) / self._fps), or_longer=True)

    def end(self) -> None:
        """It does not go on."""
        self._reader.lasts(float((self._stop - self._start) / self._fps))


class _Score:
    """All voices as far as they are known, which is up to sample `known`."""

    def __init__(self, cache: SoundCache, fps: Fraction, sample_rate: int) -> None:
        self.known = 0
        self._cache = cache
        self._fps, self._rate = fps, sample_rate
        self._inline = InlineTracks(fps, sample_rate)
        # The one that starts next comes last. Nothing else holds a voice that is over: it takes
        # its samples with it.
        self._waiting: list[Voice] = []
        self._running: dict[str, _Running] = {}
        self._inline_running: list[tuple[InlineVoice, Voice]] = []
        cache.expects_more = True

    def add(self, part: TimelinePart | None, frames: int) -> None:
        """Take up the next part of a timeline of `frames` frames."""
        if part is None:
            raise EncodingError(f"The chunks end before frame {frames}, where the sound ends.")
        self.known = sample_index(part.stop, self._fps, self._rate)
        is_last = part.stop >= frames
        self._cache.expects_more = not is_last
        before, self._running = self._running, {}
        for segment in part.goes_on:
            self._extend(before.pop(segment.sound.id), segment, part, is_last)
        for running in before.values():
            running.end()
        begun = [self._begin(segment, part, is_last) for segment in part.begins]
        begun += self._begin_inline(part, is_last)
        # Floats add up to something else in another order: this one does not depend on the parts.
        begun.sort(key=lambda voice: voice.start, reverse=True)
        self._waiting = begun + self._waiting

    def starting_before(self, position: float) -> list[Voice]:
        """Voices not given before that start before sample `position`, in order."""
        starting = []
        while self._waiting and self._waiting[-1].start < position:
            starting.append(self._waiting.pop())
        return starting

    def _begin(self, segment: SoundSegment, part: TimelinePart, is_last: bool) -> Voice:
        source = segment.sound.source
        path = part.sources.get(source)
        if path is None:
            raise MediaError(f"There is no file for the sound {source[:1000]}. Fetch it first.")
        reader = self._cache.reader(path, segment.sound)
        running = _Running(segment, reader, self._fps, self._rate)
        self._extend(running, segment, part, is_last)
        return running.voice

    def _extend(
        self, running: _Running, segment: SoundSegment, part: TimelinePart, is_last: bool
    ) -> None:
        running.extend(segment)
        if segment.stop < part.stop or is_last:
            running.end()
        else:
            self._running[segment.sound.id] = running

    def _begin_inline(self, part: TimelinePart, is_last: bool) -> list[Voice]:
        begun = []
        for inline in self._inline.add(part.inline, part.stop, is_last=is_last):
            voice = Voice(inline.read(self._rate), inline.start)
            self._inline_running.append((inline, voice))
            begun.append(voice)
        for inline, voice in self._inline_running:
            voice.extend(inline.stop, readable=inline.readable)
        self._inline_running = [pair for pair in self._inline_running if not pair[0].is_over]
        return begun
