"""Ratios of a benchmark and what is concluded from them."""

from __future__ import annotations

import pytest

from bench.findings import goals, losses
from bench.results import median, of_subject, ratio, read_results, write_results


def test_a_ratio_is_taken_within_each_round(results):
    found = ratio(results.renders, "framefleet", "Remotion", "wall_s")
    assert found
    assert (found.low, found.median, found.high) == (0.4, 0.4, 0.5)
    assert str(found) == "0.40 (0.40 to 0.50)"


def test_a_renderer_that_did_not_run_has_no_figures(results):
    assert ratio(results.renders, "framefleet", "another", "wall_s") is None
    assert median(results.renders, "another", "wall_s") is None
    assert of_subject(results.renders, "Holds") == []


def test_medians_are_over_the_rounds(results):
    assert median(results.renders, "Remotion", "cpu_s") == 16.0
    assert median(results.renders, "framefleet", "size_bytes") == 1200


def test_goals_are_met_by_the_median(results):
    assert {goal.about: goal.is_met(goal.ratio) for goal in goals(results)} == {
        "Moving: wall time over that of Remotion": True,
        "Moving: wall time over that of HyperFrames": True,
        "cold still: wall time over that of npx remotion": False,
        "chunked over unchunked: CPU time": False,
    }


def test_goals_are_looked_at_with_the_rivals_settings_too(results):
    beside_remotion, beside_hyperframes, *_ = goals(results)
    assert beside_remotion.at_equal_settings is None
    assert beside_hyperframes.at_equal_settings
    assert not beside_hyperframes.is_met(beside_hyperframes.at_equal_settings)


def test_losses_name_what_a_rival_does_better_and_no_noise(results):
    assert list(losses(results)) == [
        "Moving, beside Remotion: file size 1.20 (1.20 to 1.20).",
        "Moving, beside HyperFrames: file size 1.20 (1.20 to 1.20).",
        "Moving, beside HyperFrames at its settings: PSNR 42.00 dB, theirs 43.00 dB.",
    ]


def test_results_are_read_as_they_were_written(results, tmp_path):
    write_results(results, tmp_path / "bench.json")
    assert read_results(tmp_path / "bench.json") == results


@pytest.mark.parametrize("kind", ["wall_s", "cpu_s", "peak_memory_bytes", "size_bytes"])
def test_every_kind_of_figure_has_a_ratio(results, kind):
    assert ratio(results.renders, "framefleet", "Remotion", kind)
