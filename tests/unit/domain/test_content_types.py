"""What browsers and stores are told of a file, by its ending."""

from __future__ import annotations

import pytest

from framefleet.domain.codecs import CODECS
from framefleet.domain.stored import content_type_of

KINDS = ("video", "audio", "image")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("renders/abc/out.mp4", "video/mp4"),
        ("out.MP4", "video/mp4"),
        ("out.mkv", "video/x-matroska"),
        ("out.mov", "video/quicktime"),
        ("out.webm", "video/webm"),
        ("out.gif", "image/gif"),
        ("out.mp3", "audio/mpeg"),
        ("out.aac", "audio/aac"),
        ("out.wav", "audio/wav"),
        ("out.png", "image/png"),
        ("out.jpeg", "image/jpeg"),
        ("out.jpg", "image/jpeg"),
        ("out.webp", "image/webp"),
        ("out.pdf", "application/pdf"),
        ("manifest.json", "application/json"),
        ("index.html", "text/html; charset=utf-8"),
        ("bundle.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("a.b/out", "application/octet-stream"),
        ("out.unheard", "application/octet-stream"),
    ],
)
def test_an_ending_stands_for_a_type(name, kind):
    assert content_type_of(name) == kind


def test_every_output_has_a_type():
    endings = {end for spec in CODECS.values() for ends in spec.audio.values() for end in ends}
    assert len(endings) > 10
    kinds = {end: content_type_of(f"out.{end}") for end in endings}
    assert {end for end, kind in kinds.items() if kind.partition("/")[0] not in KINDS} == {"mxf"}
