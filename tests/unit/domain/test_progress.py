"""Progress lies in [0, 1] and never falls, whatever happens to the chunks."""

from __future__ import annotations

import random

import pytest

from framefleet.domain.events import ChunkProgressed
from framefleet.domain.progress import ProgressTally, RenderProgress, RenderStage
from tests.plans import plan_of


def tally(frames: int = 90, chunks: int = 3, started_s: float = 100.0) -> ProgressTally:
    return ProgressTally(plan_of(chunks, -(-frames // chunks), frames), started_s)


def test_nothing_is_done_at_the_start():
    now = tally().now(100.0)
    assert (now.progress, now.frames_rendered, now.frames_encoded, now.chunks_done) == (0, 0, 0, 0)
    assert (now.frames_total, now.chunks_total, now.time_left_s) == (90, 3, None)


def test_speed_and_time_left_follow_the_encoded_frames():
    counts = tally()
    counts.chunk_progressed(ChunkProgressed(1, 30, 20))
    now = counts.now(104.0)
    assert (now.frames_rendered, now.frames_encoded) == (30, 20)
    assert now.frames_per_second == pytest.approx(5)
    assert now.time_left_s == pytest.approx(14)


def test_chunks_of_an_earlier_run_say_nothing_about_speed():
    counts = tally()
    counts.chunk_done(0, resumed=True)
    assert counts.now(101.0).frames_per_second == 0
    assert counts.now(101.0).time_left_s is None
    counts.chunk_progressed(ChunkProgressed(1, 10, 10))
    assert counts.now(101.0).frames_per_second == pytest.approx(10)
    assert counts.now(101.0).frames_encoded == 40


def test_the_end_is_exactly_one():
    counts = tally()
    for chunk in range(3):
        assert counts.now(101.0).stage is RenderStage.RENDERING
        counts.chunk_done(chunk)
    assert counts.now(101.0).progress == pytest.approx(0.95)
    assert counts.now(101.0).stage is RenderStage.ASSEMBLING
    counts.frames_assembled(90)
    assert counts.now(101.0).progress == pytest.approx(1)
    counts.stage = RenderStage.DONE
    assert counts.now(102.0).progress == 1.0
    assert counts.now(102.0).time_left_s == 0


def test_what_is_assembled_beside_the_chunks_counts_at_once():
    counts = tally()
    counts.chunk_done(0)
    counts.frames_assembled(30)
    now = counts.now(101.0)
    assert now.stage is RenderStage.RENDERING
    assert now.progress == pytest.approx(1 / 3)
    counts.frames_assembled(0)  # the file is begun anew
    assert counts.now(102.0).progress == now.progress


def test_chunks_that_are_all_there_are_only_assembled():
    counts = tally()
    for chunk in range(3):
        counts.chunk_done(chunk, resumed=True)
    assert counts.now(100.0).stage is RenderStage.ASSEMBLING


@pytest.mark.parametrize("seed", range(20))
def test_progress_never_falls_even_where_attempts_begin_again(seed):
    choose = random.Random(seed)
    counts = tally(frames=97, chunks=5)
    lengths = [len(chunk) for chunk in counts.plan.chunks]
    seen: list[RenderProgress] = [counts.now(100.0)]
    for chunk in choose.sample(range(5), 5):
        for _ in range(choose.randint(1, 3)):
            filmed = encoded = 0
            while filmed < lengths[chunk] and choose.random() > 0.05:
                filmed += 1
                encoded = choose.randint(encoded, filmed)
                counts.chunk_progressed(ChunkProgressed(chunk, filmed, encoded))
                seen.append(counts.now(100.0 + len(seen)))
            counts.retries += 1
        counts.chunk_done(chunk)
        seen.append(counts.now(100.0 + len(seen)))
        counts.frames_assembled(choose.randint(0, counts.now(100.0).frames_encoded))
        seen.append(counts.now(100.0 + len(seen)))
    for written in range(0, 98, 7):
        counts.frames_assembled(written)
        seen.append(counts.now(100.0 + len(seen)))
    counts.stage = RenderStage.DONE
    seen.append(counts.now(100.0 + len(seen)))
    values = [progress.progress for progress in seen]
    assert values == sorted(values)
    assert 0 <= values[0] <= values[-1] == 1.0
    assert all(now.frames_encoded <= now.frames_rendered <= 97 for now in seen)
