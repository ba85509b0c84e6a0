"""PNG of any size, packed or stored: the pixels as they were."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from framefleet.encoding import png_writer
from framefleet.encoding.image_buffers import ImageBuffers
from framefleet.encoding.png_writer import PngWriter


@pytest.fixture(params=[True, False], ids=["packs", "stores"])
def writer(request, monkeypatch) -> PngWriter:
    pack = (lambda data: zlib.compress(data, 1)) if request.param else None
    monkeypatch.setattr(png_writer, "pack", pack)
    return PngWriter(ImageBuffers())


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


def read(png: memoryview) -> np.ndarray:
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    # Pillow checks the sums of each chunk and of the whole.
    return np.asarray(image)


@pytest.mark.parametrize(
    "shape",
    # Rows that fill a stored block to the last byte, by ones and twos, and one that fits none.
    [
        (1, 1, 3),
        (33, 61, 3),
        (270, 480, 4),
        (11, 1920, 3),
        (12, 1920, 3),
        (5, 21844, 3),
        (3, 22000, 3),
    ],
)
def test_pixels_come_back(writer, shape):
    for pixels in (noise(*shape), np.zeros(shape, np.uint8), noise(*shape)):
        assert (read(writer.write(pixels)) == pixels).all()


def test_rows_may_lie_apart(writer):
    wide = noise(20, 40, 3)
    assert (read(writer.write(wide[:, :30])) == wide[:, :30]).all()


def test_simple_pictures_are_packed_and_others_stored_without_trying_each(monkeypatch):
    tried = []

    def pack(data):
        tried.append(len(data))
        return zlib.compress(data, 1)

    monkeypatch.setattr(png_writer, "pack", pack)
    writer = PngWriter(ImageBuffers())
    plain, busy = np.zeros((60, 80, 3), np.uint8), noise(60, 80, 3)
    sizes = [len(writer.write(plain)) for _ in range(10)]
    assert len(tried) == 10
    assert max(sizes) < plain.nbytes / 10
    for _ in range(3 * (png_writer.STORED_IN_A_ROW + 1)):
        assert len(writer.write(busy)) > busy.nbytes
    assert len(tried) == 13


def test_memory_is_used_again_once_nobody_reads_it():
    buffers = ImageBuffers()
    first = buffers.lend(1000).data.toreadonly()
    place = np.frombuffer(first, np.uint8).ctypes.data
    piece = first[100:200]
    del first
    assert buffers.lend(1000).ctypes.data != place  # A piece is still read.
    del piece
    lent = [buffers.lend(1000) for _ in range(2)]
    assert place in [array.ctypes.data for array in lent]
    assert place != buffers.lend(999).ctypes.data


def test_memory_of_sizes_no_longer_asked_for_is_given_up():
    buffers = ImageBuffers()
    for size in range(1000, 1020):
        buffers.lend(size)
    assert len(buffers._spare) <= 4
