"""GIFs: their colors, transparency, times and loops, whatever chunks they are made of."""

from __future__ import annotations

import io
import itertools
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph
from PIL import Image, ImageSequence

from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ImageFormat
from framefleet.encoding.gif import write_gif
from framefleet.encoding.join import ChunkVideo
from framefleet.encoding.picture_chunk import PictureWriter
from framefleet.errors import EncodingError
from framefleet.testing.video import frames_of

WIDTH, HEIGHT = 64, 48
BLUE, RED, YELLOW = (10, 120, 200), (220, 20, 60), (250, 240, 0)


def empty() -> np.ndarray:
    return np.zeros((HEIGHT, WIDTH, 4), np.uint8)


def box(x: int, color=RED, alpha: int = 255) -> np.ndarray:
    """A box over nothing."""
    pixels = empty()
    pixels[10:30, x : x + 12] = (*color, alpha)
    return pixels


def opaque(x: int) -> np.ndarray:
    pixels = empty()
    pixels[:] = (*BLUE, 255)
    pixels[20:40, x : x + 8] = (*YELLOW, 255)
    return pixels


def encoded(pixels: np.ndarray, image_format: ImageFormat) -> bytes:
    file = io.BytesIO()
    if image_format is ImageFormat.JPEG:
        Image.fromarray(pixels[..., :3]).save(file, "jpeg", quality=95)
    else:
        Image.fromarray(pixels).save(file, "png", compress_level=1)
    return file.getvalue()


@pytest.fixture
def make_gif(tmp_path):
    """Write frames (None repeats) as chunks that are cut before `cuts`, then as a GIF."""

    def make(frames, *, rate=30, loops=None, image_format=ImageFormat.PNG, cuts=(), **options):
        bounds = [0, *cuts, len(frames)]
        chunks = []
        for start, stop in itertools.pairwise(bounds):
            path = tmp_path / f"chunk-{start}.zip"
            with PictureWriter(path, image_format=image_format) as writer:
                for frame in frames[start:stop]:
                    writer.write(None if frame is None else encoded(frame, image_format))
                writer.finish()
            chunks.append(ChunkVideo(path, stop - start))
        height, width = frames[0].shape[:2]
        output = tmp_path / f"out-{len(chunks)}.gif"
        write_gif(
            chunks,
            output,
            size=FrameSize(width, height),
            rate=Fraction(rate),
            image_format=image_format,
            loops=loops,
            **options,
        )
        return output

    return make


def blocks(path: Path) -> tuple[list[int], int]:
    """The delay of each frame in 1/100 s, and how many frames have a palette of their own."""
    data = path.read_bytes()
    at = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    delays, palettes = [], 0
    while data[at] != 0x3B:
        if data[at] == 0x21:
            if data[at + 1] == 0xF9:
                delays.append(struct.unpack_from("<H", data, at + 4)[0])
            at += 2
        else:
            palettes += data[at + 9] >> 7
            at += 11
        while data[at]:
            at += 1 + data[at]
        at += 1
    return delays, palettes


def shown(path: Path) -> list[np.ndarray]:
    """What is seen at each frame, by two decoders that must agree: (height, width, 4) RGBA."""
    by_ffmpeg = [frame.to_ndarray(format="rgba") for frame in frames_of(path)]
    with Image.open(path) as image:
        by_pillow = [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]
    assert len(by_ffmpeg) == len(by_pillow)
    for one, other in zip(by_ffmpeg, by_pillow, strict=True):
        is_seen = one[..., 3] > 0
        np.testing.assert_array_equal(is_seen, other[..., 3] > 0)
        np.testing.assert_array_equal(one[is_seen], other[is_seen])
    return by_ffmpeg


def assert_shows(path: Path, frames) -> None:
    """Every frame is seen as it was filmed, alpha brought to 0 or 255."""
    seen = shown(path)
    assert len(seen) == len(frames)
    for pixels, frame in zip(seen, frames, strict=True):
        is_opaque = frame[..., 3] >= 128
        np.testing.assert_array_equal(pixels[..., 3], np.where(is_opaque, 255, 0))
        np.testing.assert_array_equal(pixels[is_opaque][:, :3], frame[is_opaque][:, :3])


