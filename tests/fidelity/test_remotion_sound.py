"""Sound of Remotion sites: what it is, when it is, and picture and sound together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

import framefleet
from framefleet.testing.video import decoded_samples, frames_of

Mono = npt.NDArray[np.float64]

RATE = 48_000
FPS = 30
SAMPLES_PER_FRAME = RATE // FPS
SEARCHED = 200


@pytest.fixture(scope="module")
def wav(remotion_site: Path) -> Callable[[str], Mono]:
    """Reads a sound of the site's public folder: mono, -1 to 1."""

    def read(name: str) -> Mono:
        return mono(remotion_site / "public" / f"{name}.wav")

    return read


@pytest.fixture(scope="module")
def render(remotion_site: Path, tmp_path_factory) -> Callable[..., Path]:
    """Renders a composition small and fast; equal calls share a file."""
    done: dict[str, Path] = {}

    def film(composition: str, **options) -> Path:
        key = repr((composition, sorted(options.items())))
        if key not in done:
            settings: dict[str, Any] = {
                "executor": "inline",
                "x264_preset": "ultrafast",
                "scale": 0.25,
            }
            output = tmp_path_factory.mktemp("sound") / "out.mp4"
            framefleet.render_media(
                remotion_site, composition, output=output, **(settings | options)
            )
            done[key] = output
        return done[key]

    return film


def mono(path: Path) -> Mono:
    """The mean of the channels from time 0 to the end that the file names.

    The last packet of AAC holds more, which PyAV gives out and players leave out.
    """
    samples, rate = decoded_samples(path)
    assert rate == RATE
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        length = round(stream.duration * stream.time_base * rate)
    assert 0 <= len(samples) - length < 2048
    return np.asarray(samples[:length].mean(axis=1, dtype=np.float64))


def second(sound: Mono, number: int) -> Mono:
    return sound[number * RATE : (number + 1) * RATE]


def lag(sound: Mono, wanted: Mono, at: int) -> int:
    """By how many samples `wanted` lies later in `sound` than at sample `at`."""
    padded = np.concatenate([np.zeros(SEARCHED), sound, np.zeros(SEARCHED)])
    around = padded[at : at + len(wanted) + 2 * SEARCHED]
    return int(np.correlate(around, wanted, "valid").argmax()) - SEARCHED


