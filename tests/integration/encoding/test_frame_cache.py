"""Many askers of frames at once: right frames, few decoders, bounded memory."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from framefleet.encoding import png_writer
from framefleet.encoding.frame_cache import (
    FrameCounters,
    FrameExtractor,
    default_cache_bytes,
    shared_extractor,
)
from framefleet.encoding.frame_image import EncodedImage
from framefleet.errors import MediaError

SIZE = 64
# A stored PNG: 8 bytes of signature, 25 of header, 12 of end, and the data in one block.
IMAGE_BYTES = 8 + 25 + 12 + 12 + 2 + 5 + SIZE * (1 + SIZE * 3) + 4
FRAMES = 300


def write_film(path: Path, frames: int = FRAMES) -> Path:
    """Frame n carries n: its low four bits as the grey of the left half, the rest right."""
    options = {"preset": "ultrafast", "bf": "2", "g": "30", "qp": "10"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
        for number in range(frames):
            grey = np.zeros((SIZE, SIZE, 3), np.uint8)
            grey[:, : SIZE // 2] = number % 16 * 16 + 8
            grey[:, SIZE // 2 :] = number // 16 * 12 + 6
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def number_of(image: EncodedImage) -> int:
    rows = np.asarray(Image.open(BytesIO(image.data)))
    return int(rows[SIZE // 2, SIZE // 4, 1]) // 16 + int(rows[SIZE // 2, -SIZE // 4, 1]) // 12 * 16


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("films") / "film.mp4")


@pytest.fixture(autouse=True)
def _stored_images(monkeypatch):
    """All images are of one size, whatever this machine has to pack them with."""
    monkeypatch.setattr(png_writer, "pack", None)


@pytest.fixture
def extractor():
    extractor = FrameExtractor(cache_bytes=50 * IMAGE_BYTES)
    yield extractor
    extractor.close()


def ask(extractor: FrameExtractor, film: Path, number: float, **options: bool) -> int:
    wanted = {"transparent": False, "tone_mapped": True, **options}
    return number_of(extractor.extract(film, source="film", time_s=number / 30, **wanted))


def settled(extractor: FrameExtractor) -> FrameCounters:
    """The counters once nothing is made ahead any more."""
    while any(not job.done() for job in extractor._ahead.values()):
        time.sleep(0.001)
    return extractor.counters


def in_threads(work: Iterable[Callable[[], object]]) -> None:
    work = list(work)
    with ThreadPoolExecutor(len(work)) as pool:
        for future in [pool.submit(one) for one in work]:
            future.result()


def test_one_reader_decodes_once(extractor, film):
    assert [ask(extractor, film, n) for n in range(FRAMES)] == list(range(FRAMES))
    counters = extractor.counters
    assert (counters.decoded_frames, counters.opened_readers, counters.seeks) == (FRAMES, 1, 0)
    assert counters.encoded_frames == FRAMES


def test_frames_on_the_way_are_not_converted(extractor, film):
    assert [ask(extractor, film, n) for n in range(0, FRAMES, 10)] == list(range(0, FRAMES, 10))
    counters = settled(extractor)
    assert counters.encoded_frames <= FRAMES / 10 + 1
    assert counters.decoded_frames <= FRAMES


@pytest.mark.parametrize("tabs", [4, 8])
def test_tabs_side_by_side_share_a_decoder(extractor, film, tabs):
    """Each tab takes the next frame when it is free, as tabs do."""
    numbers = iter(range(FRAMES))
    lock, seen = threading.Lock(), {}

    def tab() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            seen[number] = ask(extractor, film, number)

    in_threads([tab] * tabs)
    assert seen == {n: n for n in range(FRAMES)}
    counters = extractor.counters
    assert (counters.opened_readers, counters.seeks) == (1, 0)
    assert counters.decoded_frames == FRAMES


def test_one_frame_for_all_is_made_once(extractor, film):
    in_threads([partial(ask, extractor, film, 40)] * 8)
    assert extractor.counters.encoded_frames == 1
    assert extractor.counters.opened_readers == 1


def test_readers_far_apart_get_their_own_decoders(extractor, film):
    """They go in step, as places of one page do: who falls far behind may lose its decoder."""
    starts = [0, 75, 150, 225]
    step = threading.Barrier(len(starts), timeout=60)

    def read(start: int) -> None:
        for number in range(start, start + 60):
            step.wait()
            assert ask(extractor, film, number) == number

    in_threads([partial(read, start) for start in starts])
    counters = extractor.counters
    assert counters.opened_readers == 4
    # Each seeks once, to the keyframe before it, having decoded the first frame on opening.
    assert counters.seeks == 3
    assert counters.decoded_frames <= 4 * (60 + 30 + 5)


def test_limits_of_decoders_hold(film, tmp_path):
    films = [film, *(write_film(tmp_path / f"film{n}.mp4", 90) for n in range(4))]
    extractor = FrameExtractor(cache_bytes=0, readers_per_film=2, readers_in_all=3)
    shuffled = random.Random(2)
    for _ in range(80):
        one, number = shuffled.choice(films), shuffled.randrange(90)
        assert ask(extractor, one, number) == number
        assert extractor.counters.open_readers <= 3
    extractor.close()
    assert extractor.counters.open_readers == 0


def test_any_order_from_many_threads(film):
    extractor = FrameExtractor(cache_bytes=20 * IMAGE_BYTES, readers_in_all=3)

    def wander(seed: int) -> None:
        for number in random.Random(seed).choices(range(FRAMES), k=40):
            assert ask(extractor, film, number) == number

    in_threads([partial(wander, seed) for seed in range(6)])
    assert extractor.counters.cached_bytes <= 20 * IMAGE_BYTES
    extractor.close()


def test_images_made_last_are_at_hand_and_the_bound_is_kept(extractor, film):
    for number in range(120):
        ask(extractor, film, number)
        counters = extractor.counters
        assert counters.cached_bytes + counters.held_bytes <= 50 * IMAGE_BYTES
    assert extractor.counters.cached_bytes > 20 * IMAGE_BYTES
    before = settled(extractor)
    # Any time within the frame finds it, also the end of one that was held.
    assert [ask(extractor, film, n + part) for n in range(110, 120) for part in (0, 0.3, 0.9)] == [
        n for n in range(110, 120) for _ in range(3)
    ]
    after = settled(extractor)
    assert after.hits - before.hits == 30
    assert after.decoded_frames == before.decoded_frames
    assert ask(extractor, film, 0) == 0  # Long gone.
    assert extractor.counters.opened_readers == 2


def test_least_recently_used_goes_first(film):
    extractor = FrameExtractor(cache_bytes=3 * IMAGE_BYTES)
    for number in (0, 1, 2, 0, 3):
        ask(extractor, film, number)
    made = extractor.counters.encoded_frames
    assert [ask(extractor, film, n) for n in (0, 2, 3)] == [0, 2, 3]
    assert extractor.counters.encoded_frames == made
    assert ask(extractor, film, 1) == 1
    assert extractor.counters.encoded_frames == made + 1
    extractor.close()


def test_last_frame_is_cached_for_all_later_times(extractor, film):
    assert ask(extractor, film, 1e9) == FRAMES - 1
    made = extractor.counters
    assert ask(extractor, film, FRAMES) == FRAMES - 1
    assert extractor.counters.decoded_frames == made.decoded_frames
    assert extractor.counters.hits == made.hits + 1


def test_kinds_of_answers_are_kept_apart(extractor, film):
    assert ask(extractor, film, 5) == 5
    assert ask(extractor, film, 5, transparent=True) == 5
    assert ask(extractor, film, 5, tone_mapped=False) == 5
    assert extractor.counters.hits == 0
    assert extractor.counters.opened_readers == 3


def test_errors_do_not_poison(extractor, tmp_path):
    path = tmp_path / "late.mp4"
    path.write_bytes(b"not yet a film" * 100)
    for _ in range(2):
        with pytest.raises(MediaError):
            ask(extractor, path, 0)
    assert extractor.counters.open_readers == 0
    write_film(path, 10)
    assert ask(extractor, path, 3) == 3
    with pytest.raises(MediaError, match="must be 0 s or later"):
        ask(extractor, path, -1)
    assert ask(extractor, path, 4) == 4
    assert extractor.counters.opened_readers == 1


def test_closed_extractor_refuses(film):
    extractor = FrameExtractor()
    assert ask(extractor, film, 0) == 0
    extractor.close()
    extractor.close()
    assert extractor.counters.cached_bytes == 0
    with pytest.raises(MediaError, match="after the end of the render"):
        ask(extractor, film, 10)


def test_default_cache_is_bounded():
    assert 128 * 2**20 <= default_cache_bytes() <= 2048 * 2**20


@pytest.mark.parametrize("cache_bytes", [1, IMAGE_BYTES, 5 * IMAGE_BYTES])
def test_a_tiny_bound_is_kept_and_every_frame_still_right(film, cache_bytes):
    extractor = FrameExtractor(cache_bytes=cache_bytes)
    for time_s in (*range(12), 5, 4, 250, 3):
        assert ask(extractor, film, time_s) == time_s
        assert extractor.counters.cached_bytes <= cache_bytes
    # Nor does a decoder keep more at hand, except for the three frames it cannot do without.
    for reader in extractor._readers:
        assert reader.source is not None
        sizes = [
            sum(p.buffer_size for p in timed.picture.planes) for timed in reader.source._window
        ]
        assert sum(sizes) <= max(cache_bytes, sum(sizes[:3]))
    extractor.close()


def test_a_file_that_changed_is_read_anew(extractor, film, tmp_path):
    path = tmp_path / "mine.mp4"
    write_film(path, 10)
    assert ask(extractor, path, 9) == 9
    path.write_bytes(film.read_bytes())
    os.utime(path, ns=(0, 0))
    assert ask(extractor, path, 12) == 12


def test_all_who_ask_for_the_same_bound_share_one_extractor(film):
    with shared_extractor(IMAGE_BYTES) as first:
        with shared_extractor(IMAGE_BYTES) as second, shared_extractor(None) as other:
            assert first is second
            assert first is not other
            assert ask(second, film, 3) == 3
        # The last one closes it, and nobody before.
        assert ask(first, film, 3) == 3
        assert first.counters.hits == 1
        with pytest.raises(MediaError, match="after the end of the render"):
            ask(other, film, 3)
    with pytest.raises(MediaError, match="after the end of the render"):
        ask(first, film, 30)
    with shared_extractor(IMAGE_BYTES) as anew:
        assert anew is not first
