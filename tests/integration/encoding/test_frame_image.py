"""The pixels of extracted frames: colours, alpha, orientation, shape, HDR."""

from __future__ import annotations

import io
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from framefleet.encoding.frame_image import display_size
from framefleet.encoding.frame_source import FrameSource
from framefleet.errors import MediaError

FFMPEG = "/usr/bin/ffmpeg"
LUMA_WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}
# One colour per cell of a 6 by 4 grid.
COLORS = np.random.default_rng(7).integers(0, 256, (4, 6, 3))
COLORS[0] = [(255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)]


def pixels_of(source: FrameSource, time_s: float = 0) -> np.ndarray:
    """(height, width, 3 or 4) uint8, RGB or RGBA, straight alpha."""
    image = source.frame_at(time_s)
    opened = Image.open(io.BytesIO(image.data))
    assert opened.format is not None
    assert image.content_type == f"image/{opened.format.lower()}"
    return np.asarray(opened)


def cells(pixels: np.ndarray) -> np.ndarray:
    """The colours in the middle of each cell."""
    height, width = pixels.shape[0] // 4, pixels.shape[1] // 6
    return pixels[height // 2 :: height, width // 2 :: width].astype(int)


def yuv_planes(colors: np.ndarray, matrix: int, *, is_full: bool, bits: int) -> list[np.ndarray]:
    kr, kb = LUMA_WEIGHTS[matrix]
    red, green, blue = np.moveaxis(colors / 255, -1, 0)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    step = 1 << (bits - 8)
    scale_y, offset_y, scale_c = (2**bits - 1, 0, 2**bits - 1) if is_full else (219, 16, 224)
    if not is_full:
        scale_y, offset_y, scale_c = scale_y * step, offset_y * step, scale_c * step
    planes = [luma * scale_y + offset_y, *(part * scale_c + 128 * step for part in chroma)]
    return [np.round(np.clip(plane, 0, 2**bits - 1)) for plane in planes]


def grid_frame(planes: list[np.ndarray], pixel_format: str, cell: int) -> av.VideoFrame:
    frame = av.VideoFrame(6 * cell, 4 * cell, pixel_format)
    for plane, values in zip(frame.planes, planes, strict=True):
        side = cell * plane.width // frame.width
        dtype = np.uint16 if "10" in pixel_format else np.uint8
        rows = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1)
        rows[:, : plane.width] = values.repeat(side, 0).repeat(side, 1)
    return frame


def write_still(
    path: Path, frame: av.VideoFrame, codec: str, tags=None, rotation: int = 0, **options: str
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30, options=options)
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
        for name, value in (tags or {}).items():
            setattr(context, name, value)
            if name != "sample_aspect_ratio":
                setattr(frame, name, value)
        if "yuva" in frame.format.name and path.suffix == ".webm":
            stream.metadata["alpha_mode"] = "1"
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(3):
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("is_full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize(
    ("tag", "matrix", "cell"),
    [(1, 1, 32), (5, 5, 32), (6, 5, 32), (9, 9, 32), (2, 5, 32), (2, 1, 180), (6, 5, 180)],
    ids=["709", "601-625", "601-525", "2020", "untagged-small", "untagged-hd", "601-hd"],
)
def test_colors(tmp_path, tag, matrix, cell, is_full, bits):
    planes = yuv_planes(COLORS, matrix, is_full=is_full, bits=bits)
    frame = grid_frame(planes, "yuv420p" if bits == 8 else "yuv420p10le", cell)
    tags = {"colorspace": tag, "color_range": 2 if is_full else 1}
    path = write_still(tmp_path / "still.mp4", frame, "libx264", tags, qp="0", preset="ultrafast")
    assert abs(cells(pixels_of(FrameSource(path))) - COLORS).max() <= 3


def test_rgb_video(tmp_path):
    picture = COLORS.astype(np.uint8).repeat(16, 0).repeat(16, 1)
    frame = av.VideoFrame.from_ndarray(picture, "rgb24")
    path = write_still(tmp_path / "still.mov", frame, "qtrle")
    assert (pixels_of(FrameSource(path)) == picture).all()


