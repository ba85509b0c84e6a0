"""Single frames of one video file, by time: the decoder stays open and goes forward."""

from __future__ import annotations

import contextlib
import math
import sys
import threading
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Discard, Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from framefleet.encoding.frame_image import EncodedImage, encode_frame
from framefleet.encoding.image_buffers import ImageBuffers
from framefleet.encoding.png_writer import PngWriter
from framefleet.errors import MediaError

# Going on is cheaper than a seek, which decodes from a keyframe and refills the decoder's threads.
SEEK_AHEAD_S = 1.0
# Without an index on the way a seek may land behind us, so it has to skip more to be worth it.
BLIND_SEEK_AHEAD_S = 3.0
# Tabs that film side by side ask a few frames out of order, and reversed films go back: the
# frames decoded last are kept to answer them. 64 MiB are 20 frames of 1080p.
WINDOW_FRAMES = 64
# Two are needed to know where a frame ends, one more to step back by one.
LEAST_FRAMES = 3
WINDOW_BYTES = 64 * 1024 * 1024
# Two halve the wait after a seek for the CPU time of one (7.7 ms for a frame of 1080p H.264); four
# took 8.5 ms on two cores, and more memory.
DECODER_THREADS = 2
# Only these read the alpha that WebM keeps beside the picture.
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# Alpha goes with no other; and the libvpx that PyAV carries cannot read more than 8 bits.
ALPHA_COLOR_FORMAT = "yuv420p"

# Films come from strangers: a playlist posing as one must not reach the network.
CONTAINER_OPTIONS = {"fflags": "+genpts", "protocol_whitelist": "file"}

LAST_TICK = sys.maxsize
# 59.94 frames per second on a clock of 1/90000 or 1/1000 start at half ticks, which muxers round up
# and a quotient in floating point may miss by less than this for more than ten hours.
HALF_SLACK = 1e-6
TROUBLESHOOTING_URL = (
    "https://remotion.dev/docs/troubleshooting/no-frame-found-at-position for troubleshooting help."
)


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """A decoded frame, and the ticks [start, stop) of its stream at which it is the one to show.

    Hold `lock` while encoding it: PyAV rewrites a frame's colour tags during a conversion.
    """

    start: int
    stop: int
    picture: av.VideoFrame
    lock: threading.Lock


@dataclass(frozen=True, slots=True)
class _Timed:
    pts: int
    picture: av.VideoFrame
    lock: threading.Lock = field(default_factory=threading.Lock)


def checked_time(time_s: float) -> float:
    """The time as it is.

    Raises:
        MediaError: it is negative or no number.
    """
    if not (math.isfinite(time_s) and time_s >= 0):
        raise MediaError(f"The time of a frame must be 0 s or later, but is {time_s} s.")
    return time_s


def tick_at(time_s: float, time_base: Fraction) -> int:
    """The tick of a stream nearest to a time, halves up; far times count as the last tick."""
    ticks = time_s * time_base.denominator / time_base.numerator
    return math.floor(ticks + 0.5 + HALF_SLACK) if ticks < LAST_TICK / 2 else LAST_TICK - 1


