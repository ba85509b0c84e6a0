"""Made-up figures of a benchmark."""

from __future__ import annotations

import pytest

from bench.measure import Cost
from bench.results import Conditions, Filmed, Measurement, Results


def measured(renderer, subject, round, wall_s, *, size=1000):
    cost = Cost(wall_s, 2 * wall_s, int(wall_s * 1e8), {"browser": 0.75, "python": 0.25})
    return Measurement(renderer, subject, round, cost, size)


@pytest.fixture
def results():
    """Three rounds in which the machine slows down; a still, and one film in chunks."""
    walls = {
        "framefleet": (2.0, 4.0, 8.0),
        "Remotion": (5.0, 8.0, 20.0),
        "HyperFrames": (4.0, 9.0, 17.0),
        "framefleet as HyperFrames": (4.0, 8.0, 17.0),
    }
    psnr_db = {"framefleet": 42.95, "Remotion": 40.05, "HyperFrames": 43.0}
    return Results(
        conditions=Conditions(
            started="2026-01-02T03:04+00:00",
            processor="a processor",
            cores=2,
            memory_bytes=8_000_000_000,
            concurrency=2,
            foreign_load=0.01,
            versions={"framefleet": "1"},
            most_frames=None,
        ),
        filmed=[Filmed("Moving", 1920, 1080, 300, {**psnr_db, "framefleet as HyperFrames": 42.0})],
        renders=[
            measured(name, "Moving", number, wall_s, size=1200 if name == "framefleet" else 1000)
            for name, rounds in walls.items()
            for number, wall_s in enumerate(rounds)
        ],
        stills=[
            measured("framefleet", "still", 1, 0.5),
            measured("Remotion", "still", 1, 1.0),
            measured("npx remotion", "still", 1, 1.3),
        ],
        chunked=[
            measured("chunked", "Moving", 0, 1.1),
            measured("unchunked", "Moving", 0, 1.0),
        ],
    )
