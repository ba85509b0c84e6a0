"""Images of films by the ticks that show them, within a bound."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from framefleet.encoding.film_requests import FilmRequests
from framefleet.encoding.frame_image import EncodedImage
from framefleet.encoding.frame_source import SourceFrame, tick_at

MEBIBYTE = 1024 * 1024
# Images of films that are read once: the one shown, the one ahead, those of other streams. 128 MiB
# are 21 of 1080p. More would be memory that is never read again, and new memory costs as much time
# as to decode (3 to 7 ms for a frame of 1080p).
RECENT_BYTES = 128 * MEBIBYTE
# So many frames made a second time tell a loop from two chunks that meet at a frame.
REREADS_TO_KEEP = 4


@dataclass(frozen=True, slots=True)
class FilmKey:
    """A file, as it is now, and the way it is read."""

    path: Path
    changed_ns: int
    transparent: bool
    tone_mapped: bool


@dataclass(eq=False, slots=True)
class Film:
    """One file read one way, and what is asked of it.

    `time_base` and `first_pts` are known once it was opened. `starts` are the ticks at which the
    images at hand start, `made` those of all that were ever made, `remade` counts the repeats.
    """

    key: FilmKey
    time_base: Fraction | None = None
    first_pts: int | None = None
    image_bytes: int = 0
    remade: int = 0
    starts: list[int] = field(default_factory=list)
    made: set[int] = field(default_factory=set)
    requests: FilmRequests = field(default_factory=FilmRequests)

    @property
    def is_reread(self) -> bool:
        """Whether its frames are asked for again, long after they were shown."""
        return self.remade >= REREADS_TO_KEEP


_Images = OrderedDict[tuple[Film, int], tuple[int, EncodedImage]]


class ImageCache:
    """The images made last, and all those of films that are read again and again.

    Least recently used ones go first. Not thread-safe.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.size_bytes = 0
        self._limit_bytes = limit_bytes
        self._recent_bytes = 0
        self._recent: _Images = OrderedDict()
        self._kept: _Images = OrderedDict()

    def get(self, film: Film, time_s: float) -> EncodedImage | None:
        """The image to show at a time, if it is here."""
        start = self._start_of(film, time_s)
        if start is None:
            return None
        images = self._recent if (film, start) in self._recent else self._kept
        images.move_to_end((film, start))
        return images[film, start][1]

    def has(self, film: Film, time_s: float) -> bool:
        """Whether `get` would find it; leaves the order as it is."""
        return self._start_of(film, time_s) is not None

    def has_room_ahead(self, film: Film) -> bool:
        """Whether images made ahead would still be here when they are asked for."""
        return 4 * film.image_bytes <= min(RECENT_BYTES, self._limit_bytes)

    def put(self, film: Film, frame: SourceFrame, image: EncodedImage) -> None:
        """Keep an image for now, or for good if its film is read again and again."""
        if frame.start in film.made:
            film.remade += 1
        film.made.add(frame.start)
        film.image_bytes = len(image.data)
        if frame.start in film.starts:
            return
        if film.is_reread:
            self._kept[film, frame.start] = frame.stop, image
        else:
            self._recent[film, frame.start] = frame.stop, image
            self._recent_bytes += len(image.data)
        insort(film.starts, frame.start)
        self.size_bytes += len(image.data)

    def fit(self, other_bytes: int) -> None:
        """Drop images until they and `other_bytes` are within the bound."""
        limit_bytes = max(0, self._limit_bytes - other_bytes)
        while self._recent_bytes > min(limit_bytes, RECENT_BYTES):
            self._recent_bytes -= self._drop_oldest(self._recent)
        while self.size_bytes > limit_bytes:
            self._drop_oldest(self._kept)

    def clear(self) -> None:
        """Drop all."""
        self.fit(self._limit_bytes)

    def _start_of(self, film: Film, time_s: float) -> int | None:
        if film.time_base is None:
            return None
        tick = tick_at(time_s, film.time_base)
        index = bisect_right(film.starts, tick) - 1
        if index < 0:
            return None
        place = film, film.starts[index]
        stop, _ = self._recent.get(place) or self._kept[place]
        return film.starts[index] if tick < stop else None

    def _drop_oldest(self, images: _Images) -> int:
        (film, start), (_, image) = images.popitem(last=False)
        del film.starts[bisect_left(film.starts, start)]
        self.size_bytes -= len(image.data)
        return len(image.data)
