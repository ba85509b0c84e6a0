"""One audio stream of a file as samples, placed by its time stamps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from functools import cache
from itertools import chain, islice
from math import lcm
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard

from framefleet.encoding.retime import Samples, run_filters, silence

# An mp3 frame may lean on half a second of frames before it; opus wants 80 ms.
_WARM_UP_S = 0.6
# Up to here decoding on is as quick as a seek.
SEEK_FROM_S = 3.0
# Time stamps of real files jitter; less than this is no hole.
_JITTER_S = 0.005
_PEEKED_FRAMES = 6
# NumPy's type, full scale and zero of FFmpeg's packed sample formats.
_FORMATS = {
    "u8": ("u1", 128.0, 128.0),
    "s16": ("i2", 2.0**15, 0.0),
    "s32": ("i4", 2.0**31, 0.0),
    "flt": ("f4", 1.0, 0.0),
    "dbl": ("f8", 1.0, 0.0),
}
# Bytes in which FFmpeg looks for DTS in a 16-bit WAV: in its usual 5 MB that takes 23 ms a file.
_WAV_PROBE_SIZE = "16384"


class SoundSource:
    """One audio stream of an open file, addressed by sample index at its own rate.

    Index 0 is media time 0; where the time stamps leave a hole there is silence. Raw AAC (ADTS)
    says nothing of its encoder's delay: it sounds as decoded, as in every player.

    Raises:
        av.FFmpegError, OSError: the file cannot be read.

    Attributes:
        sounds: whether there is such a stream, with anything in it; if not, nothing else counts.
        rate: samples a second, those of the first decoded frame.
        channels: 1 or 2; more are mixed down.
        duration_s: what the container says; infinite if it does not.
        picture_end: index at which the file's pictures end, 0 without any.
    """

    rate: int
    channels: int
    duration_s: float
    picture_end: int

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

    def read(self, first: int) -> Iterator[Samples]:
        """Yield what lies from index `first` to the end of the stream, without a hole.

        Another call of `read` ends this one.
        """
        position = first
        for at, block in self._placed(first):
            yield from silence(at - position, self.channels)
            position = max(position, at)
            if at + len(block) > position:
                yield block[position - at :]
                position = at + len(block)

    def _open(self) -> Iterator[av.AudioFrame]:
        """Open the file, afresh if need be, and decode the stream from its start."""
        self.close()
        self._container = av.open(str(self._path), options=_options(self._path))
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
        if self._stream.codec_context.name == "vorbis":
            # Its first packet gives no samples, but counts in the stamps.
            lost = (self._head[0].pts or 0) - (self._stream.start_time or 0)
            self._origin += lost * self._time_base
        duration = self._container.duration
        self.duration_s = float("inf") if duration is None else duration / av.time_base
        films = bool(self._container.streams.video)
        self.picture_end = round(self.duration_s * self.rate) if films and duration else 0
        ticks = self._time_base * self.rate
        # In whole numbers: fractions would take longer than decoding.
        self._clock = _common(ticks, self._origin * self.rate)
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
        scale, shift, divisor = self._clock
        return (2 * (frame.pts * scale - shift) + divisor) // (2 * divisor)

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
        scale, _, divisor = self._clock
        stop = ((self._stream.start_time or 0) + self._stream.duration) * scale
        return max(0, (2 * stop + divisor) // (2 * divisor) - at)

    def _frames_from(self, time_s: float) -> Iterator[av.AudioFrame]:
        head, self._head = self._head, []
        if time_s < SEEK_FROM_S:
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
        if alike and frame.format.name.removesuffix("p") in _FORMATS:
            return _to_samples(frame)
        # Rare: a 64-bit integer, or a file that changes its rate or channels on the way.
        if self._adapter is None:
            layout = "mono" if self.channels == 1 else "stereo"
            self._adapter = av.AudioResampler(format="fltp", layout=layout, rate=self.rate)
        blocks = [_to_samples(adapted) for adapted in self._adapter.resample(frame)]
        return np.concatenate([np.zeros((0, self.channels), np.float32), *blocks])


def _options(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        start = file.read(12)
    is_wav = start[:4] in (b"RIFF", b"RF64") and start[8:] == b"WAVE"
    return {"probesize": _WAV_PROBE_SIZE} if is_wav else {}


def _common(scale: Fraction, shift: Fraction) -> tuple[int, int, int]:
    """Both numerators over one denominator, and that."""
    divisor = lcm(scale.denominator, shift.denominator)
    return int(scale * divisor), int(shift * divisor), divisor


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
    dtype, full_scale, zero = _FORMATS[frame.format.name.removesuffix("p")]
    channels = frame.layout.nb_channels
    values: npt.NDArray[Any]
    if frame.format.is_planar:
        values = np.empty((frame.samples, channels), dtype)
        for channel, plane in enumerate(frame.planes):
            values[:, channel] = np.frombuffer(memoryview(plane), dtype, frame.samples)
    else:
        values = np.frombuffer(memoryview(frame.planes[0]), dtype, frame.samples * channels)
        values = values.reshape(-1, channels)
    samples = values.astype(np.float32)
    if full_scale != 1:
        samples = (samples - np.float32(zero)) / np.float32(full_scale)
    return samples @ _downmix(frame.layout.name, channels) if channels > 2 else samples


@cache
def _downmix(layout: str, channels: int) -> Samples:
    """FFmpeg's normalised matrix to stereo, read off its answer to one impulse per channel."""
    stages = [("aresample", "rematrix_maxval=1"), ("aformat", "channel_layouts=stereo")]
    identity = np.eye(channels, dtype=np.float32)
    return np.concatenate(list(run_filters([identity], 48_000, stages, layout=layout)))
