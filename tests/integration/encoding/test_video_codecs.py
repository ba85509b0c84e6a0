"""Every codec's chunks: what they say, how they are cut and joined, and what the options do."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from framefleet.domain.codecs import PRORES_PROFILES, Codec
from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ImageFormat, VideoOptions
from framefleet.encoding.video_encoder import ChunkEncoder
from framefleet.errors import EncodingError
from framefleet.testing.pictures import jpeg, png
from framefleet.testing.video import frames_of

SIZE = (160, 96)
RATE = Fraction(30)
# h264-mkv and h264-ts differ in the output's container only.
CODECS = (Codec.H264, Codec.H265, Codec.VP8, Codec.VP9, Codec.AV1, Codec.PRORES)
INTER_CODECS = CODECS[:5]
FFPROBE_NAMES = {Codec.H265: "hevc"}


def options_of(codec: Codec, **changes: Any) -> VideoOptions:
    """The codec's defaults, as rules have them, but for `changes`."""
    spec = codec.spec
    defaults: dict[str, Any] = {
        "codec": codec,
        "encoder": spec.encoder,
        "crf": spec.crf.default if spec.crf else None,
        "pixel_format": spec.pixel_formats["yuv420p"],
        "threads": 2,
    }
    return VideoOptions(**defaults | changes)


