"""Sources of a whole timeline: each part of each is decoded once, by whichever thread needs it."""

from __future__ import annotations

import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import IO, Self

import av
import numpy as np

from framefleet.domain.sound import Sound
from framefleet.encoding.retime import Retime, Samples, silence
from framefleet.encoding.sound_source import SEEK_FROM_S, SoundSource
from framefleet.errors import FramefleetError, MediaError, writing

# Samples decoded and kept at a time: a third of a second, so that little is read for nothing.
_BLOCK = 16_384
_SAMPLE_BYTES = 4
# What a voice reads beyond its segment: filters look ahead and behind.
_MARGIN_S = 0.5
# A loop this short is kept in memory: 5 s of stereo are 1.9 MB.
_KEPT_LOOP_S = 5.0
# Voices that play one file at different places take turns with its decoders.
_DECODERS_PER_SOURCE = 4
# Far below the number of open files macOS allows, 256.
_DECODERS_IN_ALL = 96
# Short sounds come again and again in a film, long ones play once.
_SHORT_S = 30.0
# Disk taken on suspicion: 12 minutes of stereo at 48 kHz.
_SUSPECTED_BYTES = 1 << 28
_SOURCE_NAME_LENGTH = 1000


class SoundCache:
    """Decoded sources, shared by any number of readers and threads.

    A block of samples is decoded when a reader first needs it. If another reader, open or yet to
    start, needs it too, it goes to one temporary file; if none does, it is not kept. While
    `expects_more` readers, blocks of short sources go there too, within bounds, and nothing that
    is there is dropped. Use it as a context manager; when it is left no thread may read any more.
    """

    def __init__(self) -> None:
        self.expects_more = False
        self._sources: dict[tuple[Path, int], _Shared] = {}
        self._file: IO[bytes] | None = None
        self._size = 0
        self._lock = threading.Lock()
        # The least recently used comes first.
        self._open: OrderedDict[_Shared, None] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for source in self._sources.values():
            source.close()
        if self._file is not None:
            self._file.close()

    @property
    def is_generous(self) -> bool:
        """Whether blocks may be kept that nobody is known to need."""
        return self.expects_more and self._size < _SUSPECTED_BYTES

    def reader(self, path: Path, sound: Sound) -> SoundReader:
        """Say that `sound`, in the file `path`, is going to be read."""
        key = path, sound.stream_index
        shared = self._sources.get(key)
        if shared is None:
            shared = self._sources[key] = _Shared(self, *key)
        return SoundReader(shared, sound)

    def store(self, samples: Samples) -> _Stored:
        """Keep a block on disk.

        Raises:
            DiskFullError: no space is left.
        """
        data = samples.tobytes()
        with self._lock, writing("The cache of decoded sound"):
            if self._file is None:
                # It has no name, so nothing is left of it however the process ends.
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  __exit__ closes it
            offset = self._size
            self._size += self._file.write(data)
            self._file.flush()
        return _Stored(offset, len(samples), samples.shape[1])

    def load(self, stored: _Stored) -> Samples:
        """Read back what `store` kept."""
        assert self._file is not None
        size = stored.count * stored.channels * _SAMPLE_BYTES
        data = os.pread(self._file.fileno(), size, stored.offset)
        return np.frombuffer(data, np.float32).reshape(-1, stored.channels)

    def make_room(self, source: _Shared) -> None:
        """Note that `source` is about to open a decoder; close those not used for longest."""
        with self._lock:
            self._open[source] = None
            self._open.move_to_end(source)
            for other in list(self._open):
                if sum(shared.open_decoders for shared in self._open) < _DECODERS_IN_ALL:
                    return
                if other is not source and other.rest():
                    del self._open[other]


@dataclass(frozen=True, slots=True)
class _Stored:
    offset: int
    count: int
    channels: int


