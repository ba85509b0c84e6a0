from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.alone

BENCH = Path(__file__).parents[3] / "bench/sound.py"


def figures(timeline):
    command = [sys.executable, str(BENCH), "--here", timeline]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


@pytest.mark.parametrize("timeline", ["hour", "inline"])
def test_an_hour_takes_little_memory_and_time(timeline):
    """CPU time, for the machine may be busy; the threads share it, so the clock shows less."""
    found = figures(timeline)
    assert found["length_s"] == 3600
    assert found["peak_mb"] < 400
    assert found["length_s"] / found["cpu_s"] > 60


def test_hundreds_of_clips_cost_a_few_times_what_decoding_their_files_does():
    found = figures("clips")
    assert found["peak_mb"] < 400
    # Half of them are stretched: 4 to 5 times. Each decoded from its file's start would make it 9.
    assert found["cpu_s"] / found["decode_cpu_s"] < 6
