"""Flat patches through every codec: decoded values and tags are what the options promise."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from framefleet.domain.codecs import Codec
from framefleet.domain.composition import FrameSize
from framefleet.domain.output import ColorSpace, ImageFormat, VideoOptions
from framefleet.encoding.video_encoder import ChunkEncoder
from framefleet.testing.pictures import jpeg, png
from framefleet.testing.video import frames_of

CODECS = (Codec.H264, Codec.H265, Codec.VP8, Codec.VP9, Codec.AV1, Codec.PRORES)
JPEG, PNG = ImageFormat.JPEG, ImageFormat.PNG
PATCH_PX = 32
HEIGHT = 64
COLORS = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
}
Triple = tuple[int, int, int]
# Y, U, V in 8 bits (spec/encoding.md 1.6; green of BT.2020 and full range computed).
BT709 = [(235, 128, 128), (16, 128, 128), (63, 102, 240), (173, 42, 26), (32, 240, 118)]
BT601 = [(235, 128, 128), (16, 128, 128), (81, 90, 240), (145, 54, 34), (41, 240, 110)]
BT2020 = [(235, 128, 128), (16, 128, 128), (74, 97, 240), (164, 47, 25), (29, 240, 119)]
FULL = [(255, 128, 128), (0, 128, 128), (76, 85, 255), (150, 44, 21), (29, 255, 107)]


def patches(colors: Sequence[tuple[int, ...]]) -> np.ndarray:
    """Colours side by side; a fourth number is opacity."""
    pixels = np.full((HEIGHT, PATCH_PX * len(colors), 4), 255, np.uint8)
    for index, color in enumerate(colors):
        pixels[:, index * PATCH_PX : (index + 1) * PATCH_PX, : len(color)] = color
    return pixels


PATCHES = patches([*COLORS.values()])


@pytest.fixture
def encode(tmp_path) -> Callable[..., Path]:
    """Encode three frames of the same pixels, as well as the codec can."""

    def write(
        pixels: np.ndarray,
        codec: Codec,
        image_format: ImageFormat,
        color_space: ColorSpace,
        pixel_format: str = "yuv420p",
    ) -> Path:
        path: Path = tmp_path / "chunk"
        spec = codec.spec
        options = VideoOptions(
            codec=codec,
            encoder=spec.encoder or "",
            crf=spec.crf.lowest if spec.crf else None,
            pixel_format=spec.pixel_formats[pixel_format],
            color_space=color_space,
        )
        height, width = pixels.shape[:2]
        with ChunkEncoder(
            path,
            size=FrameSize(width, height),
            rate=Fraction(30),
            options=options,
            image_format=image_format,
        ) as encoder:
            encoder.write(png(pixels) if image_format is PNG else jpeg(pixels))
            encoder.write(None)
            encoder.write(None)
            encoder.finish()
        return path

    return write


def values(path: Path, count: int = len(COLORS)) -> list[list[float]]:
    """Y, U and V in the middle of each patch of the last frame, in 8 bits."""
    frame = list(frames_of(path))[-1]
    bits = frame.format.components[0].bits
    dtype = np.uint16 if bits > 8 else np.uint8
    found = []
    for plane in frame.planes[:3]:
        rows = np.frombuffer(bytes(plane), dtype).reshape(plane.height, -1)
        middles = [int((index + 0.5) * plane.width / count) for index in range(count)]
        found.append(rows[plane.height // 2, middles] / 2 ** (bits - 8))
    return [[float(value) for value in triple] for triple in zip(*found, strict=True)]


def near(found: list[list[float]], expected: list[Triple], tolerance: float = 2) -> bool:
    return bool(np.abs(np.array(found) - np.array(expected)).max() <= tolerance)


def probed(path: Path) -> dict[str, Any]:
    """What ffprobe says of the video stream."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    found = subprocess.run(command, capture_output=True, check=True)
    stream: dict[str, Any] = json.loads(found.stdout)["streams"][0]
    return stream


def tags(path: Path) -> tuple[str, ...]:
    """Range, matrix, transfer and primaries as ffprobe names them."""
    stream = probed(path)
    names = ("color_range", "color_space", "color_transfer", "color_primaries")
    return tuple(stream.get(name, "unknown") for name in names)


@pytest.mark.parametrize("image_format", [JPEG, PNG])
@pytest.mark.parametrize("codec", CODECS)
def test_bt709(codec, image_format, encode):  # checklist 14
    path = encode(PATCHES, codec, image_format, ColorSpace.BT709)
    assert near(values(path), BT709)
    assert tags(path) == ("tv", "bt709", "bt709", "bt709")


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("color_space", [ColorSpace.DEFAULT, ColorSpace.BT601])
def test_default_and_bt601_from_png_are_limited_and_untagged(
    codec, color_space, encode
):  # checklist 15, 17
    path = encode(PATCHES, codec, PNG, color_space)
    assert near(values(path), BT601)
    range, *others = tags(path)
    assert others == ["unknown"] * 3
    # The other codecs always say their range.
    assert range == ("unknown" if codec is Codec.H264 else "tv")