class SoundReader:
    """One sound of the timeline, read from where it stands at the start of its first frame."""

    def __init__(self, shared: _Shared, sound: Sound) -> None:
        self._shared = shared
        self._sound = sound
        self._span = _Span(sound.media_time_s - _MARGIN_S, inf, sound.loop)
        shared.spans.append(self._span)
        self.lasts(inf)

    def lasts(self, duration_s: float, *, or_longer: bool = False) -> None:
        """Say for how many seconds of the timeline it is read, as far as that is known.

        Nothing depends on it but what is kept for others: to read on costs more.
        """
        sound = self._sound
        if or_longer and not sound.loop:
            # A loop, though, would have to be kept whole, and most end before they repeat.
            duration_s = inf
        end = inf if sound.media_end_s is None or sound.loop else sound.media_end_s
        stop = min(end, sound.media_time_s + duration_s * sound.playback_rate)
        self._span.stop_s = stop + _MARGIN_S

    def read(self, sample_rate: int) -> Generator[Samples, None, None]:
        """Yield the sound at `sample_rate`, once; closing the generator lets the source go.

        Blocks are (n, 1) or (n, 2) float32 of any length, full scale 1. They end where the source
        or `media_end_s` does; a file without such a stream gives none. With `loop` the source,
        up to `media_end_s`, repeats for ever.

        Raises:
            MediaError: the file cannot be read.
            OptionError: rate or tone are out of range.
            DiskFullError: no space is left for what is needed again.
        """
        sound, shared = self._sound, self._shared
        with shared.reading(self._span), _translated(sound.source):
            if not shared.is_sounding():
                return
            retime = Retime(
                source_rate=shared.rate,
                sample_rate=sample_rate,
                speed=sound.playback_rate,
                tone=sound.tone_frequency,
                preserve_pitch=sound.preserve_pitch,
            )
            start = max(0.0, sound.media_time_s)
            before = round((start - sound.media_time_s) / sound.playback_rate * sample_rate)
            yield from silence(before, shared.channels)
            first = round(start * shared.rate) - retime.lead_in[0]
            end = None if sound.media_end_s is None else round(sound.media_end_s * shared.rate)
            read = self._loop if sound.loop else self._range
            yield from retime.apply(read(first, end))

    def _range(self, first: int, end: int | None) -> Iterator[Samples]:
        """Yield what lies from index `first` up to `end` or the end of the stream."""
        shared = self._shared
        yield from silence(-first, shared.channels)
        position = max(0, first)
        while end is None or position < end:
            index, skipped = divmod(position, _BLOCK)
            block = shared.block(index, self._span)
            part = block[skipped : None if end is None else skipped + end - position]
            yield part
            position += len(part)
            if len(block) < _BLOCK:
                return

    def _round(self, first: int, end: int | None) -> Iterator[Samples]:
        """One round of a loop: a film lasts as long as its pictures, whatever its sound does."""
        position = first
        for block in self._range(first, end):
            position += len(block)
            yield block
        pictures = self._shared.picture_end
        stop = pictures if end is None else min(end, pictures)
        yield from silence(stop - position, self._shared.channels)

    def _loop(self, first: int, end: int | None) -> Iterator[Samples]:
        """Yield the source from `first` on, round after round; `end` cuts every round."""
        shared = self._shared
        if shared.duration_s <= _KEPT_LOOP_S:
            once = shared.kept(end, lambda: self._round(0, end))
            if len(once):
                yield from silence(-first, shared.channels)
                yield once[max(0, first) % len(once) :]
                while True:
                    yield once
            return
        while True:
            count = 0
            for block in self._round(first, end):
                count += len(block)
                yield block
            if count:
                first = 0
                continue
            length = self._round_length(end)
            if not length:
                return
            first %= length

    def _round_length(self, end: int | None) -> int:
        """Length of a round, found by decoding its tail only."""
        shared = self._shared
        tail = 0 if shared.duration_s == inf else shared.duration_s - SEEK_FROM_S
        for start in (max(0, round(tail * shared.rate)), 0):
            length = sum(len(block) for block in self._round(start, end))
            if length:
                return start + length
        return 0


@dataclass(slots=True, eq=False)
class _Span:
    """What a reader needs of its source, in seconds of the source."""

    start_s: float
    stop_s: float
    loop: bool

    def needs(self, start_s: float, stop_s: float, duration_s: float) -> bool:
        return self.wraps(duration_s) or (self.start_s < stop_s and start_s < self.stop_s)

    def wraps(self, duration_s: float) -> bool:
        return self.loop and (self.stop_s > duration_s or duration_s == inf)


class _Decoder:
    """An open file that goes forward by blocks."""

    def __init__(self, source: SoundSource) -> None:
        self._source = source
        self.seek(0)

    def seek(self, index: int) -> None:
        self.index = index
        self._samples = self._source.read(index * _BLOCK)
        self._rest: list[Samples] = []

    def next(self) -> Samples:
        """The next block, shorter or empty at the end of the stream."""
        self.index += 1
        have = sum(len(part) for part in self._rest)
        for part in self._samples:
            self._rest.append(part)
            have += len(part)
            if have >= _BLOCK:
                break
        joined = np.concatenate(self._rest or [np.zeros((0, self._source.channels), np.float32)])
        self._rest = [joined[_BLOCK:]]
        return joined[:_BLOCK]

    def close(self) -> None:
        self._source.close()


