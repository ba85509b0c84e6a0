"""Which frame a time shows, and what it costs to get there."""

from __future__ import annotations

import random
import subprocess
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from framefleet.encoding.frame_source import FrameSource, tick_at
from framefleet.errors import MediaError

WIDTH, HEIGHT, BLOCK = 160, 64, 16
BITS = WIDTH // BLOCK


def stamped(number: int) -> np.ndarray:
    """A frame whose columns of blocks are the bits of its number, white for 1."""
    bits = [(number >> bit) & 1 for bit in range(BITS)]
    row = np.repeat(np.array(bits, np.uint8) * 255, BLOCK)
    return np.broadcast_to(row[None, :, None], (HEIGHT, WIDTH, 3)).copy()


def stamp_of(png: memoryview) -> int:
    rows = np.asarray(Image.open(BytesIO(png)))
    assert rows.shape == (HEIGHT, WIDTH, 3)
    middles = rows[HEIGHT // 2, BLOCK // 2 :: BLOCK, 1] > 127
    return sum(1 << bit for bit, is_set in enumerate(middles) if is_set)


def write_film(
    path: Path,
    rate: Fraction,
    frames: int,
    *,
    codec: str = "libx264",
    pts: list[int] | None = None,
    time_base: Fraction | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or X264)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        time_base = time_base or 1 / rate
        stream.codec_context.time_base = time_base
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(stamped(number), format="rgb24")
            frame.pict_type = 0
            frame.pts, frame.time_base = (pts[number] if pts else number), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


X264 = {"preset": "veryfast", "bf": "3", "g": "24", "crf": "23"}
FILMS = {
    "h264.mp4": ("libx264", X264),
    "open_gop.mp4": ("libx264", {**X264, "x264-params": "open-gop=1:keyint=24:scenecut=0"}),
    "h264.mkv": ("libx264", X264),
    "h264.ts": ("libx264", X264),
    "fragmented.mp4": ("libx264", X264),
    "hevc_open_gop.mp4": (
        "libx265",
        {"preset": "ultrafast", "x265-params": "log-level=none:open-gop=1:keyint=24:bframes=3"},
    ),
    "mpeg4.avi": ("mpeg4", {"bf": "2", "g": "24", "q": "3"}),
    "vp9.webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "g": "24"}),
    "vp8.webm": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "g": "24"}),
}


