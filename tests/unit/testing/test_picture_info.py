"""Signatures and sizes of pictures as other programs write them. # checklist 72"""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from framefleet.testing.picture_info import PictureInfo, picture_info


def saved(kind: str, **options) -> bytes:
    file = io.BytesIO()
    mode = options.pop("mode", "RGB")
    Image.new(mode, (123, 45)).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(saved("png"), "png", id="png"),
        pytest.param(saved("jpeg"), "jpeg", id="jpeg"),
        pytest.param(saved("jpeg", progressive=True, exif=b"Exif\0\0" + bytes(99)), "jpeg", id="2"),
        pytest.param(saved("webp"), "webp", id="webp, lossy"),
        pytest.param(saved("webp", lossless=True), "webp", id="webp, lossless"),
        pytest.param(saved("webp", mode="RGBA", exif=b"Exif\0\0"), "webp", id="webp, extended"),
    ],
)
def test_a_picture_says_what_it_is_and_its_pixels(data, kind):
    assert picture_info(data) == PictureInfo(kind, 123, 45)


def test_a_pdf_says_the_points_of_its_page():
    assert picture_info(saved("pdf", resolution=96)) == PictureInfo("pdf", 123 * 0.75, 45 * 0.75)


def test_a_pdf_of_two_pages_is_no_picture():
    page = Image.new("RGB", (9, 9))
    with pytest.raises(ValueError, match="a PDF of 2 pages"):
        picture_info(saved("pdf", save_all=True, append_images=[page]))


@pytest.mark.parametrize(
    "data", [b"", b"<html>", struct.pack("<4sI4s4s", b"RIFF", 20, b"WEBP", b"ANIM")]
)
def test_anything_else_is_refused(data):
    with pytest.raises(ValueError, match=r"no PNG|opens with"):
        picture_info(data)
