from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from framefleet.encoding.retime import Retime, Samples
from framefleet.errors import OptionError

SR = 48_000


def sine(hz: float, samples: int, rate: int = SR) -> Samples:
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(samples) / rate)
    return wave.astype(np.float32)[:, None]


def retimed(retime: Retime, source: Samples) -> Samples:
    skipped, _ = retime.lead_in
    blocks = [np.zeros((skipped, source.shape[1]), np.float32), *np.array_split(source, 13)]
    return np.concatenate(list(retime.apply(blocks)))


def loudest_hz(samples: Samples) -> float:
    inner = samples[2000:-2000, 0]
    spectrum = np.abs(np.fft.rfft(inner * np.hanning(len(inner)), 1 << 18))
    return float(np.argmax(spectrum)) * SR / (1 << 18)


def test_nothing_to_do_changes_nothing():
    source = sine(440, SR)
    assert np.array_equal(retimed(Retime(SR, SR), source), source)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 88_200, 96_000, 44_056])
def test_resampling_keeps_every_sample_in_its_place(rate):
    out = retimed(Retime(rate, SR), sine(440, 2 * rate, rate))
    assert len(out) == 2 * SR
    # Half a sample of shift at 440 Hz would be an error of 0.014.
    inner = slice(300, -300)
    assert np.abs(out[inner] - sine(440, 2 * SR)[inner]).max() < 3e-4


@pytest.mark.parametrize("speed", [0.1, 0.25, 0.5, 0.8, 1.5, 2.0, 3.0, 8.0])
@pytest.mark.parametrize("rate", [22_050, SR])
def test_speed_sets_the_length_and_keeps_the_pitch(speed, rate):
    out = retimed(Retime(rate, SR, speed=speed), sine(440, 2 * rate, rate))
    assert len(out) == round(2 * SR / speed)
    assert loudest_hz(out) == pytest.approx(440, abs=1)


@pytest.mark.parametrize("speed", [0.25, 1.5, 4.0, 1.0001])
def test_without_preserved_pitch_it_follows_the_speed(speed):
    out = retimed(Retime(SR, SR, speed=speed, preserve_pitch=False), sine(440, 2 * SR))
    assert len(out) == round(2 * SR / speed)
    assert loudest_hz(out) == pytest.approx(440 * speed, rel=0.002)


@pytest.mark.parametrize("tone", [0.5, 1.0594631, 1.5, 2.0])
def test_tone_moves_the_pitch_and_keeps_the_length(tone):
    out = retimed(Retime(44_100, SR, tone=tone), sine(440, 88_200, 44_100))
    assert len(out) == 2 * SR
    assert loudest_hz(out) == pytest.approx(440 * tone, abs=1)
    assert np.abs(out[-SR // 50 :]).max() > 0.4, "sounds up to its end"


def test_two_channels_stay_apart():
    source = np.hstack([sine(440, SR), np.zeros((SR, 1), np.float32)])
    out = retimed(Retime(SR, SR, speed=1.5, tone=1.2), source)
    assert np.abs(out[:, 0]).max() > 0.4
    assert np.abs(out[:, 1]).max() < 1e-6


def test_a_source_without_samples_gives_none():
    assert list(Retime(SR, SR, speed=2.0).apply([])) == []


def test_ratio_is_exact_where_the_rates_are():
    assert Retime(44_100, SR).ratio == Fraction(147, 160)
    assert Retime(44_100, SR).tempo == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_refuses_a_speed_that_is_none(speed):
    with pytest.raises(OptionError, match="playbackRate must be a positive number"):
        Retime(SR, SR, speed=speed)


@pytest.mark.parametrize("tone", [0.0, 0.009, 2.01, float("nan")])
def test_refuses_a_tone_out_of_range(tone):
    with pytest.raises(OptionError, match=r"toneFrequency must be .* between 0\.01 and 2"):
        Retime(SR, SR, tone=tone)
