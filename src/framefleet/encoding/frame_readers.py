"""Open decoders of films, and which of them serves a request."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush

from framefleet.encoding.film_requests import STEP_SLACK
from framefleet.encoding.frame_source import LAST_TICK, FrameSource
from framefleet.encoding.image_cache import Film

# For a page that shows one film at many places at once. At 1080p a decoder holds some 30 MB.
READERS_PER_FILM = 16
READERS_IN_ALL = 24
# Going on so far takes no longer than a seek, which decodes from a keyframe.
NEAR_S = 1.0
# How far a decoder that is just opening may be asked to go ahead at once, as by tabs that start.
REACH_S = 0.25
# A decoder that was not asked for in so many requests, and so many more for each decoder of its
# film, is not wanted any more. Places in step ask for each once in as many requests as there are.
REQUESTS_TO_STAY = 30
REQUESTS_A_READER = 4


class Turns:
    """Lets in one caller at a time, of those waiting the one with the earliest time.

    A plain lock lets callers overtake each other, so a late one would find its frame gone.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[float] = []
        self._is_taken = False

    @contextmanager
    def take(self, time_s: float) -> Iterator[None]:
        """Wait for the turn, and hold it."""
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
class Reader:
    """One decoder, or the place for one.

    `source` belongs to whose turn it is, and to `Readers` while there are no `users`; the rest, for
    choosing among readers, to the extractor's lock. `reach_s` is how far it may go ahead and still
    answer whoever asked last; `asked` the number of its last request among all of its film.
    `places` are the times that those who go along asked for last, each with that number.
    """

    film: Film
    oldest_s: float
    newest_s: float
    reach_s: float = REACH_S
    users: int = 0
    asked: int = 0
    held_bytes: int = 0
    places: dict[float, int] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    source: FrameSource | None = None

    def covers(self, time_s: float) -> bool:
        """Whether the frame is at hand, or soon will be."""
        return self.oldest_s <= time_s <= self.newest_s

    def gap_s(self, time_s: float) -> float:
        """How far it has to go ahead; infinite if it has to go back."""
        return max(0.0, time_s - self.newest_s) if time_s >= self.oldest_s else math.inf

    def take_along(self, time_s: float, step_s: float | None, *, patience: int) -> None:
        """Take down where somebody is, and forget those who did not ask for some time."""
        number = self.film.requests.count
        before = [
            place
            for place in self.places
            if place <= time_s and time_s - place <= (step_s or self.reach_s) * (1 + STEP_SLACK)
        ]
        if before:
            del self.places[max(before)]
        self.places[time_s] = number
        for place, asked in list(self.places.items()):
            if number - asked > patience:
                del self.places[place]

    def note(self, source: FrameSource) -> None:
        """Take down what is at hand now."""
        oldest, newest = source.window
        self.oldest_s = float(oldest * source.time_base)
        self.newest_s = max(self.newest_s, float(newest * source.time_base))
        # Further on it would seek, and lose them.
        self.reach_s = min(NEAR_S, float(source.reach * source.time_base))
        self.held_bytes = source.held_bytes


