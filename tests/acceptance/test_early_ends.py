"""What only the assembly finds out ends a render at once, not after its last frame."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import pytest

import framefleet
from framefleet.errors import MediaError

FRAMES = 3000
EXECUTORS = pytest.mark.parametrize("executor", ["inline", "process"])


@pytest.fixture
def film(tmp_path):
    """Renders a page whose sound is spoilt once a frame is filmed; how many frames it got to."""

    def render(spoil: Callable[[Path], object], **options) -> int:
        site, out = tmp_path / "site", tmp_path / "out"
        site.mkdir()
        out.mkdir()
        sound = site / "sound.wav"
        with wave.open(str(sound), "wb") as file:
            file.setparams((1, 2, 48_000, 0, "NONE", ""))
            file.writeframes(b"\x00\x10" * 480_000)
        (site / "index.html").write_text(
            '<!doctype html><audio src="sound.wav" data-start="0"></audio><script>'
            "window.framefleet = {compositions: [{id: 'film', width: 64, height: 64, fps: 30, "
            f"durationInFrames: {FRAMES}}}], seek() {{}}}}</script>"
        )
        seen = [0]

        def watch(progress: framefleet.RenderProgress) -> None:
            if progress.frames_rendered and not seen[-1]:
                spoil(sound)
            seen.append(progress.frames_rendered)

        with pytest.raises(MediaError, match=r"sound\.wav"):
            framefleet.render_media(
                site,
                output=out / "out.mp4",
                x264_preset="ultrafast",
                chunk_frames=60,
                on_progress=watch,
                **options,
            )
        assert list(out.iterdir()) == []
        return seen[-1]

    return render


@EXECUTORS
def test_a_sound_that_cannot_be_read_ends_the_render_at_once(film, executor):
    assert film(lambda sound: sound.write_bytes(b"no sound" * 1000), executor=executor) < FRAMES / 4


@EXECUTORS
def test_a_sound_that_is_gone_ends_the_render_at_once(film, executor):
    assert film(Path.unlink, executor=executor) < FRAMES / 4