def moving(frame: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Gradients that move with the frame's number, opaque."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    planes = (x * 2 + frame * 5, y * 3 + frame * 3, (x + y + frame * 7) // 4 * 16)
    return np.stack([*(plane % 256 for plane in planes), np.full_like(x, 255)], -1).astype(np.uint8)


def noisy(frame: int, size: tuple[int, int] = (320, 192)) -> np.ndarray:
    """Blocks of another grey in each frame: costly, whatever the encoder."""
    width, height = size
    blocks = np.random.default_rng(frame).integers(0, 255, (height // 4, width // 4, 1), np.uint8)
    pixels = blocks.repeat(4, 0).repeat(4, 1).repeat(4, 2)
    pixels[..., 3] = 255
    return pixels


@pytest.fixture
def write_chunk(tmp_path) -> Callable[..., Path]:
    """Encode pictures, given as pixels, into a chunk."""

    def write(
        pictures: Iterable[np.ndarray],
        codec: Codec = Codec.H264,
        *,
        name: str = "chunk",
        image_format: ImageFormat = ImageFormat.PNG,
        rate: Fraction = RATE,
        **changes: Any,
    ) -> Path:
        path: Path = tmp_path / name
        pictures = list(pictures)
        height, width = pictures[0].shape[:2]
        encode = png if image_format is ImageFormat.PNG else jpeg
        with ChunkEncoder(
            path,
            size=FrameSize(width, height),
            rate=rate,
            options=options_of(codec, **changes),
            image_format=image_format,
        ) as encoder:
            for pixels in pictures:
                encoder.write(encode(pixels))
            encoder.finish()
        return path

    return write


def packets_of(path: Path) -> list[av.Packet[Any]]:
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(video=0) if packet.pts is not None]


def extradata_of(path: Path) -> bytes | None:
    with av.open(str(path)) as container:
        return container.streams.video[0].codec_context.extradata


def key_frames(path: Path) -> list[int]:
    return [index for index, packet in enumerate(packets_of(path)) if packet.is_keyframe]


def probe(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)]
    found = subprocess.run(command, capture_output=True, check=True)
    stream: dict[str, Any] = json.loads(found.stdout)["streams"][0]
    return stream


def x264_settings(path: Path) -> dict[str, str]:
    """What x264 wrote of its options into the stream."""
    sei = re.search(rb"options: ([ -~]+)", bytes(packets_of(path)[0]))
    assert sei
    return dict(re.findall(r"(\S+)=(\S+)", sei[1].decode()))


def samples(frame: av.VideoFrame) -> np.ndarray:
    """All that is to be seen of a frame, alpha too, as bytes in a row."""
    planes = []
    for plane, component in zip(frame.planes, frame.format.components, strict=True):
        rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
        planes.append(rows[:, : plane.width * -(-component.bits // 8)].ravel())
    return np.concatenate(planes)


def decoded(path: Path, decoder: str | None = None) -> list[np.ndarray]:
    """Each frame's samples, as `decoder` or FFmpeg's default gives them."""
    if decoder is None:
        return [samples(frame) for frame in frames_of(path)]
    return [samples(frame) for frame in _decode(packets_of(path), decoder, extradata_of(path))]


def _decode(
    packets: Iterable[av.Packet[Any]], decoder: str, extradata: bytes | None
) -> list[av.VideoFrame]:
    context = av.CodecContext.create(decoder, "r")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = SIZE
    if extradata:
        context.extradata = extradata
    frames = [frame for packet in packets for frame in context.decode(packet)]
    return frames + context.decode(None)


def psnr(path: Path, pictures: Iterable[np.ndarray]) -> float:
    """How near the decoded frames come to the pictures, in dB over R, G and B."""
    errors: list[float] = []
    for frame, pixels in zip(frames_of(path), pictures, strict=True):
        seen = frame.to_ndarray(format="rgb24").astype(float)
        errors.append(float(np.mean((seen - pixels[..., :3]) ** 2)))
    return float(10 * np.log10(255**2 / np.mean(errors)))


@pytest.mark.parametrize("image_format", [ImageFormat.JPEG, ImageFormat.PNG])
@pytest.mark.parametrize("codec", CODECS)
def test_each_codec_encodes_every_frame_once(codec, image_format, write_chunk):  # checklist 2
    path = write_chunk(map(moving, range(12)), codec, image_format=image_format)
    stream = probe(path)
    assert stream["codec_name"] == FFPROBE_NAMES.get(codec, codec)
    assert (stream["width"], stream["height"]) == SIZE
    assert stream["nb_read_frames"] == "12"
    assert psnr(path, map(moving, range(12))) > 20


@pytest.mark.parametrize("codec", CODECS)
def test_encoders_write_nothing_to_the_terminal(codec, write_chunk, capfd):
    write_chunk(map(moving, range(3)), codec)
    assert capfd.readouterr() == ("", "")


def test_h264_is_high_profile_with_the_defaults_of_x264(write_chunk):  # checklist 1
    path = write_chunk(map(moving, range(5)))
    assert probe(path)["profile"] == "High"
    settings = x264_settings(path)
    assert {name: settings[name] for name in ("crf", "keyint", "bframes", "rc")} == {
        "crf": "18.0",
        "keyint": "250",
        "bframes": "3",
        "rc": "crf",
    }
    # Threads by frames; slices would cost quality.
    assert settings["sliced_threads"] == "0"


@pytest.mark.parametrize("codec", INTER_CODECS)
@pytest.mark.parametrize("image_format", [ImageFormat.JPEG, ImageFormat.PNG])
def test_only_the_first_frame_is_a_key_frame(codec, image_format, write_chunk):
    path = write_chunk(map(moving, range(20)), codec, image_format=image_format)
    assert key_frames(path) == [0]


@pytest.mark.parametrize("codec", INTER_CODECS)
def test_key_frames_are_a_gop_apart(codec, write_chunk):  # checklist 3
    path = write_chunk(map(moving, range(40)), codec, gop_size=15)
    gaps = [b - a for a, b in pairwise(key_frames(path))]
    assert gaps
    assert max(gaps) <= 15


def test_preset_decides_how_hard_x264_tries(write_chunk):  # checklist 4
    def effort(preset: str | None) -> tuple[str, str]:
        settings = x264_settings(write_chunk(map(moving, range(3)), preset=preset))
        return settings["subme"], settings["ref"]

    assert effort(None) == effort("medium") == ("7", "3")
    assert effort("veryfast") == ("2", "1")


def test_bitrate_replaces_crf_and_buffers_appear(write_chunk):  # checklist 5
    rates: dict[str, Any] = {"crf": None, "bitrate": 1_000_000}
    settings = x264_settings(write_chunk(map(moving, range(3)), **rates))
    assert (settings["rc"], settings["bitrate"]) == ("abr", "1000")
    assert "crf" not in settings
    rates |= {"max_rate": 2_000_000, "buffer_size": 3_000_000}
    settings = x264_settings(write_chunk(map(moving, range(3)), **rates))
    assert (settings["vbv_maxrate"], settings["vbv_bufsize"]) == ("2000", "3000")


@pytest.mark.parametrize("codec", INTER_CODECS)
def test_every_mix_of_rates_is_obeyed(codec, write_chunk):
    pictures = [noisy(frame) for frame in range(12)]

    def size_bytes(**rates: Any) -> int:
        path: Path = write_chunk(pictures, codec, **rates)
        return path.stat().st_size

    free = size_bytes(buffer_size=1_000_000)
    slow: dict[str, Any] = {"crf": None, "bitrate": 100_000}
    for rates in (
        slow,
        slow | {"buffer_size": 100_000},
        slow | {"max_rate": 100_000, "buffer_size": 100_000},
        slow | {"max_rate": 200_000, "buffer_size": 200_000},
        {"max_rate": 100_000, "buffer_size": 100_000},
    ):
        assert size_bytes(**rates) < 0.7 * free


def test_crf_alone_decides_the_quality_of_vp8(write_chunk):
    """Left to itself libvpx aims at 256 kbit/s: 25 dB here, whatever the crf."""
    pictures = [noisy(frame) for frame in range(10)]
    qualities = [
        psnr(write_chunk(pictures, Codec.VP8, crf=crf, pixel_format="yuv420p"), pictures)
        for crf in (4, 9, 30, 63)
    ]
    assert qualities == sorted(qualities, reverse=True)
    assert qualities[1] > 45


@pytest.mark.parametrize(
    ("profile", "tag"),
    [
        ("proxy", "apco"),
        ("light", "apcs"),
        ("standard", "apcn"),
        ("hq", "apch"),
        ("4444", "ap4h"),
        ("4444-xq", "ap4x"),
        (None, "apch"),
    ],
)
def test_prores_profiles_have_their_tags(profile, tag, write_chunk):  # checklist 6
    path = write_chunk([moving(0)], Codec.PRORES, prores_profile=profile)
    stream = probe(path)
    assert stream["codec_tag_string"] == tag
    expected = "yuv422p12le" if profile in ("4444", "4444-xq") else "yuv422p10le"
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == expected
    assert set(PRORES_PROFILES) >= {profile} - {None}


def clear() -> np.ndarray:
    """Three stripes of one colour: transparent, half so, opaque."""
    pixels = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    pixels[..., :3] = 200, 100, 50
    for stripe, opacity in zip(np.array_split(np.arange(SIZE[0]), 3), (0, 128, 255), strict=True):
        pixels[:, stripe, 3] = opacity
    return pixels


@pytest.mark.parametrize(("codec", "decoder"), [(Codec.VP8, "libvpx"), (Codec.VP9, "libvpx-vp9")])
def test_webm_keeps_transparency(codec, decoder, write_chunk):  # checklist 7
    path = write_chunk([clear()] * 12, codec, pixel_format="yuva420p")
    with av.open(str(path)) as container:
        assert container.streams.video[0].metadata["alpha_mode"] == "1"
    for frame in _decode(packets_of(path), decoder, None):
        assert frame.format.name == "yuva420p"
        plane = frame.planes[3]
        alpha = np.frombuffer(bytes(plane), np.uint8).reshape(frame.height, plane.line_size)
        seen = alpha[SIZE[1] // 2, [20, 80, 140]].astype(int)
        assert np.abs(seen - [0, 128, 255]).max() <= 2


@pytest.mark.parametrize("profile", [None, "4444", "4444-xq"])
def test_prores_keeps_transparency(profile, write_chunk):  # checklist 8
    path = write_chunk([clear()], Codec.PRORES, pixel_format="yuva444p10le", prores_profile=profile)
    (frame,) = frames_of(path)
    plane = frame.planes[3]
    alpha = np.frombuffer(bytes(plane), np.uint16).reshape(frame.height, -1)
    deepest = 2 ** frame.format.components[3].bits - 1
    seen = alpha[SIZE[1] // 2, [20, 80, 140]] / deepest * 255
    assert np.abs(seen - [0, 128, 255]).max() <= 1


SEAMS: list[tuple[Codec, dict[str, Any]]] = [(codec, {}) for codec in CODECS] + [
    (Codec.VP8, {"pixel_format": "yuva420p"}),
    (Codec.VP9, {"pixel_format": "yuva420p"}),
    (Codec.H264, {"preset": "ultrafast"}),
    (Codec.H264, {"gop_size": 2}),
    (Codec.H265, {"gop_size": 5}),
    (Codec.AV1, {"pixel_format": "yuv420p10le"}),
]
ALPHA_DECODERS = {Codec.VP8: "libvpx", Codec.VP9: "libvpx-vp9"}


@pytest.mark.parametrize("rate", [RATE, Fraction(60000, 1001)], ids=str)
@pytest.mark.parametrize(("codec", "changes"), SEAMS)
def test_joined_packets_decode_as_the_chunks_do(codec, changes, rate, write_chunk):  # checklist 105
    """Lengths shorter than the encoder looks ahead are what breaks naive joins."""
    joined: list[av.Packet[Any]] = []
    apart: list[np.ndarray] = []
    parameters = set()
    decoder = ALPHA_DECODERS.get(codec, FFPROBE_NAMES.get(codec, str(codec)))
    decoder = "libdav1d" if codec is Codec.AV1 else decoder
    offset = 0
    for length in (20, 1, 3, 2, 33):
        pictures = [moving(offset + index) for index in range(length)]
        path = write_chunk(pictures, codec, rate=rate, **changes)
        parameters.add(extradata_of(path))
        apart += decoded(path, decoder)
        packets = packets_of(path)
        assert len(packets) == length
        assert packets[0].is_keyframe
        for packet in packets:
            assert packet.time_base is not None
            frames = rate * packet.time_base
            packet.pts = offset + round((packet.pts or 0) * frames)
            packet.dts = offset + round((packet.dts or 0) * frames)
            packet.time_base = 1 / rate
        joined += packets
        offset += length
    assert len(parameters) == 1
    assert sorted(packet.pts or 0 for packet in joined) == list(range(offset))
    times = [packet.dts or 0 for packet in joined]
    assert all(a < b for a, b in pairwise(times))
    assert all(packet.dts <= packet.pts for packet in joined)  # type: ignore[operator]
    frames = _decode(joined, decoder, parameters.pop())
    assert [frame.pts for frame in frames] == list(range(offset))
    for together, alone in zip(frames, apart, strict=True):
        np.testing.assert_array_equal(samples(together), alone)


@pytest.mark.parametrize("codec", CODECS)
def test_parameter_sets_know_nothing_of_pictures_or_threads(codec, write_chunk):  # checklist 105
    found = {
        extradata_of(write_chunk(pictures, codec, threads=threads))
        for threads, pictures in ((1, [moving(0)]), (4, map(moving, range(9))))
    }
    assert len(found) == 1


def test_x265_names_no_machine_in_its_parameter_sets(write_chunk):  # checklist 105
    extradata = extradata_of(write_chunk([moving(0)], Codec.H265))
    assert extradata
    assert b"x265" not in extradata


def test_prores_is_the_same_in_chunks_as_in_one(write_chunk):  # checklist 106
    pictures = [moving(frame) for frame in range(12)]
    whole = decoded(write_chunk(pictures, Codec.PRORES))
    parts = [
        frame
        for start in (0, 5, 10)
        for frame in decoded(write_chunk(pictures[start : start + 5], Codec.PRORES))
    ]
    np.testing.assert_array_equal(parts, whole)


def test_x264_is_as_good_in_chunks_as_in_one(write_chunk):  # checklist 106
    pictures = [moving(frame) for frame in range(60)]
    whole = psnr(write_chunk(pictures), pictures)
    errors: list[float] = [
        10 ** (-psnr(write_chunk(part), part) / 10)
        for part in (pictures[start : start + 20] for start in (0, 20, 40))
    ]
    assert abs(-10 * np.log10(np.mean(errors)) - whole) <= 0.5


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.VP9, Codec.PRORES])
@pytest.mark.parametrize("image_format", [ImageFormat.JPEG, ImageFormat.PNG])
def test_odd_sizes_stay(codec, image_format, write_chunk):  # checklist 67
    pictures = [moving(frame, (161, 97)) for frame in range(3)]
    path = write_chunk(pictures, codec, image_format=image_format)
    stream = probe(path)
    assert (stream["width"], stream["height"]) == (161, 97)
    assert psnr(path, pictures) > 20


@pytest.mark.parametrize(
    ("codec", "asked"),
    [(codec, asked) for codec in CODECS for asked in codec.spec.pixel_formats],
)
def test_every_allowed_pixel_format_is_encoded(codec, asked, write_chunk):
    """In another one where the encoder at hand lacks it: PyAV's libvpx has no 10-bit VP9."""
    path = write_chunk([moving(0)], codec, pixel_format=codec.spec.pixel_formats[asked])
    (frame,) = frames_of(path)
    wanted = av.VideoFormat(codec.spec.pixel_formats[asked])
    assert (frame.format.chroma_width(8), frame.format.chroma_height(8)) == (
        wanted.chroma_width(8),
        wanted.chroma_height(8),
    )
    if codec is not Codec.VP9:
        assert (frame.format.components[0].bits > 8) == (wanted.components[0].bits > 8)


def test_none_repeats_the_frame_before(tmp_path):
    path = tmp_path / "chunk"
    options = options_of(Codec.PRORES)
    with ChunkEncoder(
        path, size=FrameSize(*SIZE), rate=RATE, options=options, image_format=ImageFormat.PNG
    ) as encoder:
        encoder.write(png(moving(0)))
        encoder.write(None)
        encoder.write(png(moving(1)))
        encoder.finish()
        assert encoder.frames == 3
    first, repeated, last = decoded(path)
    np.testing.assert_array_equal(first, repeated)
    assert not np.array_equal(repeated, last)


@pytest.mark.parametrize("encoder", ["h264_nvenc", "h264_videotoolbox", "no_such_encoder"])
def test_an_encoder_that_does_not_open_is_named(encoder, write_chunk):
    with pytest.raises(EncodingError, match=f"cannot open the encoder {encoder}"):
        write_chunk([moving(0)], encoder=encoder)