class Readers:
    """All decoders, at most `in_all` and `per_film`. Not thread-safe: callers hold a lock.

    Their windows take at most half of `limit_bytes` together, but for what each cannot do without;
    and little each, unless somebody is further behind the foremost.
    """

    def __init__(self, limit_bytes: int, per_film: int, in_all: int) -> None:
        self.decoded_frames = self.seeks = 0  # of decoders that are closed
        self._window_bytes = limit_bytes // 2
        self._per_film = per_film
        self._in_all = in_all
        # The least recently used comes first.
        self._readers: OrderedDict[Reader, None] = OrderedDict()

    def __iter__(self) -> Iterator[Reader]:
        return iter(self._readers)

    @property
    def window_bytes(self) -> int:
        """How much one decoder may keep at hand."""
        return self._window_bytes // max(1, len(self._readers))

    @property
    def held_bytes(self) -> int:
        """Size of the frames at hand."""
        return sum(reader.held_bytes for reader in self._readers)

    def lend(self, reader: Reader, time_s: float, step_s: float | None) -> None:
        """Let somebody have it for a time; it is not retired before it is given back.

        Args:
            step_s: how far before it whoever asks asked last, if that is known.
        """
        # Whoever comes next must see where it is going, not where it still is.
        reader.newest_s = max(reader.newest_s, time_s)
        reader.asked = reader.film.requests.count
        reader.take_along(time_s, step_s, patience=self._patience(reader.film))
        reader.users += 1
        self._readers[reader] = None
        self._readers.move_to_end(reader)

    def give_back(self, reader: Reader) -> None:
        """Somebody has what they asked for."""
        reader.users -= 1

    def shut(self, reader: Reader) -> None:
        """Close its decoder, whose frames and seeks count on."""
        source, reader.source = reader.source, None
        reader.held_bytes = 0
        if source is not None:
            self.decoded_frames += source.decoded_frames
            self.seeks += source.seeks
            source.close()

    def going(self, film: Film, time_s: float, step_s: float | None) -> Reader | None:
        """The reader that gets there best, without a seek and without being missed where it is.

        One film may be shown at many places that move in step: to go from place to place and back
        for each frame of the page would decode everything again and again.
        """
        able = [
            reader
            for reader in self._readers
            if reader.film is film and self._may_go(reader, time_s, step_s)
        ]
        return min(able, key=lambda reader: reader.gap_s(time_s), default=None)

    def choose(self, film: Film, time_s: float, step_s: float | None) -> Reader:
        """The reader for a time, which may be a new one, to be lent at once."""
        if (reader := self.going(film, time_s, step_s)) is not None:
            return reader
        readers = [reader for reader in self._readers if reader.film is film]
        left = [reader for reader in readers if self._is_left(reader)]
        # A film always gets a reader: beyond the limit there are at most as many as callers.
        if not left and len(readers) < self._per_film and (self._make_room() or not readers):
            self._share_out()
            # Near its start a film is read from there; who asks first is not always served first.
            return Reader(film, 0.0 if time_s <= NEAR_S else time_s, time_s)
        chosen = left[0] if left else min(readers, key=lambda reader: reader.users)
        chosen.oldest_s = chosen.newest_s = time_s
        return chosen

    def _may_go(self, reader: Reader, time_s: float, step_s: float | None) -> bool:
        gap_s = reader.gap_s(time_s)
        if gap_s <= reader.reach_s:
            return True
        was_here = step_s is not None and reader.covers(time_s - step_s)
        return gap_s <= NEAR_S and (was_here or self._is_left(reader))

    def _is_left(self, reader: Reader) -> bool:
        """Whether nobody wants it any more: a cut, a loop or the end of a chunk left it behind."""
        unasked = reader.film.requests.count - reader.asked
        return not reader.users and unasked > self._patience(reader.film)

    def _patience(self, film: Film) -> int:
        """How many requests for a film may pass before whoever asked for none of them is gone."""
        readers = sum(reader.film is film for reader in self._readers)
        return REQUESTS_TO_STAY + REQUESTS_A_READER * readers

    def _make_room(self) -> bool:
        """Whether one more reader may open, after retiring those least recently used."""
        idle = [reader for reader in self._readers if not reader.users]
        for reader in idle[: max(0, len(self._readers) - self._in_all + 1)]:
            del self._readers[reader]
            self.shut(reader)
        return len(self._readers) < self._in_all

    def _share_out(self) -> None:
        """One more reader is to come: each has less to keep at hand."""
        share = self._window_bytes // (len(self._readers) + 1)
        for reader in self._readers:
            if not reader.users and reader.source is not None:
                reader.source.limit_window(share, LAST_TICK)
                reader.note(reader.source)