class FrameSource:
    """Frames of the first video stream of a file, by time.

    The file must not change while it is open. Not thread-safe: one caller at a time. Frames come
    in any order, but cheapest in rising order: then each is decoded once.

    Args:
        path: the video file.
        source: what messages call it, usually the URL it came from.
        transparent: keep alpha, where the video has it.
        tone_mapped: bring HDR down to SDR.
        window_bytes: decoded frames to keep at hand; three are kept whatever their size.
        first_pts: where the film starts, if that is known: then nothing is decoded before a frame
            is asked for.
        buffers: memory for images; by default of its own.

    Raises:
        MediaError: the file is no video, or nothing of it can be decoded.
    """

    def __init__(
        self,
        path: Path,
        *,
        source: str = "",
        transparent: bool = False,
        tone_mapped: bool = True,
        window_bytes: int = WINDOW_BYTES,
        first_pts: int | None = None,
        buffers: ImageBuffers | None = None,
    ) -> None:
        self.path = path
        self.source = source or str(path)
        self.transparent = transparent
        self.tone_mapped = tone_mapped
        self.decoded_frames = 0
        self.seeks = 0
        self._most_bytes = window_bytes
        self._needed_from = LAST_TICK
        self._writer = PngWriter(buffers or ImageBuffers())
        self._window: list[_Timed] = []
        self._pictures: Iterator[_Timed] = iter(())
        self._has_first = self._has_last = False
        self.first_pts = first_pts or 0
        self._open()
        if first_pts is None:
            self._begin_anew()

    def frame_at(self, time_s: float) -> EncodedImage:
        """The image to show at `time_s`: the last frame that starts by then, else the first.

        Raises:
            MediaError: the time is negative, or nothing near it can be decoded.
        """
        return self.encode(self.locate(self.tick_at(time_s)))

    def tick_at(self, time_s: float) -> int:
        """The tick of the video stream nearest to a time."""
        return tick_at(checked_time(time_s), self.time_base)

    def locate(self, tick: int) -> SourceFrame:
        """Decode up to the frame to show at `tick`, and the start of the one after it."""
        if not self._window and (tick - self.first_pts) * self.time_base <= SEEK_AHEAD_S:
            self._begin_anew()
        if not self._window or self._is_far(tick):
            self._seek(tick)
        while self._window[-1].pts <= tick and self._advance():
            pass
        index = max(bisect_right(self._window, tick, key=lambda timed: timed.pts) - 1, 0)
        found = self._window[index]
        return SourceFrame(
            start=0 if index == 0 and self._has_first else found.pts,
            stop=self._window[index + 1].pts if index + 1 < len(self._window) else LAST_TICK,
            picture=found.picture,
            lock=found.lock,
        )

    def encode(self, frame: SourceFrame) -> EncodedImage:
        """The image of a located frame. Threads may do this at once, if not for the same frame."""
        try:
            return encode_frame(
                frame.picture,
                self._sample_aspect,
                transparent=self.transparent,
                tone_mapped=self.tone_mapped,
                writer=self._writer,
            )
        except av.FFmpegError as exc:
            raise MediaError(
                f"Cannot convert the pixels of {self.source} ({frame.picture.format.name}): "
                f"{exc.strerror}.",
                source=self.source,
            ) from exc

    @property
    def window(self) -> tuple[int, int]:
        """The ticks of the oldest and the newest frame at hand."""
        return 0 if self._has_first else self._window[0].pts, self._window[-1].pts

    @property
    def reach(self) -> int:
        """How many ticks it may go ahead and still have the frame it showed last at hand."""
        steps = len(self._window) - 1
        span = self._window[-1].pts - self._window[0].pts
        return span * self._capacity() // (2 * steps) if steps else 0

    @property
    def held_bytes(self) -> int:
        """Size of the frames at hand, without the few there always are."""
        spare = len(self._window) - LEAST_FRAMES
        return spare * _size_bytes(self._window[-1].picture) if spare > 0 else 0

    def limit_window(self, most_bytes: int, needed_from: int) -> None:
        """Keep the frames from a tick on at hand, and more if they are few, but never so much."""
        self._most_bytes = most_bytes
        self._needed_from = needed_from
        self._trim()

    def close(self) -> None:
        """Release the file, the decoder and its frames. Harmless when repeated."""
        self._window.clear()
        self._pictures = iter(())
        self._container.close()

    def _open(self) -> None:
        self._container, self._stream = self._open_file()
        self._decoder = self._open_decoder()
        assert self._stream.time_base is not None
        self.time_base = Fraction(self._stream.time_base)
        self._sample_aspect = Fraction(self._stream.sample_aspect_ratio or 0)

    def _begin_anew(self) -> None:
        """Decode the first frame of a file that was just opened."""
        self._begin(after_seek=False)
        if not self._window:
            self.close()
            raise self._no_frame(0)
        self.first_pts = self._window[0].pts
        self._has_first = True

    def _open_file(self) -> tuple[av.container.InputContainer, VideoStream]:
        try:
            container = av.open(
                str(self.path), container_options=CONTAINER_OPTIONS, metadata_errors="replace"
            )
        except (av.FFmpegError, OSError) as exc:
            raise MediaError(
                f"Cannot read {self.source} as a video: {exc.strerror}.", source=self.source
            ) from exc
        # A cover picture is a video stream too, but not the film.
        films = sorted(
            (stream for stream in container.streams.video if stream.codec_context),
            key=lambda stream: bool(stream.disposition & Disposition.attached_pic),
        )
        if not films:
            container.close()
            raise MediaError(
                f"No video stream found in input file {self.source}. Is this a video file?",
                source=self.source,
            )
        for stream in container.streams:
            if stream is not films[0]:
                stream.discard = Discard.all
        return container, films[0]

    def _open_decoder(self) -> VideoCodecContext:
        decoder = self._stream.codec_context
        alpha_decoder = ALPHA_DECODERS.get(decoder.codec.canonical_name)
        if self.transparent and alpha_decoder and decoder.pix_fmt == ALPHA_COLOR_FORMAT:
            created = av.codec.CodecContext.create(alpha_decoder, "r")
            assert isinstance(created, VideoCodecContext)
            decoder = created
        decoder.thread_type = "AUTO"
        decoder.thread_count = DECODER_THREADS
        return decoder

    def _begin(self, *, after_seek: bool) -> None:
        """Decode the first frame from where the file is read now; the window may stay empty."""
        self._window.clear()
        self._pictures = self._decode(after_seek=after_seek)
        self._has_first = self._has_last = False
        if self._advance():
            self._has_first = self._window[0].pts == self.first_pts

    def _advance(self) -> bool:
        """Decode one more frame; False at the end."""
        timed = next(self._pictures, None)
        if timed is None:
            self._has_last = True
            return False
        self._window.append(timed)
        self._trim()
        return True

    def _trim(self) -> None:
        if len(self._window) <= LEAST_FRAMES:
            return
        surplus = len(self._window) - self._capacity()
        too_many = len(self._window) - self._affordable(self._most_bytes)
        unneeded = bisect_right(self._window, self._needed_from, key=lambda timed: timed.pts) - 1
        if (dropped := max(too_many, min(surplus, unneeded))) > 0:
            del self._window[:dropped]
            self._has_first = False

    def _capacity(self) -> int:
        """How many frames are kept whoever needs them."""
        return min(WINDOW_FRAMES, self._affordable(min(WINDOW_BYTES, self._most_bytes)))

    def _affordable(self, size_bytes: int) -> int:
        return max(LEAST_FRAMES, size_bytes // _size_bytes(self._window[-1].picture))

    def _decode(self, *, after_seek: bool) -> Iterator[_Timed]:
        """Frames in order of time, from where the file is read now."""
        earliest = -sys.maxsize
        following = 0  # Where a picture without a time of its own goes, as in raw streams.
        for packet in self._packets(after_seek=after_seek):
            if after_seek and packet is not None:
                if packet.pts is None:
                    return  # No way to know where we are.
                # Pictures that an open GOP shows before its keyframe lack what they refer to.
                earliest = packet.pts
            after_seek = False
            try:
                pictures = self._decoder.decode(packet)
            except av.FFmpegError:
                continue  # A damaged packet; players go on with the next one too.
            for picture in pictures:
                self.decoded_frames += 1
                pts = following if picture.pts is None else picture.pts
                if pts >= earliest:
                    earliest, following = pts + 1, pts + (picture.duration or 1)
                    yield _Timed(pts, picture)

    def _packets(self, *, after_seek: bool) -> Iterator[Any]:
        """Packets up to the end or to where the file breaks off, from a keyframe if we jumped."""
        is_skipping = after_seek
        with contextlib.suppress(av.FFmpegError):
            for packet in self._container.demux(self._stream):
                is_skipping = is_skipping and not packet.is_keyframe and packet.size > 0
                if not is_skipping:
                    yield packet
            return
        yield None  # Broken off: what the decoder still holds is good.

    def _is_far(self, tick: int) -> bool:
        """Whether going there by a seek is better, or the only way."""
        position = self._window[-1].pts
        if tick < self._window[0].pts:
            return not self._has_first
        if self._has_last:
            return False
        ahead_s = (min(tick, self._end_tick()) - position) * self.time_base
        if ahead_s <= SEEK_AHEAD_S:
            return False
        index = self._stream.index_entries
        known = index.search_timestamp(tick)
        if known >= 0 and index[known].timestamp > position:
            return True
        is_gapless = known >= 0 and index[len(index) - 1].timestamp >= tick
        return not is_gapless and ahead_s > BLIND_SEEK_AHEAD_S

    def _end_tick(self) -> int:
        if self._stream.duration is not None:
            return (self._stream.start_time or 0) + self._stream.duration
        if self._container.duration is not None:
            start = self._container.start_time or 0
            end_s = Fraction(start + self._container.duration, av.time_base)
            return math.ceil(end_s / self.time_base)
        return LAST_TICK

    def _seek(self, tick: int) -> None:
        """Go to a keyframe whose picture is shown by `tick`, or to the start of the file.

        Indexes know when packets are decoded, not when pictures are shown, and some formats land
        anywhere near: so look at what comes, and step back until it is early enough.
        """
        self.seeks += 1
        tick = max(tick, self.first_pts)
        target = min(tick, self._end_tick())
        step = max(1, round(Fraction(1, 10) / self.time_base))
        while target >= self.first_pts:
            self._pictures = iter(())
            try:
                self._container.seek(target, stream=self._stream)
            except av.FFmpegError:
                break
            self._decoder.flush_buffers()
            self._begin(after_seek=True)
            if self._window and self._window[0].pts <= tick:
                return
            target -= step
            step *= 2
        self.close()
        self._open()
        self._begin_anew()

    def _no_frame(self, tick: int) -> MediaError:
        return MediaError(
            f"No frame found at position {tick} for source {self.path} "
            f"(original source = {self.source}). See {TROUBLESHOOTING_URL}",
            source=self.source,
        )


def _size_bytes(picture: av.VideoFrame) -> int:
    return max(1, sum(plane.buffer_size for plane in picture.planes))
