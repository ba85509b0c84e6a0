"""Every codec, for every kind of composition, in several chunks: each frame once, sound in sync."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

import framefleet
from framefleet.domain.codecs import CODECS, Codec
from framefleet.local.media import RenderResult
from framefleet.testing.video import beep_times_s, presentation_times_s, read_stamps

FPS, RATE = 30, 48_000
FIRST, LAST, CHUNK = 20, 49, 9
COUNT = LAST - FIRST + 1
# The second second begins here; a beep starts with it.
FLASH = FPS - FIRST
# Of mp3 1152 samples, and what names a length in whole milliseconds.
LONGEST_PACKET_S = 1152 / RATE + 0.001
KINDS = ("remotion", "framefleet", "page")
CHEAP = {"x264_preset": "ultrafast"}


@pytest.fixture
def film(remotion_site: Path, pages: Path, tmp_path: Path) -> Callable[..., RenderResult]:
    """Renders one second of the composition that flashes and beeps, in four chunks."""
    (tmp_path / "clocked.html").write_text(
        (pages / "beep_flash.html").read_text().replace("CLOCKED = false", "CLOCKED = true")
    )
    sites: dict[str, tuple[Path, dict[str, Any]]] = {
        "remotion": (remotion_site, {}),
        "framefleet": (pages / "beep_flash.html", {}),
        "page": (
            tmp_path / "clocked.html",
            {"width": 320, "height": 180, "fps": FPS, "duration_in_frames": 3 * FPS},
        ),
    }

    def render(kind: str, codec: Codec, **options) -> RenderResult:
        site, size = sites[kind]
        composition = None if kind == "page" else "BeepFlash"
        settings: dict[str, Any] = {
            "output": tmp_path / f"out.{codec.spec.extension}",
            "codec": codec,
            "frame_range": (FIRST, LAST),
            "chunk_frames": CHUNK,
            "executor": "inline",
            **(CHEAP if codec.spec.has_x264_preset else {}),
            **size,
        }
        return framefleet.render_media(site, composition, **(settings | options))

    return render


def length_s(path: Path) -> float:
    with av.open(str(path)) as container:
        assert container.duration is not None
        return container.duration / av.time_base


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("codec", list(Codec))
def test_every_frame_once_and_sound_in_sync(film, kind, codec):
    result = film(kind, codec)
    assert (result.frames, result.chunks) == (COUNT, 4)
    spec = CODECS[codec]
    # A transport stream's clock begins where it likes; ADTS keeps the encoder's delay.
    start = presentation_times_s(result.output)[0] if codec is Codec.H264_TS else 0
    late = 1024 / RATE if codec is Codec.AAC else 0
    if not spec.is_audio_only:
        assert read_stamps(result.output) == list(range(FIRST, LAST + 1))
        # GIFs count hundredths of a second, Matroska thousandths.
        tolerance = 0.01 if codec is Codec.GIF else 0.001
        for number, time in enumerate(presentation_times_s(result.output)):
            assert float(time - start) == pytest.approx(number / FPS, abs=tolerance)
    if spec.default_audio is not None:
        [beep] = beep_times_s(result.output)  # checklist 82
        assert beep - float(start) == pytest.approx(FLASH / FPS + late, abs=0.001)
        # checklist 83, 107: the last chunk is shorter than the others
        assert COUNT / FPS - 0.001 <= length_s(result.output) <= COUNT / FPS + LONGEST_PACKET_S
