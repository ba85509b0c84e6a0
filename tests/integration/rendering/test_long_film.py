"""Long films: what is left to do after the last chunk, and the memory they take."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.alone

BENCH = Path(__file__).parents[3] / "bench/long.py"


def figures(minutes: float, *options: str) -> dict[str, float]:
    command = [sys.executable, str(BENCH), "--here", str(minutes), *options]
    found: dict[str, float] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    return found


def test_ten_minutes_end_within_a_second_of_their_last_chunk():
    """300 MB of 1080p with music, a voice and 240 clips; all at once it takes 15 s of CPU.

    On a busy machine the clock shows what others do, then CPU time counts.
    """
    found = figures(10)
    assert found["size_mb"] > 250
    assert found["cpu_s"] > 5, "the work was left out"
    assert min(found["last_wall_s"], found["last_cpu_s"]) < 1


def test_memory_does_not_grow_with_the_length():
    """The index of an MP4 is in memory until it is written: half a megabyte a minute."""
    short, long = figures(1, "--size", "small"), figures(6, "--size", "small")
    assert long["peak_mb"] < 250
    assert long["peak_mb"] - short["peak_mb"] < 20