@pytest.mark.parametrize("codec", CODECS[:5])
@pytest.mark.parametrize("color_space", [ColorSpace.DEFAULT, ColorSpace.BT601])
def test_default_and_bt601_from_jpeg_are_full_range(codec, color_space, encode):  # checklist 16, 17
    path = encode(PATCHES, codec, JPEG, color_space)
    assert near(values(path), FULL)
    assert tags(path) == ("pc", "bt470bg", "unknown", "unknown")


def test_default_from_jpeg_is_reported_as_remotion_reports_it(encode):  # checklist 16
    path = encode(PATCHES, Codec.H264, JPEG, ColorSpace.DEFAULT)
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).format.name == "yuvj420p"


def test_prores_has_no_full_range(encode):
    path = encode(PATCHES, Codec.PRORES, JPEG, ColorSpace.DEFAULT)
    assert near(values(path), BT601)
    assert tags(path) == ("tv", "unknown", "unknown", "unknown")


@pytest.mark.parametrize("image_format", [JPEG, PNG])
@pytest.mark.parametrize("codec", CODECS)
def test_bt2020_has_its_matrix_and_says_what_the_pixels_are(
    codec, image_format, encode
):  # checklist 18
    path = encode(PATCHES, codec, image_format, ColorSpace.BT2020_NCL)
    assert near(values(path), BT2020)
    assert tags(path) == ("tv", "bt2020nc", "bt709", "bt709")


@pytest.mark.parametrize("image_format", [JPEG, PNG])
@pytest.mark.parametrize(
    ("color_space", "expected"),
    [(ColorSpace.BT709, BT709), (ColorSpace.BT2020_NCL, BT2020), (ColorSpace.DEFAULT, None)],
)
@pytest.mark.parametrize(
    "pixel_format", ["yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"]
)
def test_every_pixel_format_has_the_same_colors(
    pixel_format, color_space, expected, image_format, encode
):
    path = encode(PATCHES, Codec.H264, image_format, color_space, pixel_format)
    assert near(values(path), expected or (FULL if image_format is JPEG else BT601))


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.VP9, Codec.PRORES])
@pytest.mark.parametrize("image_format", [JPEG, PNG])
@pytest.mark.parametrize(
    ("color_space", "expected"), [(ColorSpace.BT709, BT709), (ColorSpace.BT2020_NCL, BT2020)]
)
def test_odd_sizes_have_the_same_colors(codec, image_format, color_space, expected, encode):
    pixels = PATCHES[1:, :-1]
    path = encode(pixels, codec, image_format, color_space)
    assert near(values(path), expected)


# Chroma at half resolution suffices: the ramp has none, the patches are flat.
@pytest.mark.parametrize("codec", CODECS)
def test_colors_return_as_they_were(codec, encode):  # checklist 19
    greys = [(grey, grey, grey) for grey in range(0, 256, 15)]
    others = [(200, 120, 40), (17, 99, 203), (250, 240, 230), (90, 140, 90), (128, 0, 128)]
    colors = [*COLORS.values(), *others, *greys]
    path = encode(patches(colors), codec, PNG, ColorSpace.BT709)
    frame = list(frames_of(path))[-1]
    shown = frame.to_ndarray(format="gbrpf32le", src_colorspace="ITU709", dst_colorspace="ITU709")
    middles = [index * PATCH_PX + PATCH_PX // 2 for index in range(len(colors))]
    seen = shown[HEIGHT // 2, middles] * 255
    assert np.abs(seen - colors).max() <= 2
    ramp = seen[len(colors) - len(greys) :, 1]
    assert (np.diff(ramp) > 0).all()


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_transparent_lies_on_black_where_the_output_has_no_alpha(codec, encode):
    pixels = patches([(255, 255, 255, 0), (255, 255, 255, 128), (255, 255, 255, 255)])
    path = encode(pixels, codec, PNG, ColorSpace.BT709)
    # 128 of 255 is a grey of 50 %: 16 + 219 * 128 / 255.
    assert near(values(path, 3), [(16, 128, 128), (126, 128, 128), (235, 128, 128)])


@pytest.mark.parametrize(
    ("codec", "pixel_format"), [(Codec.VP8, "yuva420p"), (Codec.PRORES, "yuva444p10le")]
)
def test_transparent_pixels_keep_their_color_where_the_output_has_alpha(
    codec, pixel_format, encode
):
    pixels = patches([(255, 0, 0, 128), (0, 255, 0, 128), (0, 0, 255, 255)])
    path = encode(pixels, codec, PNG, ColorSpace.BT709, pixel_format)
    assert near(values(path, 3), BT709[2:])


@pytest.mark.parametrize(
    ("codec", "image_format", "pixel_format", "is_central"),
    [
        (Codec.H264, JPEG, "yuv420p", True),
        (Codec.H264, JPEG, "yuv420p10le", True),
        (Codec.H265, JPEG, "yuv420p", True),
        (Codec.VP9, JPEG, "yuv420p", True),
        # swscale puts them where players expect them; planes at full width have no choice.
        (Codec.H264, PNG, "yuv420p", False),
        (Codec.H264, JPEG, "yuv444p", False),
    ],
)
def test_a_file_says_where_its_chroma_lies(encode, codec, image_format, pixel_format, is_central):
    path = encode(PATCHES, codec, image_format, ColorSpace.BT709, pixel_format)
    assert (probed(path).get("chroma_location") == "center") is is_central
