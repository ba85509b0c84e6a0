"""Single frames for many askers at once: open decoders near the times asked for, images kept."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heappop, heappush
from pathlib import Path

from framefleet.encoding.frame_image import EncodedImage
from framefleet.encoding.frame_source import (
    WINDOW_BYTES,
    FrameSource,
    SourceFrame,
    checked_time,
    tick_at,
)
from framefleet.errors import MediaError
from framefleet.machine import available_memory_bytes

MEBIBYTE = 1024 * 1024
# Films are mostly read once and forwards, so more seldom pays; browsers and encoders of the same
# machine need the memory more.
DEFAULT_CACHE_SHARE = 8
LARGEST_DEFAULT_CACHE_BYTES = 2048 * MEBIBYTE
SMALLEST_DEFAULT_CACHE_BYTES = 128 * MEBIBYTE

# As many browsers as film in one process, and some that are left behind.
READERS_PER_FILM = 8
READERS_IN_ALL = 16
# A reader that stands this little before a time goes on to it without a seek.
NEAR_S = 1.0


@dataclass(frozen=True, slots=True)
class FrameCounters:
    """What extraction took so far.

    Attributes:
        decoded_frames: frames that left a decoder, asked for or on the way.
        encoded_frames: images made.
        seeks: jumps within an open file.
        hits: requests answered from the cache.
        opened_readers: decoders opened so far.
        open_readers: decoders open now.
        cached_bytes: size of the images kept now.
    """

    decoded_frames: int
    encoded_frames: int
    seeks: int
    hits: int
    opened_readers: int
    open_readers: int
    cached_bytes: int


@dataclass(frozen=True, slots=True)
class _FilmKey:
    path: Path
    changed_ns: int
    transparent: bool
    tone_mapped: bool


@dataclass(eq=False, slots=True)
class _Film:
    """One file read one way: where its cached images start, once its clock is known."""

    key: _FilmKey
    time_base: Fraction | None = None
    starts: list[int] = field(default_factory=list)


class _Turns:
    """Lets in one caller at a time, of those waiting the one with the earliest time.

    A plain lock lets callers overtake each other, so a late one would find its frame gone.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[float] = []
        self._is_taken = False

    @contextmanager
    def take(self, time_s: float) -> Iterator[None]:
        with self._changed:
            heappush(self._waiting, time_s)
            self._changed.wait_for(lambda: not self._is_taken and self._waiting[0] == time_s)
            heappop(self._waiting)
            self._is_taken = True
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()


@dataclass(eq=False, slots=True)
class _Reader:
    """One decoder, or the place for one.

    `source` belongs to whose turn it is; the rest, which is for choosing among readers, to the
    extractor's lock.
    """

    film: _Film
    oldest_s: float
    newest_s: float
    users: int = 0
    turns: _Turns = field(default_factory=_Turns)
    source: FrameSource | None = None

    def is_near(self, time_s: float) -> bool:
        return self.oldest_s <= time_s <= self.newest_s + NEAR_S


