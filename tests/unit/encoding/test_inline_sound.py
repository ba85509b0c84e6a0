from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from framefleet.domain.sound import InlineSound
from framefleet.encoding.inline_sound import InlineSounds
from framefleet.encoding.mix import mix
from framefleet.errors import MediaError

SR = 48_000
FPS = Fraction(30)


def pcm(*, left, right=0, samples=1600):
    return np.tile(np.array([left, right], "<i2"), samples).tobytes()


def mixed(inline, frames, fps=FPS):
    blocks = mix([], paths={}, fps=fps, frames=frames, sample_rate=SR, inline=inline.tracks)
    return np.concatenate(list(blocks))


def test_frames_lie_where_they_belong_in_any_order(tmp_path):
    inline = InlineSounds(tmp_path, fps=FPS, sample_rate=SR)
    for position in (5, 2, 3):
        inline.write(position, InlineSound(id="a", samples=pcm(left=1000 * position, right=-8192)))
    out = mixed(inline, 8)
    assert len(out) == 8 * 1600
    by_frame = (out[:, 0].reshape(8, 1600) * 32768).round()
    assert [set(row) for row in by_frame] == [{0}, {0}, {2000}, {3000}, {0}, {5000}, {0}, {0}]
    assert set(out[2 * 1600 : 4 * 1600, 1]) == {-0.25}


def test_a_later_write_overwrites_the_overlap(tmp_path):
    inline = InlineSounds(tmp_path, fps=FPS, sample_rate=SR)
    inline.write(0, InlineSound(id="a", samples=pcm(left=16384, samples=1602)))
    inline.write(1, InlineSound(id="a", samples=pcm(left=8192)))
    out = mixed(inline, 2)
    assert set(out[:1600, 0]) == {0.5}
    assert set(out[1600:, 0]) == {0.25}


def test_a_frame_opens_at_the_sample_below_its_time(tmp_path):
    ntsc = Fraction(30000, 1001)
    inline = InlineSounds(tmp_path, fps=ntsc, sample_rate=SR)
    inline.write(1, InlineSound(id="a", samples=pcm(left=16384, samples=10)))
    out = mixed(inline, 2, fps=ntsc)
    assert np.flatnonzero(out[:, 0]).tolist() == list(range(1601, 1611))


def test_tracks_add_up_and_clip_once(tmp_path):
    inline = InlineSounds(tmp_path, fps=FPS, sample_rate=SR)
    for name, level in (("a", 26214), ("b", 26214), ("c", -22938)):
        inline.write(0, InlineSound(id=name, samples=pcm(left=level, right=abs(level))))
    out = mixed(inline, 1)
    assert out[:, 0] == pytest.approx(0.9, abs=1e-4)
    assert set(out[:, 1]) == {1.0}


def test_tone_is_applied_to_the_whole_track(tmp_path):
    inline = InlineSounds(tmp_path, fps=FPS, sample_rate=SR)
    wave = (16384 * np.sin(2 * np.pi * 440 * np.arange(60 * 1600) / SR)).astype("<i2")
    for position in range(60):
        here = np.repeat(wave[position * 1600 : (position + 1) * 1600], 2).tobytes()
        inline.write(position, InlineSound(id="a", samples=here, tone_frequency=1.5))
    out = mixed(inline, 60)
    spectrum = np.abs(np.fft.rfft(out[2000:-2000, 0], 1 << 18))
    assert np.argmax(spectrum) * SR / (1 << 18) == pytest.approx(660, abs=1)
    assert np.abs(out[-480:]).max() > 0.4


def test_refuses_a_tone_that_changes(tmp_path):
    inline = InlineSounds(tmp_path, fps=FPS, sample_rate=SR)
    inline.write(0, InlineSound(id="a", samples=pcm(left=1)))
    with pytest.raises(MediaError, match="toneFrequency must be the same across the entire audio"):
        inline.write(1, InlineSound(id="a", samples=pcm(left=1), tone_frequency=1.5))
