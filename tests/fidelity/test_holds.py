"""A page that stops moving, from the camera to the file: the same frames for less work."""

from __future__ import annotations

from fractions import Fraction

import framefleet
from framefleet.testing.video import presentation_times_s, read_stamps

PAGE = """<!doctype html><meta charset=utf-8><style>body { margin: 0 }</style>
<canvas width=320 height=64></canvas>
<script>
  const paint = document.querySelector('canvas').getContext('2d');
  window.framefleet = {
    compositions: [{id: 'hold', width: 320, height: 64, fps: 30, durationInFrames: 140}],
    seek(frame) {
      const number = frame < 10 ? frame : frame < 130 ? 10 : frame - 119;
      for (let bit = 0; bit < 16; bit += 1) {
        paint.fillStyle = (number >> bit) & 1 ? 'white' : 'black';
        paint.fillRect(bit * 20, 0, 20, 64);
      }
    },
  };
</script>"""


def test_a_hold_over_a_border_of_chunks(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(PAGE)
    result = framefleet.render_media(
        site, "hold", output=tmp_path / "out.mp4", chunk_frames=70, executor="inline"
    )
    assert result.chunks == 2
    assert read_stamps(result.path) == [*range(10), *[10] * 120, *range(11, 21)]
    assert presentation_times_s(result.path) == [Fraction(n, 30) for n in range(140)]
    # An encoder introduces itself once: motion and hold, hold, and motion after it.
    assert result.path.read_bytes().count(b"x264 - core") == 3
