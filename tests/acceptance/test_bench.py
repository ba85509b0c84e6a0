"""The benchmark runs, as far as it needs no more than the tests do: without HyperFrames."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.results import read_results

ROOT = Path(__file__).parents[2]


@pytest.mark.alone
@pytest.mark.timeout(120)
def test_a_quick_run_measures_both_and_reports(remotion_site, tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench", "--quick", "--pages", "WebGL"),
            *("--renderers", "framefleet;Remotion"),
            *("--results", tmp_path / "bench.json", "--report", tmp_path / "report.md"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    results = read_results(tmp_path / "bench.json")
    assert [item.renderer for item in results.renders] == ["framefleet", "Remotion"]
    for item in [*results.renders, *results.stills, *results.chunked]:
        assert item.cost.wall_s > 0.1
        assert item.cost.cpu_s > 0.1
        assert item.cost.peak_memory_bytes > 50_000_000
        assert sum(item.cost.cpu_shares.values()) == pytest.approx(1)
    assert {"browser", "renderer"} <= set(results.renders[0].cost.cpu_shares)
    for psnr_db in results.filmed[0].psnr_db.values():
        assert psnr_db > 40
    assert "> **Preliminary**" in (tmp_path / "report.md").read_text()
