"""What pages ask of films, and that it costs each frame one decoding: films forwards, by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from io import BytesIO
from itertools import zip_longest
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from framefleet.encoding import image_cache, png_writer
from framefleet.encoding.frame_cache import FrameCounters, FrameExtractor

SIZE = 64
BITS = 12
GOP = 30
# A decoder is a frame ahead: a frame ends where the next one starts, and that one is made ahead.
AHEAD = 2


def write_film(path: Path, rate: int, frames: int) -> Path:
    """Columns of frame n are the bits of n."""
    options = {"preset": "ultrafast", "bf": "2", "g": str(GOP), "qp": "10", "sc_threshold": "0"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = BITS * 8, SIZE, "yuv420p"
        for number in range(frames):
            bits = [255 * (number >> bit & 1) for bit in range(BITS)]
            picture = np.empty((SIZE, BITS * 8, 3), np.uint8)
            picture[:] = np.repeat(np.array(bits, np.uint8), 8)[None, :, None]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Films of 10 seconds by their rate."""
    folder = tmp_path_factory.mktemp("films")
    return {rate: write_film(folder / f"{rate}.mp4", rate, rate * 10) for rate in (24, 30, 60)}


@pytest.fixture
def extractor():
    extractor = FrameExtractor(cache_bytes=2**25)
    yield extractor
    extractor.close()


