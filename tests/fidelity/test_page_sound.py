"""Sound of media elements on both plain kinds of page: on the sample, at the volume they say."""

from __future__ import annotations

import wave

import numpy as np
import pytest

import framefleet
from framefleet.testing.video import decoded_samples

RATE = 48_000
SECONDS = 2
# A page that paints itself, and one that is painted by seek: the same elements on both.
KINDS = {
    "page": "",
    "framefleet": """<script>
      window.framefleet = {
        compositions: [{id: 'p', width: 64, height: 36, fps: 30, durationInFrames: 60}],
        seek() {},
      };
    </script>""",
}


@pytest.fixture
def noise() -> np.ndarray:
    """Half a second of noise that fades: (samples,) float32. Nothing else correlates with it."""
    count = RATE // 2
    # Below 6 kHz or so, which AAC keeps as it is.
    samples = np.convolve(np.random.default_rng(1).standard_normal(count), np.ones(8) / 8, "same")
    samples *= 0.4
    return (samples * np.linspace(1, 0, count)).astype(np.float32)


@pytest.fixture
def hear(tmp_path, noise):
    """Renders a page with these elements and gives its sound, one channel."""
    with wave.open(str(tmp_path / "noise.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((noise * 32767).astype("<i2").tobytes())

    def render(kind, elements, **options):
        (tmp_path / "index.html").write_text(f"<!doctype html>{KINDS[kind]}{elements}")
        size = {} if kind == "framefleet" else {"width": 64, "height": 36, "fps": 30}
        if kind == "page":
            size["duration_in_frames"] = 30 * SECONDS
        settings = {"executor": "inline", "x264_preset": "ultrafast"} | size | options
        result = framefleet.render_media(tmp_path, output=tmp_path / "out.mp4", **settings)
        samples, rate = decoded_samples(result.path)
        assert rate == RATE
        return samples[:, 0]

    return render


def onset_of(sound: np.ndarray, noise: np.ndarray) -> int:
    """The sample at which `noise` begins in `sound`."""
    return int(np.argmax(np.correlate(sound, noise, mode="valid")))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk_frames", [60, 17])
def test_an_element_sounds_from_its_start_on_the_sample(hear, noise, kind, chunk_frames):
    sound = hear(
        kind, '<audio src="noise.wav" data-start="0.51"></audio>', chunk_frames=chunk_frames
    )
    start = round(0.51 * RATE)
    assert onset_of(sound, noise) == start
    assert abs(sound[: start - 100]).max() < 0.01
    heard = sound[start : start + len(noise)]
    assert np.corrcoef(heard, noise)[0, 1] > 0.99


@pytest.mark.parametrize("kind", KINDS)
def test_an_element_is_trimmed_and_ends(hear, noise, kind):
    sound = hear(
        kind,
        '<audio src="noise.wav" data-start="1" data-end="1.2" data-media-start="0.1"></audio>',
    )
    middle = noise[RATE // 10 : RATE // 10 + RATE // 5]
    assert onset_of(sound, middle) == RATE
    assert abs(sound[round(1.2 * RATE) + 200 :]).max() < 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_volume_is_what_the_element_says(hear, noise, kind):
    script = "<script>document.querySelector('audio').volume = 0.5</script>"
    sound = hear(kind, f'<audio src="noise.wav" data-start="0"></audio>{script}')
    gain = np.dot(sound[: len(noise)], noise) / np.dot(noise, noise)
    assert gain == pytest.approx(0.5, abs=0.01)


def test_a_page_may_start_its_sound_itself(hear, noise):
    script = "<script>setTimeout(() => document.querySelector('audio').play(), 1000)</script>"
    sound = hear("page", f'<audio src="noise.wav"></audio>{script}')
    assert onset_of(sound, noise) == RATE


def test_a_muted_element_is_not_heard(tmp_path, hear):
    with pytest.raises(IndexError):
        hear("page", '<audio src="noise.wav" data-start="0" muted></audio>')