class FrameExtractor:
    """Gives single frames of video files to any number of threads.

    Requests mostly come with rising times, interleaved over browser tabs. Those near each other
    share one decoder, which goes forward; a far one gets its own while the limits allow, else the
    one that was not used for longest.

    Args:
        cache_bytes: how much of the answers to keep, beside the few frames that each decoder
            holds; by default an eighth of the memory available, 128 MiB to 2 GiB.
        readers_per_film: most decoders open for one file.
        readers_in_all: most decoders open.
    """

    def __init__(
        self,
        *,
        cache_bytes: int | None = None,
        readers_per_film: int = READERS_PER_FILM,
        readers_in_all: int = READERS_IN_ALL,
    ) -> None:
        self._readers_per_film = readers_per_film
        self._readers_in_all = readers_in_all
        limit_bytes = default_cache_bytes() if cache_bytes is None else cache_bytes
        self._images = _ImageCache(limit_bytes)
        self._window_bytes = min(limit_bytes, WINDOW_BYTES)
        self._lock = threading.Lock()
        self._films: dict[_FilmKey, _Film] = {}
        # The least recently used comes first.
        self._readers: OrderedDict[_Reader, None] = OrderedDict()
        self._is_closed = False
        self._retired_frames = self._retired_seeks = 0
        self._encoded_frames = self._hits = self._opened_readers = 0

    def extract(
        self, path: Path, *, source: str, time_s: float, transparent: bool, tone_mapped: bool
    ) -> EncodedImage:
        """The image of a film to show at a time. Blocks while it decodes.

        Args:
            path: the video file.
            source: what messages call it, usually the URL it came from.
            time_s: seconds on the film's own clock; past its end the last frame stays.
            transparent: keep alpha, where the film has it.
            tone_mapped: bring HDR down to SDR.

        Raises:
            MediaError: the file is no video, or nothing near the time can be decoded.
        """
        time_s = checked_time(time_s)
        with self._lock:
            key = _FilmKey(path, _changed_ns(path), transparent, tone_mapped)
            film = self._films.setdefault(key, _Film(key))
        if (image := self._find(film, time_s)) is not None:
            return image
        with self._reading(film, time_s) as reader:
            decoder, frame = self._locate(reader, source, time_s)
        with frame.lock:
            # Whoever asked for the same frame a moment ago has made the image by now.
            if (image := self._find(film, time_s)) is not None:
                return image
            image = decoder.encode(frame)
            with self._lock:
                self._encoded_frames += 1
                self._images.put(film, frame, image)
        return image

    @property
    def counters(self) -> FrameCounters:
        """What extraction took so far."""
        with self._lock:
            sources = [reader.source for reader in self._readers if reader.source is not None]
            return FrameCounters(
                decoded_frames=self._retired_frames + sum(one.decoded_frames for one in sources),
                encoded_frames=self._encoded_frames,
                seeks=self._retired_seeks + sum(one.seeks for one in sources),
                hits=self._hits,
                opened_readers=self._opened_readers,
                open_readers=len(sources),
                cached_bytes=self._images.size_bytes,
            )

    def close(self) -> None:
        """Release decoders and images, after requests under way. Later requests fail."""
        with self._lock:
            self._is_closed = True
            readers = list(self._readers)
        for reader in readers:
            with reader.turns.take(0), self._lock:
                self._shut(reader)
        with self._lock:
            self._images.clear()

    def _find(self, film: _Film, time_s: float) -> EncodedImage | None:
        with self._lock:
            image = self._images.get(film, time_s)
            self._hits += image is not None
            return image

    @contextmanager
    def _reading(self, film: _Film, time_s: float) -> Iterator[_Reader]:
        """A reader for a time, which is not retired meanwhile."""
        with self._lock:
            reader = self._choose(film, time_s)
            reader.users += 1
            self._readers[reader] = None
            self._readers.move_to_end(reader)
        try:
            yield reader
        finally:
            with self._lock:
                reader.users -= 1

    def _choose(self, film: _Film, time_s: float) -> _Reader:
        readers = [reader for reader in self._readers if reader.film is film]
        if near := [reader for reader in readers if reader.is_near(time_s)]:
            chosen = min(near, key=lambda reader: max(0.0, time_s - reader.newest_s))
            # Whoever comes next must see where it is going, not where it still is.
            chosen.newest_s = max(chosen.newest_s, time_s)
            return chosen
        # A film always gets a reader: beyond the limit there are at most as many as callers.
        if len(readers) < self._readers_per_film and (self._make_room() or not readers):
            return _Reader(film, time_s, time_s)
        chosen = min(readers, key=lambda reader: reader.users)
        chosen.oldest_s = chosen.newest_s = time_s
        return chosen

    def _make_room(self) -> bool:
        """Whether one more reader may open, after retiring those least recently used."""
        idle = [reader for reader in self._readers if not reader.users]
        for reader in idle[: max(0, len(self._readers) - self._readers_in_all + 1)]:
            del self._readers[reader]
            self._shut(reader)
        return len(self._readers) < self._readers_in_all

    def _locate(
        self, reader: _Reader, source: str, time_s: float
    ) -> tuple[FrameSource, SourceFrame]:
        with reader.turns.take(time_s):
            try:
                decoder = self._opened(reader, source)
                frame = decoder.locate(decoder.tick_at(time_s))
            except BaseException:
                with self._lock:
                    self._shut(reader)
                raise
            oldest, newest = decoder.window
        with self._lock:
            reader.film.time_base = decoder.time_base
            reader.oldest_s = float(oldest * decoder.time_base)
            reader.newest_s = max(reader.newest_s, float(newest * decoder.time_base))
        return decoder, frame

    def _opened(self, reader: _Reader, source: str) -> FrameSource:
        if self._is_closed:
            raise MediaError(f"Frames of {source} were asked for after the end of the render.")
        if reader.source is None:
            key = reader.film.key
            reader.source = FrameSource(
                key.path,
                source=source,
                transparent=key.transparent,
                tone_mapped=key.tone_mapped,
                window_bytes=self._window_bytes,
            )
            with self._lock:
                self._opened_readers += 1
        return reader.source

    def _shut(self, reader: _Reader) -> None:
        source, reader.source = reader.source, None
        if source is not None:
            self._retired_frames += source.decoded_frames
            self._retired_seeks += source.seeks
            source.close()