@pytest.mark.parametrize("width", [61, 62, 63, 64])
def test_rows_of_any_width(tmp_path, width):
    picture = np.random.default_rng(width).integers(0, 256, (33, width, 3), np.uint8)
    path = write_still(
        tmp_path / "still.mov", av.VideoFrame.from_ndarray(picture, "rgb24"), "qtrle"
    )
    assert (pixels_of(FrameSource(path)) == picture).all()


ALPHA_FILMS = [
    ("still.webm", "libvpx-vp9", "yuva420p", {"lossless": "1", "auto-alt-ref": "0"}),
    (
        "still.webm",
        "libvpx",
        "yuva420p",
        {"qmin": "0", "qmax": "2", "auto-alt-ref": "0", "b": "9M"},
    ),
    ("still.mov", "prores_ks", "yuva444p10le", {"profile": "4444", "alpha_bits": "16"}),
    ("still.mov", "qtrle", "argb", {}),
]


def alpha_frame(pixel_format: str) -> tuple[av.VideoFrame, np.ndarray]:
    alpha = np.linspace(0, 255, 24).round().reshape(4, 6).astype(int)
    if pixel_format == "argb":
        values = np.concatenate([alpha[..., None], COLORS], -1).astype(np.uint8)
        return av.VideoFrame.from_ndarray(values.repeat(32, 0).repeat(32, 1), "argb"), alpha
    bits = 10 if "10" in pixel_format else 8
    planes = yuv_planes(COLORS, 5, is_full=False, bits=bits)
    planes.append(np.round(alpha / 255 * (2**bits - 1)))
    return grid_frame(planes, pixel_format, 32), alpha


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "options"), ALPHA_FILMS, ids=["vp9", "vp8", "prores", "qtrle"]
)
def test_alpha_only_if_asked(tmp_path, name, codec, pixel_format, options):
    frame, alpha = alpha_frame(pixel_format)
    tags = {} if codec == "qtrle" else {"colorspace": 5, "color_range": 1}
    path = write_still(tmp_path / name, frame, codec, tags, **options)
    seen = cells(pixels_of(FrameSource(path, transparent=True)))
    assert seen.shape[-1] == 4
    assert abs(seen[..., 3] - alpha).max() <= 2
    assert abs(seen[..., :3] - COLORS).max() <= 3
    opaque = cells(pixels_of(FrameSource(path, transparent=False)))
    assert abs(opaque - COLORS).max() <= 3


