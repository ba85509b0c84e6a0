"""What a page leaves bare stays transparent all the way into the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageSequence

import framefleet
from framefleet.testing.video import frames_of

# Left to right: bare, half covered, covered.
PAGE = """<!doctype html>
<style>
  body { margin: 0; display: flex; }
  div { width: 64px; height: 64px; }
</style>
<div></div><div style="background: rgb(255 0 0 / 50%)"></div><div style="background: red"></div>
"""
SEEK = """<script>
  window.framefleet = {
    compositions: [{id: 'film', width: 192, height: 64, fps: 30, durationInFrames: 9}],
    seek() {},
  };
</script>"""
SIZE = {"width": 192, "height": 64, "fps": 30, "duration_in_frames": 9}
PIXELS = {
    "vp8": ("out.webm", {"pixel_format": "yuva420p"}),
    "vp9": ("out.webm", {"pixel_format": "yuva420p"}),
    "prores": ("out.mov", {"pixel_format": "yuva444p10le", "prores_profile": "4444"}),
}


@pytest.fixture(params=["framefleet", "page"])
def film(request, tmp_path):
    """Renders the page in three chunks."""
    (tmp_path / "index.html").write_text(PAGE + (SEEK if request.param == "framefleet" else ""))
    size: dict[str, Any] = SIZE if request.param == "page" else {}

    def render(codec: str, name: str, **options: Any) -> Path:
        settings: dict[str, Any] = {"codec": codec, "output": tmp_path / name, "chunk_frames": 3}
        return framefleet.render_media(tmp_path, **size, **(settings | options)).path

    return render


def alphas(path: Path) -> list[npt.NDArray[np.uint8]]:
    """The transparency of each frame at the middle of the three boxes."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        # FFmpeg's own decoders leave the alpha of WebM aside.
        name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(stream.codec_context.name)
        decoder: Any = av.CodecContext.create(name, "r") if name else stream.codec_context
        frames = [
            frame for packet in container.demux(stream) if packet.size
            for frame in decoder.decode(packet)
        ]  # fmt: skip
        frames += decoder.decode(None)
    return [frame.to_ndarray(format="rgba")[32, 32::64, 3] for frame in frames]


@pytest.mark.parametrize("codec", PIXELS)
def test_alpha_reaches_the_file(film, codec):  # checklist 7, 8
    name, options = PIXELS[codec]
    found = alphas(film(codec, name, image_format="png", **options))
    assert len(found) == 9
    tolerance = 1 if codec == "prores" else 2
    for alpha in found:
        assert np.abs(alpha.astype(int) - (0, 128, 255)).max() <= tolerance


def test_a_gif_is_clear_or_not(film):  # checklist 77
    with Image.open(film("gif", "out.gif", image_format="png")) as gif:
        for frame in ImageSequence.Iterator(gif):
            row = np.asarray(frame.convert("RGBA"))[32, 32::64]
            assert row[0, 3] == 0
            assert tuple(row[1:, 3]) == (255, 255)
            assert tuple(row[2, :3]) == (255, 0, 0)


def test_opaque_codecs_show_what_a_browser_shows(film, request):
    path = film("h264", "out.mp4", image_format="png", color_space="bt709")
    shown = next(frames_of(path)).to_ndarray(format="rgb24")[32, 32::64].astype(int)
    bare = 255 if "page" in request.node.callspec.id.split("-") else 0
    assert np.abs(shown[0] - bare).max() <= 3
    assert np.abs(shown[2] - (255, 0, 0)).max() <= 4