def test_loops_null_0_1_2_are_forever_no_block_1_and_2(make_gif):  # checklist 75
    def count(loops: int | None) -> int | None:
        data = make_gif([box(0), box(9)], loops=loops).read_bytes()
        at = data.find(b"NETSCAPE2.0")
        return None if at < 0 else struct.unpack_from("<H", data, at + 13)[0]

    assert [count(loops) for loops in (None, 0, 1, 2)] == [0, None, 1, 2]


def test_delays_at_30_fps_are_3_4_3(make_gif):  # checklist 76
    assert blocks(make_gif([box(n) for n in range(9)]))[0] == [3, 4, 3] * 3


@pytest.mark.parametrize("rate", ["24", "25", "30", "50", "30000/1001", "10/3", "12.5"])
@pytest.mark.parametrize("count", [1, 7])
def test_the_length_is_exact_to_a_hundredth(make_gif, rate, count):  # checklist 76
    delays, _ = blocks(make_gif([opaque(n) for n in range(count)], rate=rate))
    assert len(delays) == count
    for frame in range(1, count + 1):
        assert abs(sum(delays[:frame]) - 100 * frame / Fraction(rate)) <= Fraction(1, 2)


def test_alpha_from_128_on_is_opaque(make_gif):  # checklist 77
    frames = [box(3, alpha=127), box(3, alpha=128), box(3, alpha=255), box(3, alpha=1)]
    assert_shows(make_gif(frames), frames)


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([box(3 * n) for n in range(6)], id="transparent"),
        pytest.param([opaque(3 * n) for n in range(6)], id="opaque"),
        pytest.param([opaque(3), opaque(9), box(3), box(30), box(6)], id="opaque to transparent"),
        pytest.param([box(3), box(30), opaque(3), opaque(9)], id="transparent to opaque"),
        pytest.param([empty(), empty()], id="empty"),
        pytest.param(
            [opaque(3), box(3), opaque(9), box(20), empty(), box(4), opaque(4), empty(), box(9)],
            id="mixed",
        ),
    ],
)
def test_every_frame_shows_its_own_pixels(make_gif, frames):
    assert_shows(make_gif(frames), frames)


def test_repeated_frames_are_frames_and_take_next_to_no_space(make_gif):
    for first, last, limit in ((opaque(3), opaque(9), 40), (box(3), box(9), 120)):
        short = make_gif([first, None, last, None])
        short_size = short.stat().st_size
        long = make_gif([first, *[None] * 10, last, *[None] * 10])
        assert_shows(long, [first] * 11 + [last] * 11)
        assert long.stat().st_size - short_size <= 18 * limit