def test_alpha_survives_jumps(tmp_path):
    path = tmp_path / "film.webm"
    options = {"auto-alt-ref": "0", "deadline": "realtime", "cpu-used": "8", "g": "20"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=30, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuva420p"
        stream.metadata["alpha_mode"] = "1"
        for number in range(100):
            frame = av.VideoFrame(64, 64, "yuva420p")
            for plane, value in zip(frame.planes, (128, 128, 128, number * 2), strict=True):
                np.frombuffer(memoryview(plane), np.uint8)[:] = value
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    source = FrameSource(path, transparent=True)
    order = [0, 1, 2, 90, 99, 30, 29, 31, 0, 60]
    seen = [int(pixels_of(source, n / 30)[32, 32, 3]) for n in order]
    assert abs(np.array(seen) - np.array(order) * 2).max() <= 3


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le"])
def test_opaque_film_asked_for_alpha(tmp_path, pixel_format):
    """The decoder that reads alpha knows 8 bits only; PyAV's cannot write more either."""
    path = tmp_path / "film.webm"
    command = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc=s=192x128:d=0.1"]
    encode = ["-c:v", "libvpx-vp9", "-pix_fmt", pixel_format, str(path)]
    subprocess.run([*command, *encode], check=True)
    assert pixels_of(FrameSource(path, transparent=True)).shape == (128, 192, 3)


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_display_matrix_turns_the_picture(tmp_path, rotation):
    planes = yuv_planes(COLORS, 5, is_full=False, bits=8)
    frame = grid_frame(planes, "yuv420p", 32)
    path = write_still(
        tmp_path / "still.mp4", frame, "libx264", rotation=rotation, qp="0", preset="ultrafast"
    )
    target = tmp_path / "upright.png"
    command = [FFMPEG, "-v", "error", "-i", str(path), "-frames:v", "1", str(target)]
    subprocess.run(command, check=True)
    upright = np.asarray(Image.open(target).convert("RGB")).astype(int)
    seen = pixels_of(FrameSource(path))
    assert seen.shape == upright.shape
    assert abs(seen[16::32, 16::32] - upright[16::32, 16::32]).max() <= 3


def test_odd_angles_are_refused(tmp_path):
    frame = grid_frame(yuv_planes(COLORS, 5, is_full=False, bits=8), "yuv420p", 32)
    path = write_still(tmp_path / "still.mp4", frame, "libx264", rotation=45)
    with pytest.raises(MediaError, match="Unsupported rotation value 45"):
        FrameSource(path).frame_at(0)


def test_anamorphic_picture_gets_square_pixels(tmp_path):
    frame = grid_frame(yuv_planes(COLORS, 5, is_full=False, bits=8), "yuv420p", 32)
    tags = {"sample_aspect_ratio": Fraction(4, 3)}
    path = write_still(tmp_path / "still.mp4", frame, "libx264", tags, qp="0", preset="ultrafast")
    seen = pixels_of(FrameSource(path))
    assert seen.shape == (128, 256, 3)
    middles = [round((n + 0.5) * 256 / 6) for n in range(6)]
    assert abs(seen[16::32, middles].astype(int) - COLORS).max() <= 3


@pytest.mark.parametrize(
    ("size", "aspect", "shown"),
    [
        ((1920, 1080), Fraction(1), (1920, 1080)),
        ((1920, 1080), Fraction(0), (1920, 1080)),
        ((1440, 1080), Fraction(4, 3), (1920, 1080)),
        ((720, 576), Fraction(64, 45), (1024, 576)),
        ((720, 480), Fraction(32, 27), (853, 480)),
        ((720, 480), Fraction(8, 9), (720, 540)),
    ],
)
def test_display_size(size, aspect, shown):
    width, height = size
    assert display_size(width, height, aspect) == shown


HDR_CHAIN = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=full,format=gbrp,format=rgb24"
)


def hdr_still(path: Path, transfer: int, peak: str) -> Path:
    greys = np.linspace(0, 235, 24).reshape(4, 6, 1)
    tints = np.random.default_rng(3).integers(-10, 11, (4, 6, 3))
    planes = yuv_planes(np.clip(greys + tints, 0, 255), 9, is_full=False, bits=10)
    tags = {"colorspace": 9, "color_primaries": 9, "color_trc": transfer, "color_range": 1}
    quiet = {"x265-params": f"log-level=none:lossless=1{peak}", "preset": "ultrafast"}
    return write_still(path, grid_frame(planes, "yuv444p10le", 32), "libx265", tags, 0, **quiet)


MASTERED_AT = ":master-display=G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(40000000,50)"


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
@pytest.mark.parametrize(
    "peak", ["", ":max-cll=400,100", MASTERED_AT], ids=["", "level", "display"]
)
def test_hdr_is_mapped_like_the_reference_chain(tmp_path, transfer, peak):
    path = hdr_still(tmp_path / "still.mkv", transfer, peak)
    command = [FFMPEG, "-v", "error", "-i", str(path), "-frames:v", "1", "-vf", HDR_CHAIN]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=False)
    if raw.returncode:
        pytest.skip("this machine's ffmpeg has no zscale to compare with")
    expected = np.frombuffer(raw.stdout, np.uint8).reshape(128, 192, 3)
    mapped = pixels_of(FrameSource(path))
    assert abs(cells(mapped) - cells(expected)).max() <= 2
    plain = pixels_of(FrameSource(path, tone_mapped=False))
    assert abs(cells(mapped) - cells(plain)).max() > 20


def test_sdr_in_wide_colour_is_not_mapped(tmp_path):
    planes = yuv_planes(COLORS, 9, is_full=False, bits=10)
    tags = {"colorspace": 9, "color_primaries": 9, "color_trc": 14, "color_range": 1}
    frame = grid_frame(planes, "yuv420p10le", 32)
    path = write_still(tmp_path / "still.mp4", frame, "libx264", tags, qp="0", preset="ultrafast")
    assert abs(cells(pixels_of(FrameSource(path))) - COLORS).max() <= 3
