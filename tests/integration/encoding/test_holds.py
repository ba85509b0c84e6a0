"""Pictures that stay, in H.264: skipped where that is proven, encoded elsewhere, always right."""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from av.codec.context import Flags

from framefleet.domain.codecs import Codec
from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ColorSpace, ImageFormat, VideoOptions
from framefleet.encoding.color import tags_of
from framefleet.encoding.encoder_context import EncoderSetup
from framefleet.encoding.h264_syntax import BitReader, unescaped
from framefleet.encoding.hold_encoder import SEEN_REPEATS, HoldEncoder
from framefleet.encoding.skip_picture import SkipPictures
from framefleet.encoding.video_encoder import ChunkEncoder
from framefleet.errors import DiskFullError
from framefleet.testing.pictures import jpeg, png
from framefleet.testing.video import frames_of

# How often each picture is repeated: at the very start and end, in a row, around the limit, and
# longer than x264 lets pass between key frames.
HOLDS = (40, 0, 0, 1, 0, 20, 21, 22, 0, 0, 300, 0, 40)
KEY_FRAME_DISTANCE = 250
FULL_RANGE = {"image_format": ImageFormat.JPEG, "color_space": ColorSpace.DEFAULT}


def numbers_of(holds: Sequence[int]) -> list[int]:
    """The number of the picture that each frame shows."""
    return [number for number, repeats in enumerate(holds) for _ in range(repeats + 1)]