class _Shared:
    """One stream of one file, for all its readers."""

    rate: int
    channels: int
    duration_s: float
    picture_end: int

    def __init__(self, cache: SoundCache, path: Path, stream_index: int) -> None:
        self.spans: list[_Span] = []
        self._cache = cache
        self._path = path
        self._stream_index = stream_index
        self._lock = threading.RLock()
        # The least recently used comes first.
        self._decoders: list[_Decoder] = []
        self._sounds: bool | None = None
        self._stored: dict[int, _Stored] = {}
        self._kept: dict[int | None, Samples] = {}

    @property
    def open_decoders(self) -> int:
        return len(self._decoders)

    def is_sounding(self) -> bool:
        """Whether there is sound; what the source is like is known from here on."""
        with self._lock:
            if self._sounds is None:
                self._open()
            return bool(self._sounds)

    def block(self, index: int, span: _Span) -> Samples:
        """Block `index`, for the reader of `span`: shorter, or empty, at the end of the stream."""
        stored = self._stored.get(index)
        if stored is not None:
            return self._cache.load(stored)
        with self._lock:
            if index in self._stored:
                return self._cache.load(self._stored[index])
            decoder = self._decoder_at(index)
            while True:
                at = decoder.index
                samples = decoder.next()
                if len(samples) and at not in self._stored and self._is_needed_again(at, span):
                    self._stored[at] = self._cache.store(samples)
                if at == index:
                    return samples
                if len(samples) < _BLOCK:
                    return samples[:0]

    def kept(self, end: int | None, read: Callable[[], Iterable[Samples]]) -> Samples:
        """Rounds of a short loop that `end` cuts, a second or more of them, once read for all."""
        with self._lock:
            if end not in self._kept:
                once = np.concatenate([np.zeros((0, self.channels), np.float32), *read()])
                rounds = -(-self.rate // max(1, len(once)))
                self._kept[end] = np.tile(once, (rounds, 1))
            return self._kept[end]

    @contextmanager
    def reading(self, span: _Span) -> Iterator[None]:
        """Forget the reader of `span` at the end; after the last one nothing is open or kept."""
        try:
            yield
        finally:
            with self._lock:
                self.spans.remove(span)
                if not self.spans:
                    self._let_go()

    def rest(self) -> bool:
        """Close the decoders, unless one is at work."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._close_decoders()
        finally:
            self._lock.release()
        return True

    def close(self) -> None:
        """Close everything."""
        with self._lock:
            self._close_decoders()

    def _let_go(self) -> None:
        self._close_decoders()
        self._kept.clear()
        if not self._cache.expects_more:
            self._stored.clear()

    def _close_decoders(self) -> None:
        for decoder in self._decoders:
            decoder.close()
        self._decoders.clear()

    def _open(self) -> None:
        self._cache.make_room(self)
        source = SoundSource(self._path, self._stream_index)
        self._sounds = source.sounds
        if source.sounds:
            self.rate, self.channels = source.rate, source.channels
            self.duration_s, self.picture_end = source.duration_s, source.picture_end
            self._decoders.append(_Decoder(source))

    def _decoder_at(self, index: int) -> _Decoder:
        """A decoder from which block `index` comes soon."""
        near = SEEK_FROM_S * self.rate / _BLOCK
        before = [found for found in self._decoders if 0 <= index - found.index <= near]
        if before:
            decoder = max(before, key=lambda found: found.index)
        else:
            if len(self._decoders) < _DECODERS_PER_SOURCE:
                self._open()
                decoder = self._decoders[-1]
            else:
                decoder = self._decoders[0]
            decoder.seek(index)
        self._decoders.remove(decoder)
        self._decoders.append(decoder)
        return decoder

    def _is_needed_again(self, at: int, span: _Span) -> bool:
        """Whether block `at` may be read again after the reader of `span` has passed it."""
        if self._cache.is_generous and self.duration_s <= _SHORT_S:
            return True
        start_s, stop_s = at * _BLOCK / self.rate, (at + 1) * _BLOCK / self.rate
        return any(
            other.wraps(self.duration_s)
            if other is span
            else other.needs(start_s, stop_s, self.duration_s)
            for other in self.spans
        )


@contextmanager
def _translated(source: str) -> Iterator[None]:
    try:
        yield
    except FramefleetError:
        raise
    except (av.FFmpegError, OSError) as exc:
        name = source[:_SOURCE_NAME_LENGTH]
        raise MediaError(
            f"Cannot read the sound of {name}: {exc.strerror}. Check that the file is complete, "
            "and audio or video that FFmpeg can decode.",
            source=name,
        ) from exc