def test_ffprobe_counts_the_requested_frames_and_their_time(make_gif):  # checklist 78
    path = make_gif([opaque(1), None, None, opaque(5), None, opaque(5), opaque(7)], rate=10)
    entries = "stream=nb_read_frames,duration"
    fields = subprocess.run(
        f"ffprobe -v error -count_frames -show_entries {entries} -of csv=p=0 {path}".split(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert fields == "0.700000,7"


@pytest.mark.parametrize("make", [opaque, box])
def test_the_same_file_however_the_render_is_cut(make_gif, make):  # checklist 78
    """A chunk opens with a picture also where the whole render would repeat one."""
    whole = make_gif([make(1), None, None, None, make(9), None, make(17)])
    parts = make_gif([make(1), None, make(1), None, make(9), make(9), make(17)], cuts=(2, 5, 6))
    assert parts.read_bytes() == whole.read_bytes()


def test_colors_of_jpeg_pictures_are_right(make_gif):
    colors = [(255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)]
    frames = [np.full((HEIGHT, WIDTH, 4), (*color, 255), np.uint8) for color in colors]
    seen = shown(make_gif(frames, image_format=ImageFormat.JPEG))
    for pixels, color in zip(seen, colors, strict=True):
        assert np.abs(pixels[..., :3].astype(int) - color).max() <= 2


def gradient(offset: int, width: int = 320, height: int = 180) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    channels = (x * 255 // width, y * 255 // height, (x + y + offset) % 256, np.full_like(x, 255))
    return np.stack(channels, axis=-1).astype(np.uint8)


def psnr(gif, frames):
    errors = [
        np.square(seen.to_ndarray(format="rgb24").astype(float) - frame[..., :3]).mean()
        for seen, frame in zip(gif, frames, strict=True)
    ]
    return 10 * np.log10(255**2 / np.mean(errors))


def by_filters_alone(frames):
    """What palettegen and paletteuse make of all frames at once, as the reference calls them."""
    graph = Graph()
    height, width = frames[0].shape[:2]
    source = graph.add_buffer(
        template=None,
        width=width,
        height=height,
        format=av.VideoFormat("bgra"),
        time_base=Fraction(1),
    )
    split, use = graph.add("split"), graph.add("paletteuse")
    generate, sink = graph.add("palettegen"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(generate, 1, 0)
    generate.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    for number, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(pixels, format="rgba").reformat(format="bgra")
        frame.pts = number
        source.push(frame)
    source.push(None)
    return [sink.pull() for _ in frames]


def test_gradients_are_as_good_as_with_a_palette_from_all_frames_at_once(make_gif):
    frames = [gradient(40 * n) for n in range(6)]
    ours = make_gif(frames)
    assert psnr(frames_of(ours), frames) > psnr(by_filters_alone(frames), frames) - 0.1
    assert blocks(ours)[1] == 0
    colors = {tuple(color) for seen in shown(ours) for color in seen.reshape(-1, 4)}
    assert 200 < len(colors) <= 256


def test_millions_of_colors_keep_the_main_ones(make_gif):
    random = np.random.default_rng(1)
    frames = [random.integers(0, 256, (720, 1280, 4), np.uint8) for _ in range(2)]
    for frame in frames:
        frame[..., 3] = 255
        frame[:360, :, :3] = (225, 29, 72)
    path = make_gif(frames)
    seen = shown(path)[1]
    assert (seen[:355] == (225, 29, 72, 255)).all()
    assert psnr(frames_of(path), frames) > 19


def test_progress_is_told_and_may_stop_it(make_gif):
    counts: list[int] = []
    make_gif([opaque(0), None, opaque(9)], on_frames=counts.append)
    assert [count for count in counts if count] == [1, 2, 3]

    for limit in (0, 2):

        def stop(count: int, limit: int = limit) -> None:
            if count >= limit:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make_gif([opaque(n) for n in range(30)], on_frames=stop)


def test_a_chunk_that_lacks_frames_is_an_error(make_gif, tmp_path):
    make_gif([opaque(0), opaque(1)])
    with pytest.raises(EncodingError, match="holds 2 frames in 2 pictures instead of 3"):
        write_gif(
            [ChunkVideo(tmp_path / "chunk-0.zip", 3)],
            tmp_path / "out.gif",
            size=FrameSize(WIDTH, HEIGHT),
            rate=Fraction(30),
            image_format=ImageFormat.PNG,
            loops=None,
        )


def test_memory_does_not_grow_with_the_number_of_frames(make_gif, tmp_path):
    """300 frames as pixels would take 69 MB."""
    frames = np.full((300, 180, 320, 4), 255, np.uint8)
    for number, frame in enumerate(frames):
        frame[:, number : number + 9, 0] = 0
    make_gif(frames, image_format=ImageFormat.JPEG)
    script = f"""
import resource
from fractions import Fraction
from pathlib import Path
from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ImageFormat
from framefleet.encoding.gif import write_gif
from framefleet.encoding.join import ChunkVideo
peaks = {{}}
def note(count):
    peaks[count] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write_gif([ChunkVideo(Path({str(tmp_path / "chunk-0.zip")!r}), 300)],
          Path({str(tmp_path / "out.gif")!r}), size=FrameSize(320, 180), rate=Fraction(30),
          image_format=ImageFormat.JPEG, loops=None, on_frames=note)
print(peaks[300] - peaks[30])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 20 * 1024