class _ImageCache:
    """Images by the ticks that show them; the least recently used go first. Not thread-safe."""

    def __init__(self, limit_bytes: int) -> None:
        self.size_bytes = 0
        self._limit_bytes = limit_bytes
        self._images: OrderedDict[tuple[_Film, int], tuple[int, EncodedImage]] = OrderedDict()

    def get(self, film: _Film, time_s: float) -> EncodedImage | None:
        if film.time_base is None:
            return None
        tick = tick_at(time_s, film.time_base)
        index = bisect_right(film.starts, tick) - 1
        if index < 0:
            return None
        place = film, film.starts[index]
        stop, image = self._images[place]
        if tick >= stop:
            return None
        self._images.move_to_end(place)
        return image

    def put(self, film: _Film, frame: SourceFrame, image: EncodedImage) -> None:
        if (film, frame.start) in self._images:
            return
        self._images[film, frame.start] = frame.stop, image
        insort(film.starts, frame.start)
        self.size_bytes += len(image.data)
        while self.size_bytes > self._limit_bytes:
            self._drop_oldest()

    def clear(self) -> None:
        while self._images:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        (film, start), (_, image) = self._images.popitem(last=False)
        del film.starts[bisect_left(film.starts, start)]
        self.size_bytes -= len(image.data)


def default_cache_bytes() -> int:
    """An eighth of the memory that can still be taken, within sensible limits."""
    share = available_memory_bytes() // DEFAULT_CACHE_SHARE
    return max(SMALLEST_DEFAULT_CACHE_BYTES, min(share, LARGEST_DEFAULT_CACHE_BYTES))


def _changed_ns(path: Path) -> int:
    """When a file was last written; renders share an extractor for longer than files stay."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@dataclass(slots=True)
class _Lent:
    extractor: FrameExtractor
    users: int = 0


_lent: dict[int | None, _Lent] = {}
_lent_lock = threading.Lock()


@contextmanager
def shared_extractor(cache_bytes: int | None) -> Iterator[FrameExtractor]:
    """The extractor of all in this process who ask for the same bound; the last one closes it."""
    with _lent_lock:
        lent = _lent.setdefault(cache_bytes, _Lent(FrameExtractor(cache_bytes=cache_bytes)))
        lent.users += 1
    try:
        yield lent.extractor
    finally:
        with _lent_lock:
            lent.users -= 1
            is_last = not lent.users
            if is_last:
                del _lent[cache_bytes]
        if is_last:
            lent.extractor.close()
