"""Single frames for many askers at once: each decoded once, the next one made ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from framefleet.encoding.frame_image import EncodedImage
from framefleet.encoding.frame_readers import READERS_IN_ALL, READERS_PER_FILM, Reader, Readers
from framefleet.encoding.frame_source import FrameSource, SourceFrame, checked_time
from framefleet.encoding.image_buffers import ImageBuffers
from framefleet.encoding.image_cache import MEBIBYTE, Film, FilmKey, ImageCache
from framefleet.errors import MediaError
from framefleet.machine import available_memory_bytes

# Films are mostly read once and forwards, so more seldom pays; browsers and encoders of the same
# machine need the memory more.
DEFAULT_CACHE_SHARE = 8
LARGEST_DEFAULT_CACHE_BYTES = 2048 * MEBIBYTE
SMALLEST_DEFAULT_CACHE_BYTES = 128 * MEBIBYTE

# A frame takes about 10 ms at 1080p, and a page asks for one in 100: two do for twenty pages.
LOOK_AHEAD_THREADS = 2
# As many places as pages may show at once; further ones are served when they ask.
MOST_AHEAD = 32


@dataclass(frozen=True, slots=True)
class FrameCounters:
    """What extraction took so far.

    Attributes:
        decoded_frames: frames that left a decoder, asked for or on the way.
        encoded_frames: images made.
        ahead_frames: those of them made before they were asked for.
        seeks: jumps within an open file.
        hits: requests answered from memory.
        opened_readers: decoders opened so far.
        open_readers: decoders open now.
        cached_bytes: size of the images kept now.
        held_bytes: size of the decoded frames kept now, but for three of each decoder.
    """

    decoded_frames: int
    encoded_frames: int
    ahead_frames: int
    seeks: int
    hits: int
    opened_readers: int
    open_readers: int
    cached_bytes: int
    held_bytes: int


class FrameExtractor:
    """Gives single frames of video files to any number of threads.

    Each place where a page shows a film asks for it in equal steps, frame by frame. A decoder goes
    forward with it, shared with places close by, and a thread makes the image it asks for next
    while the page draws. A place far from others gets a decoder of its own while the limits allow,
    else the one that was not used for longest.

    Args:
        cache_bytes: how much to keep of images and decoded frames, but for three frames of each
            decoder; by default an eighth of the memory available, 128 MiB to 2 GiB. All of it is
            used only for films whose frames are asked for again.
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
        limit_bytes = default_cache_bytes() if cache_bytes is None else cache_bytes
        self._lock = threading.Lock()
        self._films: dict[FilmKey, Film] = {}
        self._readers = Readers(limit_bytes, readers_per_film, readers_in_all)
        self._images = ImageCache(limit_bytes)
        self._buffers = ImageBuffers()
        self._threads = ThreadPoolExecutor(LOOK_AHEAD_THREADS, "framefleet-frames")
        self._ahead: dict[tuple[Film, float], Future[None]] = {}
        self._is_closed = False
        self._encoded_frames = self._ahead_frames = self._hits = self._opened_readers = 0

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
            key = FilmKey(path, _changed_ns(path), transparent, tone_mapped)
            film = self._films.setdefault(key, Film(key))
            step_s = film.requests.note(time_s)
            image = self._images.get(film, time_s)
            self._hits += image is not None
        if image is None:
            image = self._make(film, time_s, *self._locate(film, source, time_s, step_s))
        if step_s is not None:
            self._look_ahead(film, source, time_s + step_s, step_s)
        return image

    @property
    def counters(self) -> FrameCounters:
        """What extraction took so far."""
        with self._lock:
            sources = [reader.source for reader in self._readers if reader.source is not None]
            return FrameCounters(
                decoded_frames=self._readers.decoded_frames
                + sum(one.decoded_frames for one in sources),
                encoded_frames=self._encoded_frames,
                ahead_frames=self._ahead_frames,
                seeks=self._readers.seeks + sum(one.seeks for one in sources),
                hits=self._hits,
                opened_readers=self._opened_readers,
                open_readers=len(sources),
                cached_bytes=self._images.size_bytes,
                held_bytes=self._readers.held_bytes,
            )

    def close(self) -> None:
        """Release decoders and images, after requests under way. Later requests fail."""
        with self._lock:
            self._is_closed = True
            readers = list(self._readers)
        self._threads.shutdown(cancel_futures=True)
        for reader in readers:
            with reader.turns.take(0), self._lock:
                self._readers.shut(reader)
        with self._lock:
            self._images.clear()

    def _make(
        self, film: Film, time_s: float, decoder: FrameSource, frame: SourceFrame
    ) -> EncodedImage:
        with frame.lock:
            # Whoever asked for the same frame a moment ago has made the image by now.
            with self._lock:
                if (image := self._images.get(film, time_s)) is not None:
                    self._hits += 1
                    return image
            image = decoder.encode(frame)
            self._keep(film, frame, image)
        return image

    def _keep(self, film: Film, frame: SourceFrame, image: EncodedImage) -> None:
        with self._lock:
            self._encoded_frames += 1
            self._images.put(film, frame, image)
            self._images.fit(self._readers.held_bytes)

    def _look_ahead(self, film: Film, source: str, time_s: float, step_s: float) -> None:
        """Have an image made that will be asked for, unless that is under way."""
        with self._lock:
            self._ahead = {one: job for one, job in self._ahead.items() if not job.done()}
            if (
                self._is_closed
                or (film, time_s) in self._ahead
                or len(self._ahead) >= MOST_AHEAD
                or self._images.has(film, time_s)
                or not self._images.has_room_ahead(film)
            ):
                return
            job = self._threads.submit(self._make_ahead, film, source, time_s, step_s)
            self._ahead[film, time_s] = job

    def _make_ahead(self, film: Film, source: str, time_s: float, step_s: float) -> None:
        # On a busy machine whoever asks may be past it by now, and all that served it moved on.
        with self._lock:
            reader = self._readers.going(film, time_s, step_s)
            if reader is None or self._is_late(film, time_s, step_s):
                return
            self._readers.lend(reader, time_s, step_s)
        # Whoever asks for it will be told.
        with suppress(MediaError):
            with self._turn(reader, time_s):
                with self._lock:
                    if self._is_late(film, time_s, step_s):
                        return
                decoder, frame = self._located(reader, source, time_s)
            with frame.lock:
                with self._lock:
                    if self._is_late(film, time_s, step_s):
                        return
                self._keep(film, frame, decoder.encode(frame))
                with self._lock:
                    self._ahead_frames += 1

    def _is_late(self, film: Film, time_s: float, step_s: float) -> bool:
        return film.requests.has(time_s, step_s) or self._images.has(film, time_s)

    def _locate(
        self, film: Film, source: str, time_s: float, step_s: float | None
    ) -> tuple[FrameSource, SourceFrame]:
        with self._lock:
            reader = self._readers.choose(film, time_s, step_s)
            self._readers.lend(reader, time_s, step_s)
        with self._turn(reader, time_s):
            return self._located(reader, source, time_s)

    @contextmanager
    def _turn(self, reader: Reader, time_s: float) -> Iterator[None]:
        """Wait for the turn at a reader that was lent, and give it back."""
        try:
            with reader.turns.take(time_s):
                yield
        finally:
            with self._lock:
                self._readers.give_back(reader)

    def _located(
        self, reader: Reader, source: str, time_s: float
    ) -> tuple[FrameSource, SourceFrame]:
        try:
            decoder = self._opened(reader, source)
            frame = decoder.locate(decoder.tick_at(time_s))
        except BaseException:
            with self._lock:
                self._readers.shut(reader)
            raise
        with self._lock:
            film = reader.film
            film.time_base, film.first_pts = decoder.time_base, decoder.first_pts
            reader.note(decoder)
        return decoder, frame

    def _opened(self, reader: Reader, source: str) -> FrameSource:
        if self._is_closed:
            raise MediaError(f"Frames of {source} were asked for after the end of the render.")
        with self._lock:
            window_bytes = self._readers.window_bytes
            rearmost_s = min(reader.places, default=0.0)
        if reader.source is None:
            film = reader.film
            reader.source = FrameSource(
                film.key.path,
                source=source,
                transparent=film.key.transparent,
                tone_mapped=film.key.tone_mapped,
                window_bytes=window_bytes,
                first_pts=film.first_pts,
                buffers=self._buffers,
            )
            with self._lock:
                self._opened_readers += 1
        reader.source.limit_window(window_bytes, reader.source.tick_at(rearmost_s))
        return reader.source


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
        lent = _lent.get(cache_bytes)
        if lent is None:
            lent = _lent[cache_bytes] = _Lent(FrameExtractor(cache_bytes=cache_bytes))
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