def pixels_of(number: int, size: tuple[int, int]) -> np.ndarray:
    """Grey blocks, each picture's far from those of the next: no doubt which one is shown."""
    width, height = size
    blocks = np.random.default_rng(number).integers(0, 56, (height // 8 + 1, width // 8 + 1))
    grey = (number * 61 % 200 + blocks).repeat(8, 0).repeat(8, 1)[:height, :width]
    return np.stack([grey, grey, grey, np.full_like(grey, 255)], -1).astype(np.uint8)


def pictures_of(
    numbers: Sequence[int], size: tuple[int, int], image_format: ImageFormat = ImageFormat.PNG
) -> list[bytes | None]:
    """What a camera makes of these pictures."""
    encode = png if image_format is ImageFormat.PNG else jpeg
    return [
        picture
        for number, frames in groupby(numbers)
        for picture in [encode(pixels_of(number, size)), *(None for _ in [*frames][1:])]
    ]


def key_frames_of(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
    order = sorted(packet.pts or 0 for packet in packets)
    return [order.index(packet.pts or 0) for packet in packets if packet.is_keyframe]


def quality_db(frame: av.VideoFrame, number: int) -> float:
    """How near a frame comes to a picture."""
    seen = frame.to_ndarray(format="rgb24").astype(float)
    error = np.mean((seen - pixels_of(number, (frame.width, frame.height))[..., :3]) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-3)))


@pytest.mark.parametrize(
    "size", [(16, 16), (32, 16), (48, 32), (320, 180), (1366, 768), (1920, 1080), (3840, 2160)]
)
def test_x264_writes_the_same_bits_at_its_coarsest(size):
    """Decoders forgive an arithmetic coder much; another encoder's bits are the stricter judge."""
    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height = size
    codec.pix_fmt, codec.time_base = "yuv420p", Fraction(1, 30)
    codec.options = {"qp": "51", "bf": "0", "preset": "superfast"}
    codec.thread_count = 1
    codec.flags |= Flags.global_header
    codec.open()
    pictures = SkipPictures.after(codec.extradata or b"")
    assert pictures is not None
    frame = av.VideoFrame(size[0], size[1], "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([90]) * plane.buffer_size)
    packets = []
    for number in range(4):
        frame.pts, frame.time_base = number, codec.time_base
        packets += codec.encode(frame)
    *before, last = [bytes(packet) for packet in packets + codec.encode(None)]
    for number, packet in enumerate(before):
        pictures.follow(packet, number)
    # Start code and header apart, which differ in the quantiser.
    assert pictures.repeat()[8:] == last[8:]


@pytest.mark.parametrize(
    ("size", "threads", "options"),
    [
        ((318, 182), 1, {}),
        ((318, 182), 2, {"preset": "ultrafast", **FULL_RANGE}),
        ((322, 242), 1, {"preset": "veryslow", **FULL_RANGE}),
        ((322, 242), 2, {}),
        ((130, 66), 1, {"preset": "ultrafast"}),
        ((130, 66), 1, FULL_RANGE),
        ((130, 66), 2, {"preset": "veryslow"}),
        ((16, 16), 2, FULL_RANGE),
        ((16, 16), 1, {"preset": "veryslow"}),
        ((2, 2), 1, {}),
        ((2, 2), 2, {"preset": "ultrafast", **FULL_RANGE}),
        ((64, 64), 1, {"crf": 1}),
        ((64, 64), 1, {"crf": 51, "preset": "superfast"}),
    ],
    ids=str,
)
def test_a_hold_is_skipped_and_shows_its_picture(
    size, threads, options, write_chunk, decoded_strictly, skipped_frames, check_skips
):
    numbers = numbers_of(HOLDS)
    pictures = pictures_of(numbers, size, options.get("image_format", ImageFormat.PNG))
    path = write_chunk(Codec.H264, pictures, threads=threads, **options).path
    key_frames = key_frames_of(path)
    check_skips(path, numbers, key_frames)

    shown = decoded_strictly(path)
    assert [frame.pts for frame in shown] == list(range(len(numbers)))
    assert all(shown[frame].md5 == shown[frame - 1].md5 for frame in skipped_frames(path))
    qualities = [
        quality_db(frame, number) for frame, number in zip(frames_of(path), numbers, strict=True)
    ]
    assert min(qualities) > (15 if options.get("crf") == 51 else 35)


@pytest.mark.parametrize("count", [1, 2, 20, 21, 22, 23, 40, 300])
@pytest.mark.parametrize("preset", ["medium", "ultrafast"])
def test_a_chunk_may_be_one_hold(count, preset, write_chunk, decoded_strictly, check_skips):
    path = write_chunk(
        Codec.H264, pictures_of([5] * count, (64, 48)), preset=preset, threads=2
    ).path
    assert [frame.pts for frame in decoded_strictly(path)] == list(range(count))
    assert all(quality_db(frame, 5) > 35 for frame in frames_of(path))
    check_skips(path, [5] * count, [0, KEY_FRAME_DISTANCE])


@pytest.mark.parametrize("gop_size", [None, 21, 22, 30, 100])
def test_key_frames_come_as_often_as_promised(gop_size, write_chunk, decoded_strictly, check_skips):
    numbers = numbers_of((0, 0, 3, 600, 0, 0, 30, 25, 0))
    path = write_chunk(Codec.H264, pictures_of(numbers, (64, 48)), gop_size=gop_size).path
    key_frames = key_frames_of(path)
    longest = gop_size or KEY_FRAME_DISTANCE
    assert max(b - a for a, b in pairwise([*key_frames, len(numbers)])) <= longest
    # Not more often either, while nothing moves.
    start = numbers.index(3)
    still = [frame for frame in key_frames if start < frame <= start + 600]
    assert {b - a for a, b in pairwise(still)} == {longest}
    check_skips(path, numbers, key_frames)
    shown = decoded_strictly(path)
    assert len({shown[frame].md5 for frame in range(still[0], start + 601)}) == 1
    assert all(quality_db(f, n) > 35 for f, n in zip(frames_of(path), numbers, strict=True))


@pytest.mark.parametrize("gop_size", [1, 2, 20])
def test_short_gops_are_left_to_the_encoder(gop_size, write_chunk, decoded_strictly):
    numbers = numbers_of((0, 60, 2))
    path = write_chunk(Codec.H264, pictures_of(numbers, (64, 48)), gop_size=gop_size).path
    assert contexts_of(path) == 1
    assert len(decoded_strictly(path)) == len(numbers)


def contexts_of(path: Path) -> int:
    """How many encoders wrote a film: each introduces itself once."""
    return path.read_bytes().count(b"x264 - core")


def test_key_frames_that_follow_each_other_have_other_numbers(write_chunk, decoded_strictly):
    """H.264, 7.4.3: by idr_pic_id alone a decoder tells them apart."""
    numbers = numbers_of((0, KEY_FRAME_DISTANCE - 1, 0))
    path = write_chunk(Codec.H264, pictures_of(numbers, (64, 48))).path
    assert key_frames_of(path)[-2:] == [KEY_FRAME_DISTANCE, KEY_FRAME_DISTANCE + 1]
    assert len(decoded_strictly(path)) == len(numbers)
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.is_keyframe]
    assert [idr_number(packet) for packet in packets[-2:]] == [1, 0]


def idr_number(packet: bytes) -> int:
    """idr_pic_id of a packet as it lies in MP4: every unit behind its length."""
    while packet[4] & 31 != 5:
        packet = packet[4 + int.from_bytes(packet[:4]) :]
    reader = BitReader(unescaped(packet[5:40]))
    assert [reader.ue() for _ in range(3)] == [0, 7, 0]
    assert reader.u(4) == 0
    return reader.ue()


@pytest.mark.parametrize(
    "options",
    [
        {"pixel_format": "yuv444p"},
        {"pixel_format": "yuv422p"},
        {"pixel_format": "yuv420p10le"},
        {"crf": None, "bitrate": 500_000},
        {"max_rate": 500_000, "buffer_size": 1_000_000},
        {"buffer_size": 1_000_000},
        {"crf": None},
    ],
    ids=str,
)
def test_elsewhere_repeats_are_encoded(options, write_chunk, decoded_strictly):
    numbers = numbers_of((0, 1, 60, 0, 40))
    path = write_chunk(Codec.H264, pictures_of(numbers, (64, 48)), **options).path
    assert contexts_of(path) == 1
    assert [frame.pts for frame in decoded_strictly(path)] == list(range(len(numbers)))
    assert all(quality_db(f, n) > 30 for f, n in zip(frames_of(path), numbers, strict=True))


def test_lossless_is_left_to_the_encoder(write_chunk, decoded_strictly):
    """At crf 0 x264 leaves High profile."""
    numbers = numbers_of((0, 60, 0))
    path = write_chunk(Codec.H264, pictures_of(numbers, (64, 48)), crf=0).path
    assert contexts_of(path) == 1
    assert len(decoded_strictly(path)) == len(numbers)


def test_restarts_show_in_a_film_of_holds(write_chunk):
    """What the tests above count: moving pictures on either side of a hold have encoders."""
    numbers = numbers_of((0, 60, 0, 60, 0))
    assert contexts_of(write_chunk(Codec.H264, pictures_of(numbers, (64, 48))).path) == 3


def test_a_picture_that_is_no_reference_is_not_skipped():
    """x264 keeps none where every frame is a key frame; no such plan comes here."""
    options = VideoOptions(gop_size=1)
    setup = EncoderSetup(
        size=FrameSize(64, 48),
        rate=Fraction(30),
        options=options,
        pixel_format="yuv420p",
        tags=tags_of(options.color_space, ImageFormat.PNG, options.codec),
    )
    encoder = HoldEncoder(setup, setup.create().extradata or b"")
    packets = []
    for number in range(60):
        frame = av.VideoFrame(64, 48, "yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 30)
        packets += encoder.encode(frame, is_repeat=number > 0)
    packets += encoder.finish()
    assert [packet.pts for packet in packets] == list(range(60))
    assert all(packet.is_keyframe for packet in packets)


def test_a_held_frame_costs_next_to_nothing(write_chunk):
    size = (160, 96)
    short = write_chunk(Codec.H264, pictures_of([1] * 22, size)).path.stat().st_size
    long = write_chunk(Codec.H264, pictures_of([1] * 622, size)).path.stat().st_size
    assert (long - short) / 600 < 100


@pytest.mark.alone
def test_a_held_frame_takes_next_to_no_time(tmp_path):
    """Three key frames included. x264 takes 12 ms a repeat, 12 s for these."""
    with ChunkEncoder(
        tmp_path / "chunk",
        size=FrameSize(1920, 1080),
        rate=Fraction(30),
        options=VideoOptions(),
        image_format=ImageFormat.PNG,
    ) as encoder:
        encoder.write(png(np.full((1080, 1920, 4), 200, np.uint8)))
        for _ in range(SEEN_REPEATS + 1):
            encoder.write(None)
        before_s = time.process_time()
        for _ in range(1000):
            encoder.write(None)
        assert time.process_time() - before_s < 1
        encoder.finish()


def test_ended_encoders_are_released(tmp_path):
    """One of them takes 10 MB at this size."""
    process = psutil.Process()
    picture, repeats = png(pixels_of(1, (320, 180))), SEEN_REPEATS + 1
    sizes_bytes = []
    with ChunkEncoder(
        tmp_path / "chunk",
        size=FrameSize(320, 180),
        rate=Fraction(30),
        options=VideoOptions(preset="veryfast"),
        image_format=ImageFormat.PNG,
    ) as encoder:
        for _ in range(40):
            encoder.write(picture)
            for _ in range(repeats):
                encoder.write(None)
            sizes_bytes.append(process.memory_info().rss)
        threads = process.num_threads()
        encoder.finish()
    assert sizes_bytes[-1] - sizes_bytes[4] < 50_000_000
    assert threads < 40


def test_a_disk_that_fills_up_during_a_hold_is_named():
    with ChunkEncoder(
        Path("/dev/full"),
        size=FrameSize(64, 48),
        rate=Fraction(30),
        options=VideoOptions(),
        image_format=ImageFormat.PNG,
    ) as encoder:
        encoder.write(png(pixels_of(1, (64, 48))))
        with pytest.raises(DiskFullError):
            repeat_for_ever(encoder)


def repeat_for_ever(encoder: ChunkEncoder) -> None:
    while encoder.frames < 10_000:
        encoder.write(None)
    encoder.finish()
