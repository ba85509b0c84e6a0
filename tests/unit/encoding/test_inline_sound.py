from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from framefleet.domain.sound import InlineTrack
from framefleet.encoding.inline_sound import InlineFile
from framefleet.encoding.mix import TimelinePart, mix
from framefleet.errors import MediaError

SR = 48_000
FPS = Fraction(30)


def pcm(*, left, right=0, samples=1600):
    return np.tile(np.array([left, right], "<i2"), samples).tobytes()


def track(id="a", *blocks, tone=1.0):
    """Blocks of (position in frames, samples), and the samples as a file holds them."""
    rows, offset = [], 0
    for position, samples in blocks:
        rows.append((*Fraction(position).as_integer_ratio(), offset, len(samples)))
        offset += len(samples)
    packed = np.array(rows, "<i8").tobytes()
    return InlineTrack(id=id, tone_frequency=tone, blocks=packed), b"".join(s for _, s in blocks)


@pytest.fixture
def mixed(tmp_path):
    def mix_tracks(*tracks, frames, fps=FPS, start=0):
        """Mix tracks that all come in one chunk, whose first frame is `start`."""
        path = tmp_path / "inline.pcm"
        placed, data = [], b""
        for described, samples in tracks:
            rows = np.frombuffer(described.blocks, "<i8").reshape(-1, 4).copy()
            rows[:, 2] += len(data)
            placed.append(replace(described, blocks=rows.tobytes()))
            data += samples
        path.write_bytes(data)
        part = TimelinePart(stop=frames, inline=InlineFile(path, start, tuple(placed)))
        return np.concatenate(list(mix([part], fps=fps, frames=frames, sample_rate=SR)))

    return mix_tracks


def test_blocks_lie_where_they_belong(mixed):
    blocks = [(n, pcm(left=1000 * n, right=-8192)) for n in (2, 3, 5)]
    out = mixed(track("a", *blocks), frames=8)
    assert len(out) == 8 * 1600
    by_frame = (out[:, 0].reshape(8, 1600) * 32768).round()
    assert [set(row) for row in by_frame] == [{0}, {0}, {2000}, {3000}, {0}, {5000}, {0}, {0}]
    assert set(out[2 * 1600 : 4 * 1600, 1]) == {-0.25}


def test_of_an_overlap_the_later_block_counts(mixed):
    blocks = [(0, pcm(left=16384, samples=1602)), (1, pcm(left=8192))]
    out = mixed(track("a", *blocks), frames=2)
    assert set(out[:1600, 0]) == {0.5}
    assert set(out[1600:, 0]) == {0.25}


def test_a_block_opens_at_the_sample_at_or_below_its_time(mixed):
    ntsc = Fraction(30000, 1001)
    out = mixed(track("a", (1, pcm(left=16384, samples=10))), frames=2, fps=ntsc)
    assert np.flatnonzero(out[:, 0]).tolist() == list(range(1601, 1611))
    # The whole is floored, not the chunk's start and the block's place in it.
    out = mixed(track("a", (1, pcm(left=16384, samples=10))), frames=9, fps=ntsc, start=3)
    assert np.flatnonzero(out[:, 0]).tolist() == list(range(6406, 6416))


def test_tracks_add_up_and_clip_once(mixed):  # checklist 88
    out = mixed(
        *(
            track(name, (0, pcm(left=level, right=abs(level))))
            for name, level in (("a", 26214), ("b", 26214), ("c", -22938))
        ),
        frames=1,
    )
    assert out[:, 0] == pytest.approx(0.9, abs=1e-4)
    assert set(out[:, 1]) == {1.0}


def test_tone_is_applied_to_the_whole_track(mixed):  # checklist 86
    wave = (16384 * np.sin(2 * np.pi * 440 * np.arange(60 * 1600) / SR)).astype("<i2")
    blocks = [(n, np.repeat(part, 2).tobytes()) for n, part in enumerate(wave.reshape(60, 1600))]
    out = mixed(track("a", *blocks, tone=1.5), frames=60)
    spectrum = np.abs(np.fft.rfft(out[2000:-2000, 0], 1 << 18))
    assert np.argmax(spectrum) * SR / (1 << 18) == pytest.approx(660, abs=1)
    assert np.abs(out[-480:]).max() > 0.4


def test_refuses_a_tone_that_changes(mixed):
    with pytest.raises(MediaError, match="toneFrequency must be the same across the entire audio"):
        mixed(track("a", (0, pcm(left=1))), track("a", (0, pcm(left=1)), tone=1.5), frames=2)


def chunks_of(folder, blocks, frames, cut, *, tone):
    """Blocks of (frame, samples) as chunks of `cut` frames record them: parts of a timeline."""
    for start in range(0, frames, cut):
        inside = [(n - start, samples) for n, samples in blocks if start <= n < start + cut]
        described, data = track("a", *inside, tone=tone)
        path = folder / f"{cut}-{start}.pcm"
        path.write_bytes(data)
        inline = InlineFile(path, start, (described,)) if inside else None
        yield TimelinePart(stop=min(frames, start + cut), inline=inline)


@pytest.mark.parametrize("tone", [1.0, 1.3, 0.6])
@pytest.mark.parametrize("fps", [FPS, Fraction(30000, 1001)])
@pytest.mark.parametrize("seed", range(4))
def test_a_track_is_the_same_however_a_film_is_cut(tmp_path, seed, fps, tone):
    """Blocks that overlap, by samples or by many frames, and gaps, short and long."""
    dice = np.random.default_rng(seed)
    frames, blocks, n = 150, [], 0
    while n < frames:
        count = dice.choice([1601, 1602, 1700, 9000])
        blocks.append((n, dice.integers(-9000, 9000, 2 * count).astype("<i2").tobytes()))
        n += int(dice.choice([1, 1, 1, 1, 1, 1, 1, 2, 6, 20]))

    def mixed_in(cut):
        parts = chunks_of(tmp_path, blocks, frames, cut, tone=tone)
        return np.concatenate(list(mix(parts, fps=fps, frames=frames, sample_rate=SR)))

    whole = mixed_in(frames)
    assert len(whole) == round(frames * SR / fps)
    assert np.abs(whole).max() > 0.2
    for cut in (1, 7, 40):
        assert np.array_equal(mixed_in(cut), whole)
