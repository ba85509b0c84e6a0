"""One media file as samples: decoded, placed by its time stamps, at the render's rate."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from fractions import Fraction
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard

from framefleet.domain.sound import Sound
from framefleet.encoding.retime import Retime, Samples, run_filters
from framefleet.errors import MediaError

# An mp3 frame may lean on half a second of frames before it; opus wants 80 ms.
_WARM_UP_S = 0.6
# Up to here decoding from the start of the file is as quick as a seek.
_SEEK_FROM_S = 3.0
# Time stamps of real files jitter; less than this is no hole.
_JITTER_S = 0.005
# A loop this short is decoded once and kept: 20 s of stereo are 7.7 MB.
_LOOP_CACHE_S = 20.0
_SILENCE_BLOCK = 48_000
_PEEKED_FRAMES = 6
_SOURCE_NAME_LENGTH = 1000
_UNKNOWN_TO_NUMPY = frozenset({"s64", "s64p"})
_FULL_SCALE = {"u1": 128.0, "i2": 2.0**15, "i4": 2.0**31}


def read_sound(path: Path, sound: Sound, *, sample_rate: int) -> Generator[Samples, None, None]:
    """Read `sound` from where it stands at the start of its first frame.

    Blocks are (n, 2) float32 at `sample_rate`, of any length, full scale 1. They end where the
    source or `media_end_s` does; a file without such a stream gives none. With `loop` the source,
    up to `media_end_s`, repeats for ever. Closing the generator closes the file.

    Raises:
        MediaError: the file cannot be read.
        OptionError: rate or tone are out of range.
    """
    with _translated(sound.source), closing(_Source(path, sound.stream_index)) as source:
        if not source.sounds:
            return
        retime = Retime(
            source_rate=source.rate,
            sample_rate=sample_rate,
            speed=sound.playback_rate,
            tone=sound.tone_frequency,
            preserve_pitch=sound.preserve_pitch,
        )
        start = sound.media_time_s
        if start < 0:
            yield from silence(round(-start / sound.playback_rate * sample_rate))
            start = 0.0
        first = round(start * source.rate) - retime.lead_in[0]
        end = None if sound.media_end_s is None else round(sound.media_end_s * source.rate)
        read = source.loop if sound.loop else source.read
        for block in retime.apply(read(first, end)):
            yield np.broadcast_to(block, (len(block), 2))


def silence(count: int, channels: int = 2) -> Iterator[Samples]:
    """Yield `count` samples of silence in blocks of bounded size."""
    for start in range(0, count, _SILENCE_BLOCK):
        yield np.zeros((min(_SILENCE_BLOCK, count - start), channels), np.float32)


@contextmanager
def _translated(source: str) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, OSError) as exc:
        name = source[:_SOURCE_NAME_LENGTH]
        raise MediaError(
            f"Cannot read the sound of {name}: {exc.strerror}. Check that the file is complete, "
            "and audio or video that FFmpeg can decode.",
            source=name,
        ) from exc


class _Source:
    """One audio stream of a file, addressed by sample index at its own rate.

    Index 0 is media time 0; where the time stamps leave a hole there is silence. `rate` and
    `channels` (1 or 2; more are mixed down) are those of the first decoded frame.
    """

    rate: int
    channels: int

    def __init__(self, path: Path, stream_index: int) -> None:
        self._path = path
        self._stream_index = stream_index
        self._container: InputContainer | None = None
        self._stream: AudioStream | None = None
        self._fault: av.FFmpegError | None = None
        self._adapter: av.AudioResampler | None = None
        self._frames = self._open()
        self._head = list(islice(self._frames, _PEEKED_FRAMES))
        self.sounds = bool(self._head)
        if not self.sounds:
            self.close()
            if self._fault:
                raise self._fault
            return
        self.rate = self._head[0].sample_rate
        self.channels = min(2, self._head[0].layout.nb_channels)
        self._set_clock()

    def close(self) -> None:
        if self._container is not None:
            self._container.close()

    def read(self, first: int, end: int | None) -> Iterator[Samples]:
        """Yield what lies from index `first` up to `end` or the end of the stream."""
        position = first
        for at, block in self._placed(first):
            stop = at + len(block) if end is None else min(at + len(block), end)
            if at > position:
                hole = (at if end is None else min(at, end)) - position
                yield from silence(hole, self.channels)
                position += hole
            if stop > position:
                yield block[position - at : stop - at]
                position = stop
            if end is not None and position >= end:
                return

    def loop(self, first: int, end: int | None) -> Iterator[Samples]:
        """Yield the source from `first` on, round after round; `end` cuts every round."""
        if self._duration_s <= _LOOP_CACHE_S:
            yield from self._loop_kept(first, end)
            return
        while True:
            count = 0
            for block in self._round(first, end):
                count += len(block)
                yield block
            if count:
                first = 0
                continue
            length = self._length(end)
            if not length:
                return
            first %= length

    def _loop_kept(self, first: int, end: int | None) -> Iterator[Samples]:
        blocks = list(self._round(0, end))
        if not blocks:
            return
        once = np.concatenate(blocks)
        yield from silence(-first, self.channels)
        yield once[max(0, first) % len(once) :]
        rounds = -(-self.rate // len(once))
        second = np.tile(once, (rounds, 1)) if rounds > 1 else once
        while True:
            yield second

    def _round(self, first: int, end: int | None) -> Iterator[Samples]:
        """One round of a loop: a film lasts as long as its pictures, whatever its sound does."""
        position = first
        for block in self.read(first, end):
            position += len(block)
            yield block
        stop = self._picture_end if end is None else min(end, self._picture_end)
        yield from silence(stop - position, self.channels)

    def _length(self, end: int | None) -> int:
        """Length of a round, found by decoding its tail only."""
        for start in (max(0, round((self._duration_s - _SEEK_FROM_S) * self.rate)), 0):
            tail = sum(len(block) for block in self._round(start, end))
            if tail:
                return start + tail
        return 0

    def _open(self) -> Iterator[av.AudioFrame]:
        """Open the file, afresh if need be, and decode the stream from its start."""
        self.close()
        self._container = av.open(str(self._path))
        streams = self._container.streams.audio
        if self._stream_index >= len(streams):
            return iter(())
        self._stream = streams[self._stream_index]
        for other in self._container.streams:
            if other.index != self._stream.index:
                other.discard = Discard.all
        return self._decode()

    def _decode(self) -> Iterator[av.AudioFrame]:
        assert self._container is not None
        assert self._stream is not None
        with suppress(av.InvalidDataError):  # a file cut short plays up to the cut
            for packet in self._container.demux(self._stream):
                try:
                    yield from packet.decode()
                except av.InvalidDataError as exc:
                    self._fault = exc  # a broken packet is a hole

    def _set_clock(self) -> None:
        assert self._container is not None
        assert self._stream is not None
        self._time_base = Fraction(self._stream.time_base or Fraction(1, self.rate))
        self._origin = _origin(self._container, self._stream)
        duration = self._container.duration
        self._duration_s = float("inf") if duration is None else duration / av.time_base
        films = bool(self._container.streams.video)
        self._picture_end = round(self._duration_s * self.rate) if films and duration else 0
        ticks = self._time_base * self.rate
        self._tolerance = max(float(ticks), _JITTER_S * self.rate)
        sizes = {frame.samples for frame in self._head[1:]}
        self._grid: tuple[int, int] | None = None
        if ticks > 1 and len(sizes) == 1:
            # Matroska counts milliseconds. Frames of one size give back the exact sample.
            opening = self._index(self._head[0]) or 0
            self._grid = opening + self._head[0].samples, sizes.pop()

    def _index(self, frame: av.AudioFrame) -> int | None:
        if frame.pts is None:
            return None
        return round((frame.pts * self._time_base - self._origin) * self.rate)

    def _placed(self, first: int) -> Iterator[tuple[int, Samples]]:
        """Decode from `first` or somewhat before; blocks with the index they belong at."""
        expected: int | None = None
        for frame in self._frames_from(first / self.rate):
            at = self._index(frame)
            if expected is None:
                at = self._snapped(at or 0)
            elif at is None or abs(at - expected) <= self._tolerance:
                at = expected
            block = self._samples(frame)
            expected = at + len(block)
            yield at, block[: self._room(at)]

    def _snapped(self, index: int) -> int:
        """Where a frame that follows a seek really begins."""
        if self._grid is None or index < self._grid[0] + self._grid[1]:
            return index  # the opening frame is often shorter: it lies where it says
        anchor, size = self._grid
        nearest = anchor + round((index - anchor) / size) * size
        return nearest if abs(nearest - index) <= self._tolerance else index

    def _room(self, at: int) -> int | None:
        """How much of a frame at `at` the file wants played: an MP4 says where to cut the last.

        Asked for every frame, because a fragmented file's duration grows as it is read.
        """
        assert self._container is not None
        assert self._stream is not None
        if "mp4" not in self._container.format.name or not self._stream.duration:
            return None
        stop = (self._stream.start_time or 0) + self._stream.duration
        return max(0, round(stop * self._time_base * self.rate) - at)

    def _frames_from(self, time_s: float) -> Iterator[av.AudioFrame]:
        head, self._head = self._head, []
        if time_s < _SEEK_FROM_S:
            return chain(head, self._frames) if head else self._open()
        assert self._container is not None
        assert self._stream is not None
        target = Fraction(time_s - _WARM_UP_S) + self._origin
        try:
            self._container.seek(int(target / self._time_base), stream=self._stream)
        except av.FFmpegError:
            return self._open()
        frames = self._decode()
        opening = next(frames, None)
        if opening is None:
            return iter(())
        if (self._index(opening) or 0) > time_s * self.rate:
            return self._open()
        return chain([opening], frames)

    def _samples(self, frame: av.AudioFrame) -> Samples:
        alike = frame.sample_rate == self.rate
        alike = alike and min(2, frame.layout.nb_channels) == self.channels
        if alike and frame.format.name not in _UNKNOWN_TO_NUMPY:
            return _to_samples(frame)
        # Rare: a 64-bit integer, or a file that changes its rate or channels on the way.
        if self._adapter is None:
            layout = "mono" if self.channels == 1 else "stereo"
            self._adapter = av.AudioResampler(format="fltp", layout=layout, rate=self.rate)
        blocks = [_to_samples(adapted) for adapted in self._adapter.resample(frame)]
        return np.concatenate([np.zeros((0, self.channels), np.float32), *blocks])


def _origin(container: InputContainer, stream: AudioStream) -> Fraction:
    """The time stamp of media time 0, in seconds.

    An mp3's start time is its encoder's delay, which decoding has removed; the clocks of
    transport streams start anywhere. Elsewhere time stamps mean what they say.
    """
    names = set(container.format.name.split(","))
    if names & {"mp3"}:
        streams: list[Any] = [stream]
    elif names & {"mpegts", "mpeg", "ogg"}:
        streams = list(container.streams)
    else:
        return Fraction(0)
    starts = [s.start_time * Fraction(s.time_base) for s in streams if s.start_time is not None]
    return min(starts, default=Fraction(0))


def _to_samples(frame: av.AudioFrame) -> Samples:
    channels = frame.layout.nb_channels
    array: npt.NDArray[Any] = frame.to_ndarray()
    values = array.T if frame.format.is_planar else array.reshape(-1, channels)
    full_scale = _FULL_SCALE.get(values.dtype.str[1:])
    samples = values.astype(np.float32, copy=False)
    if full_scale is not None:
        zero = 128 if values.dtype.kind == "u" else 0
        samples = (samples - np.float32(zero)) / np.float32(full_scale)
    return samples @ _downmix(frame.layout.name, channels) if channels > 2 else samples


@cache
def _downmix(layout: str, channels: int) -> Samples:
    """FFmpeg's normalised matrix to stereo, read off its answer to one impulse per channel."""
    stages = [("aresample", "rematrix_maxval=1"), ("aformat", "channel_layouts=stereo")]
    identity = np.eye(channels, dtype=np.float32)
    return np.concatenate(list(run_filters([identity], 48_000, stages, layout=layout)))