@pytest.fixture(params=FILMS)
def film(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    codec, options = FILMS[request.param]
    path = write_film(tmp_path / request.param, Fraction(30), 150, codec=codec, options=options)
    if request.param == "fragmented.mp4":
        whole = path.rename(tmp_path / "whole.mp4")
        flags = ["-movflags", "frag_keyframe+empty_moov"]
        remux(whole, path, *flags)
    return path


def remux(source: Path, target: Path, *options: str) -> None:
    command = ["/usr/bin/ffmpeg", "-v", "error", "-i", str(source), "-c", "copy", *options]
    subprocess.run([*command, str(target)], check=True)


def read(source: FrameSource, time_s: float) -> int:
    image = source.frame_at(time_s)
    assert image.content_type == "image/png"
    return stamp_of(image.data)


def first_time_s(path: Path) -> float:
    """MPEG-TS and AVI with B-frames do not start at 0."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return float(next(container.decode(stream)).time)


def test_sequential_reads_decode_every_frame_once(film):
    offset_s = first_time_s(film)
    source = FrameSource(film)
    assert [read(source, offset_s + n / 30) for n in range(150)] == list(range(150))
    assert (source.decoded_frames, source.seeks) == (150, 0)
    source.close()


def test_random_access_equals_sequential(film):
    offset_s = first_time_s(film)
    source = FrameSource(film)
    order = random.Random(1).choices(range(150), k=60)
    assert [read(source, offset_s + n / 30) for n in order] == order
    source.close()


def test_raw_stream_counts_its_frames(tmp_path):
    """Without timestamps a player takes 25 frames per second, and cannot jump."""
    source = FrameSource(write_film(tmp_path / "film.h264", Fraction(25), 50))
    order = [*range(50), 20, 3, 40]
    assert [read(source, n / 25) for n in order] == order


def test_far_start_and_far_end(film):
    source = FrameSource(film)
    assert read(source, 1e9) == 149
    decoded = source.decoded_frames
    assert read(source, 1e9) == 149
    assert source.decoded_frames == decoded
    assert read(source, 0) == 0
    source.close()


@pytest.mark.parametrize(
    "rate",
    [
        Fraction(24),
        Fraction(25),
        Fraction(30000, 1001),
        Fraction(30),
        Fraction(50),
        Fraction(60000, 1001),
        Fraction(60),
    ],
)
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_times_of_frames_hit_them_exactly(tmp_path, rate, name):
    path = write_film(tmp_path / name, rate, 300)
    source = FrameSource(path)
    assert [read(source, n / float(rate)) for n in range(300)] == list(range(300))


@pytest.mark.parametrize("rate", [24, 25, 30000 / 1001, 30, 50, 60000 / 1001, 60])
@pytest.mark.parametrize("ticks_per_s", [1000, 15360, 90000])
def test_ticks_of_ten_thousand_frames_never_fall_short(rate, ticks_per_s):
    exact = Fraction(rate).limit_denominator(1001)
    for number in range(10_000):
        pts = int(number / exact * ticks_per_s + Fraction(1, 2))
        following = int((number + 1) / exact * ticks_per_s + Fraction(1, 2))
        assert pts <= tick_at(number / rate, Fraction(1, ticks_per_s)) < following


def test_times_round_to_the_tick(tmp_path):
    path = write_film(tmp_path / "film.mp4", Fraction(30), 12)
    source = FrameSource(path)
    assert source.time_base == Fraction(1, 15360)
    assert read(source, 0.9990 / 30) == 0
    assert read(source, 0.9994 / 30) == 1


def test_other_rate_holds_frames(tmp_path):
    source = FrameSource(write_film(tmp_path / "film.mp4", Fraction(25), 12))
    assert [read(source, n / 30) for n in range(12)] == [0, 0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9]


def test_gaps_hold_the_frame_before(tmp_path):
    starts = [0, 40, 80, 1080, 1120, 5000, 5033, 9000]
    path = write_film(
        tmp_path / "film.mp4", Fraction(25), len(starts), pts=starts, time_base=Fraction(1, 1000)
    )
    expected = [n for n, (a, b) in enumerate(pairwise(starts)) for _ in range(a, b, 7)]
    times = [ms / 1000 for a, b in pairwise(starts) for ms in range(a, b, 7)]
    source = FrameSource(path)
    assert [read(source, time_s) for time_s in times] == expected
    assert source.decoded_frames == len(starts)
    assert read(source, 9) == 7
    backwards = list(zip(times, expected, strict=True))[::-97]
    assert [read(source, time_s) for time_s, _ in backwards] == [n for _, n in backwards]


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4"])
def test_late_start_shows_the_first_frame_until_then(tmp_path, name):
    path = write_film(tmp_path / name, Fraction(30), 30, pts=[15 + n for n in range(30)])
    source = FrameSource(path)
    assert source.window[0] == 0
    assert [read(source, t) for t in (0, 0.3, 0.4999, 0.5, 16 / 30, 1)] == [0, 0, 0, 0, 1, 15]
    assert read(source, 0.1) == 0


def test_loops_go_back_without_opening_the_file_anew(tmp_path):
    path = write_film(tmp_path / "film.mp4", Fraction(30), 150)
    source = FrameSource(path)
    path.unlink()
    for _ in range(3):
        assert [read(source, n / 30) for n in range(150)] == list(range(150))
    assert source.seeks == 2
    source.close()


def test_edit_list_hides_what_it_cuts(tmp_path):
    whole = write_film(tmp_path / "whole.mp4", Fraction(30), 90)
    cut = tmp_path / "cut.mp4"
    # Cut in the middle of a group of pictures: the copy starts at the keyframe, the list hides it.
    command = ["/usr/bin/ffmpeg", "-v", "error", "-ss", "1", "-i", str(whole), "-c", "copy"]
    subprocess.run([*command, str(cut)], check=True)
    with av.open(str(cut)) as container:
        shown = [frame.time for frame in container.decode(video=0)]
    source = FrameSource(cut)
    numbers = [read(source, time_s) for time_s in shown]
    assert numbers == list(range(30, 90))
    assert [read(source, time_s) for time_s in shown[::-7]] == numbers[::-7]


def test_steps_ahead_use_keyframes_only_where_they_help(tmp_path):
    path = write_film(
        tmp_path / "film.mp4", Fraction(30), 300, options={**X264, "g": "60", "sc_threshold": "0"}
    )
    source = FrameSource(path)
    assert read(source, 0) == 0
    assert read(source, 50 / 30) == 50  # No keyframe on the way.
    assert source.seeks == 0
    decoded = source.decoded_frames
    assert read(source, 250 / 30) == 250  # Keyframe at 240.
    assert source.seeks == 1
    assert source.decoded_frames - decoded <= 20


def test_a_few_frames_back_are_at_hand(tmp_path):
    source = FrameSource(write_film(tmp_path / "film.mp4", Fraction(30), 60))
    order = [0, 3, 1, 2, 7, 4, 6, 5, 12, 8, 11, 9, 10]
    assert [read(source, n / 30) for n in order] == order
    assert source.seeks == 0


@pytest.mark.parametrize("time_s", [-0.1, float("nan"), float("inf")])
def test_no_time_is_an_error(tmp_path, time_s):
    source = FrameSource(write_film(tmp_path / "film.mp4", Fraction(30), 3))
    with pytest.raises(MediaError, match="must be 0 s or later"):
        source.frame_at(time_s)


def test_not_a_video(tmp_path):
    path = tmp_path / "page.mp4"
    path.write_text("<html>not found</html>" * 100)
    with pytest.raises(MediaError, match=r"http://x/page\.mp4"):
        FrameSource(path, source="http://x/page.mp4")


def test_sound_without_pictures(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        silence = av.AudioFrame.from_ndarray(np.zeros((2, 4800), np.float32), "fltp", "stereo")
        silence.sample_rate = 48000
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    message = r"No video stream found in input file http://x/s\.mp4\. Is this a video file\?"
    with pytest.raises(MediaError, match=message):
        FrameSource(path, source="http://x/s.mp4")


def test_truncated_file_without_its_index(tmp_path):
    path = write_film(tmp_path / "film.mp4", Fraction(30), 60)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MediaError, match="as a video"):
        FrameSource(path)


def test_truncated_file_shows_what_is_there(tmp_path):
    whole = write_film(tmp_path / "whole.mp4", Fraction(30), 60)
    path = tmp_path / "film.mp4"
    remux(whole, path, "-movflags", "faststart")
    data = path.read_bytes()
    path.write_bytes(data[: (data.index(b"mdat") + len(data)) // 2])
    source = FrameSource(path)
    assert read(source, 0) == 0
    last = read(source, 59 / 30)
    assert 10 < last < 59
    assert read(source, 0) == 0
    assert read(source, 59 / 30) == last


def test_pictures_that_are_missing(tmp_path):
    whole = write_film(tmp_path / "whole.mp4", Fraction(30), 60)
    path = tmp_path / "film.mp4"
    remux(whole, path, "-movflags", "faststart")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 8])
    with pytest.raises(MediaError, match=r"No frame found at position 0 for source .*film\.mp4"):
        FrameSource(path, source="http://x/film.mp4")