def loudness(sound: Mono) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def pitches(sound: Mono, count: int = 1) -> list[int]:
    """The strongest frequencies in Hz, to 2 Hz, in order."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), RATE // 2))
    found = []
    for _ in range(count):
        peak = int(spectrum.argmax())
        found.append(peak * 2)
        spectrum[max(0, peak - 30) : peak + 30] = 0
    return sorted(found)


def assert_same(sound: Mono, wanted: Mono, *, error: float = 0.03) -> None:
    """Sample by sample the same, but for what AAC does."""
    assert len(sound) == len(wanted)
    assert lag(sound, wanted, 0) == 0
    assert loudness(sound - wanted) < error * loudness(wanted)


def flashes(path: Path) -> list[int]:
    """Numbers of the white frames."""
    return [
        number
        for number, frame in enumerate(frames_of(path))
        if frame.to_ndarray(format="gray").mean() > 127
    ]


def test_beep_and_flash_are_together_at_the_start_and_after_a_minute(render, wav):
    film = render("BeepFlash", chunk_frames=620)
    assert flashes(film) == [second * FPS for second in range(62)]
    sound, beep = mono(film), wav("beep")
    apart = [lag(sound, beep, flash * SAMPLES_PER_FRAME) for flash in flashes(film)]
    assert max(map(abs, apart)) <= 1, apart
    assert apart[0] == apart[60] == 0


def test_a_range_of_frames_keeps_sound_with_picture(render, wav):
    film = render("BeepFlash", frame_range=(1790, 1845), chunk_frames=17)
    assert flashes(film) == [10, 40]
    sound = mono(film)
    assert [lag(sound, wav("beep"), flash * SAMPLES_PER_FRAME) for flash in (10, 40)] == [0, 0]
    assert len(sound) == 56 * SAMPLES_PER_FRAME


@pytest.mark.parametrize("composition", ["Sounds", "MediaClip"])
def test_chunks_make_no_difference_to_the_sound(render, composition):
    whole = decoded_samples(render(composition, chunk_frames=1000))[0]
    cut = decoded_samples(render(composition, chunk_frames=23))[0]
    assert np.array_equal(whole, cut)


def test_everything_an_audio_tag_can_do(render, wav):
    sound, steps, beep = mono(render("Sounds", chunk_frames=1000)), wav("steps"), wav("beep")
    assert len(sound) == 8 * RATE
    step = [second(steps, number) for number in range(4)]
    silence = np.zeros(RATE)

    # 0 s: fades in from frame to frame.
    parts = np.split(second(sound, 0), FPS)
    for frame in range(1, FPS):
        heard = loudness(parts[frame][240:])  # past the ramp between two frames
        assert heard == pytest.approx(frame / FPS * loudness(step[0]), rel=0.05), frame
    assert loudness(parts[0]) < 0.01
    assert lag(second(sound, 0), step[0], 0) == 0

    # 1 s: trimmed.
    assert_same(second(sound, 1), step[2])

    # 2 s: twice as fast, the pitch kept.
    fast = second(sound, 2)
    assert pitches(fast[2400:21600]) == [400]
    assert pitches(fast[26400:45600]) == [800]
    assert loudness(fast) == pytest.approx(loudness(step[0]), rel=0.05)

    # 3 s: looped every 7.5 frames; a turn is first heard in the next whole frame, half a frame in.
    looped = np.tile(beep, 4)
    for turn in (1, 3):
        begin = turn * len(beep)
        looped[begin : begin + SAMPLES_PER_FRAME // 2] = 0
    assert_same(second(sound, 3), looped, error=0.05)

    # 4 s: muted. AAC rings on a little after what came before.
    assert loudness(second(sound, 4)[1024:]) < 1e-4

    # 5 s: two at half volume.
    both = second(sound, 5)
    assert_same(both, 0.5 * (step[0] + step[3]))
    assert pitches(both, 2) == [400, 1600]

    # 6 s: a fifth higher, as fast.
    assert pitches(second(sound, 6)[2400:45600]) == [600]

    # 7 s: a loop of half a second.
    twice = silence.copy()
    twice[: len(beep)] = twice[RATE // 2 : RATE // 2 + len(beep)] = beep
    assert_same(second(sound, 7), twice, error=0.05)


@pytest.mark.parametrize("composition", ["Clip", "Html5Clip", "MediaClip"])
def test_a_clip_sounds_as_it_was_recorded(render, wav, composition):
    sound = mono(render(composition, chunk_frames=1000))
    steps = wav("steps")
    assert len(sound) == 4 * RATE
    assert lag(sound, steps, 0) == 0
    # Chromium's decoder fades in, and `<Video>` of @remotion/media passes on what it gives.
    inner = slice(SAMPLES_PER_FRAME, -SAMPLES_PER_FRAME)
    assert loudness((sound - steps)[inner]) < 0.08 * loudness(steps)


def test_a_clips_volume_and_trim_reach_its_sound(render, wav):
    props = {"trimBefore": FPS, "volume": 0.25}
    sound = mono(render("Clip", input_props=props, frame_range=(0, 59)))
    assert_same(sound, 0.25 * wav("steps")[RATE : 3 * RATE], error=0.08)


def test_a_clip_played_twice_as_fast_keeps_its_pitch(render):
    sound = mono(render("Clip", input_props={"playbackRate": 2}, frame_range=(0, 59)))
    heard = [pitches(part[2400:21600])[0] for part in np.split(sound, 4)]
    assert heard == [400, 800, 1200, 1600]


def test_no_sound_leaves_no_audio_stream(render):
    muted = render("Clip", muted=True, frame_range=(0, 4))
    silent = render("Stamped", frame_range=(0, 4))
    for film in (muted, silent):
        with av.open(str(film)) as container:
            assert not container.streams.audio


@pytest.mark.parametrize("frames", [1, 29, 31])
def test_sound_is_as_long_as_the_picture(render, frames):
    film = render("Clip", frame_range=(7, 6 + frames), chunk_frames=10)
    with av.open(str(film)) as container:
        for stream, error in (
            (container.streams.audio[0], 1 / RATE),
            (container.streams.video[0], 0),
        ):
            assert stream.duration is not None
            assert stream.time_base is not None
            length = float(stream.duration * stream.time_base)
            assert length == pytest.approx(frames / FPS, abs=error + 1e-9)
        assert container.duration == pytest.approx(frames / FPS * 1e6, abs=50)
    assert len(mono(film)) == frames * SAMPLES_PER_FRAME