@pytest.fixture
def shown(extractor) -> Callable[[Path, float], int]:
    """The number of the frame that a film shows at a time."""

    def ask(film: Path, time_s: float) -> int:
        image = extractor.extract(
            film, source="film", time_s=time_s, transparent=False, tone_mapped=True
        )
        row = np.asarray(Image.open(BytesIO(image.data)))[SIZE // 2, 4::8, 1]
        return sum(1 << bit for bit, value in enumerate(row) if value > 127)

    return ask


def settled(extractor: FrameExtractor) -> FrameCounters:
    """The counters once nothing is made ahead any more."""
    while any(not job.done() for job in extractor._ahead.values()):
        time.sleep(0.001)
    return extractor.counters


@pytest.mark.parametrize(
    ("rate", "fps", "speed", "start_s"),
    [
        (30, 30, 1, 0),
        (30, 30, 1, 2.5),
        (24, 30, 1, 0),
        (24, 60, 1, 0),
        (60, 30, 1, 0),
        (60, 24, 1, 0),
        (30, 30, 0.5, 0),
        (30, 30, 1.75, 0),
        (30, 30, 8, 0),
    ],
)
def test_one_place_decodes_each_frame_once_and_converts_what_is_shown(
    extractor, shown, films, rate, fps, speed, start_s
):
    times = [start_s + frame / fps * speed for frame in range(int(7.5 * fps / speed))]
    expected = [int(time_s * rate + 1e-6) for time_s in times]
    assert [shown(films[rate], time_s) for time_s in times] == expected
    counters = settled(extractor)
    assert counters.opened_readers == 1
    # To the keyframe at or before the first frame, then never again.
    assert counters.seeks == (start_s > 1)
    first = expected[0] // GOP * GOP
    # Opened at the start of the film, wherever it goes from there.
    ahead = AHEAD * max(1, speed * rate / fps)
    assert counters.decoded_frames <= expected[-1] + 1 + ahead - first + 1
    assert counters.encoded_frames <= len(set(expected)) + 1


def test_the_next_frame_is_there_before_it_is_asked_for(extractor, shown, films):
    for frame in range(100):
        assert shown(films[30], frame / 30) == frame
        before = settled(extractor)
        if frame >= 2:
            assert before.encoded_frames == frame + 2
    assert before.ahead_frames == 98
    assert before.hits == 97


def test_nothing_is_made_ahead_that_there_is_no_room_for(films):
    extractor = FrameExtractor(cache_bytes=1000)
    for frame in range(10):
        extractor.extract(
            films[30], source="", time_s=frame / 30, transparent=False, tone_mapped=True
        )
    assert settled(extractor).ahead_frames == 0
    assert extractor.counters.encoded_frames == 10
    extractor.close()


def test_a_film_that_cannot_be_read_ahead_fails_when_it_is_asked_for(extractor, shown, films):
    """Past the end of the film there is its last frame, for as long as it is asked for."""
    assert [shown(films[30], frame / 30) for frame in range(290, 320)][-21:] == [299] * 21
    assert settled(extractor).encoded_frames == 10


def in_step(
    shown: Callable[[Path, float], int], film: Path, places: list[range]
) -> Iterator[list[int]]:
    """A page shows a film at many places: asks for all of them, then for their next frames."""
    for frames in zip(*places, strict=True):
        assert [shown(film, frame / 30) for frame in frames] == list(frames)
        yield list(frames)


@pytest.mark.parametrize(
    ("starts", "readers"),
    [
        ([0, 4], 1),
        ([4, 0], 1),
        ([0, 25], 1),
        ([0, 0, 0], 1),
        ([0, 100], 2),
        ([200, 100, 0], 3),
        ([0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 220], 8),
    ],
)
def test_places_of_one_film_in_step(extractor, shown, films, starts, readers):
    length = 60
    places = [range(start, start + length) for start in starts]
    assert len(list(in_step(shown, films[30], places))) == length
    counters = settled(extractor)
    assert counters.opened_readers <= readers
    # Each goes to its first frame by a keyframe before it, then forwards.
    assert counters.seeks <= readers
    frames = len({frame for place in places for frame in place})
    assert counters.decoded_frames <= frames + readers * (GOP + AHEAD + length)


def test_more_places_than_decoders_still_show_the_right_frames(films, shown):
    extractor = FrameExtractor(readers_per_film=3)
    for frame in range(20):
        for start in range(0, 280, 40):
            extractor.extract(
                films[30],
                source="",
                time_s=(start + frame) / 30,
                transparent=False,
                tone_mapped=True,
            )
            assert extractor.counters.open_readers <= 3
    extractor.close()


def test_two_places_at_different_speeds_do_not_take_each_other_s_decoder(extractor, shown, films):
    """The faster one starts behind and overtakes."""
    for frame in range(100):
        slow, fast = 30 + frame, 2 * frame
        assert shown(films[30], slow / 30) == slow
        assert shown(films[30], fast / 30) == fast
    counters = settled(extractor)
    assert counters.seeks <= 3
    assert counters.opened_readers <= 3
    assert counters.decoded_frames <= 130 + 200 + 3 * GOP


@pytest.mark.parametrize("chunk", [30, 37, 75])
def test_streams_that_film_chunks_in_turn(extractor, shown, films, chunk):
    """Two workers, frame by frame, each with the next chunk that is free."""
    chunks = iter(range(0, 300, chunk))

    def stream() -> Iterator[int]:
        for start in chunks:
            yield from range(start, min(start + chunk, 300))

    for frames in zip_longest(stream(), stream()):
        for frame in frames:
            assert frame is None or shown(films[30], frame / 30) == frame
    counters = settled(extractor)
    starts = 1 + 299 // chunk
    # Every other chunk begins where a decoder has just come by.
    assert counters.opened_readers <= 1 + starts // 2
    assert counters.seeks <= starts // 2
    assert counters.encoded_frames <= 300 + starts
    # To a chunk that does not start at a keyframe a decoder comes from the one before.
    assert counters.decoded_frames <= 300 + starts * (AHEAD + (chunk % GOP and GOP))


def test_a_worker_goes_on_with_its_decoder(extractor, shown, films):
    """Chunk after chunk, the other worker's chunks left out."""
    for start in (0, 60, 120, 180):
        for frame in range(start, start + 30):
            assert shown(films[30], frame / 30) == frame
    counters = settled(extractor)
    assert (counters.opened_readers, counters.seeks) == (1, 0)


def test_a_stream_that_begins_later_takes_no_decoder_away(extractor, shown, films):
    """Just beyond a second, where a decoder would seek, and decode again to come back."""
    for frame in (0, 2, 40, 3, 4, 5, 41, 42, 43, 6, 7, 8):
        assert shown(films[24], frame / 30) == frame * 24 // 30
        settled(extractor)
    counters = settled(extractor)
    assert (counters.opened_readers, counters.seeks) == (2, 1)
    # From 0 to 8 and from the keyframe 30 to 36, each once.
    assert counters.decoded_frames == 9 + 7


def test_cuts_back_and_forth_leave_few_decoders(extractor, shown, films):
    for start in (0, 200, 50, 250, 100, 10, 160, 60, 210, 5):
        for frame in range(start, start + 40):
            assert shown(films[30], frame / 30) == frame
    assert settled(extractor).opened_readers <= 4


def test_a_loop_is_kept_once_it_is_known(monkeypatch, films, shown):
    """Read once, images go soon; a film that is read again and again stays as far as it fits."""
    # Eight images: on a busy machine some are made out of turn, and of two the next would be gone.
    monkeypatch.setattr(image_cache, "RECENT_BYTES", 400_000)
    monkeypatch.setattr(png_writer, "pack", None)
    extractor = FrameExtractor(cache_bytes=2**22)
    made = []
    for _ in range(5):
        for frame in range(60):
            extractor.extract(
                films[30], source="", time_s=frame / 30, transparent=False, tone_mapped=True
            )
        made.append(settled(extractor))
    assert made[0].decoded_frames <= 60 + AHEAD
    assert made[0].cached_bytes <= 400_000
    assert made[1].decoded_frames <= 2 * (60 + AHEAD)
    # What was shown before the loop was known is made a third time.
    assert made[2].encoded_frames - made[1].encoded_frames <= image_cache.REREADS_TO_KEEP + 1
    assert made[4].encoded_frames == made[3].encoded_frames
    assert made[4].decoded_frames == made[3].decoded_frames
    assert made[4].cached_bytes + made[4].held_bytes <= 2**22
    assert made[4].opened_readers <= 2
    extractor.close()
