"""What a run of the suite found, as it is kept in bench.json, and the ratios in it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench.measure import Cost

STILL = "still"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One command, timed. `subject` is a page's id, or `still`."""

    renderer: str
    subject: str
    round: int
    cost: Cost
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where and how the suite ran.

    `foreign_load` is other programs' share of all cores; `most_frames` cut the pages short.
    """

    started: str
    processor: str
    cores: int
    memory_bytes: int
    concurrency: int
    foreign_load: float
    versions: dict[str, str]
    most_frames: int | None


@dataclass(frozen=True, slots=True)
class Filmed:
    """How much of a page was filmed, and how near each renderer came to it, in dB."""

    page: str
    width: int
    height: int
    frames: int
    psnr_db: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run. Chunked and unchunked are both ours, called `chunked` and `unchunked`."""

    conditions: Conditions
    filmed: list[Filmed]
    renders: list[Measurement]
    stills: list[Measurement]
    chunked: list[Measurement]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours over theirs: the median of the rounds, and the lowest and highest."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def ratio(measured: Iterable[Measurement], ours: str, theirs: str, kind: str) -> Ratio | None:
    """Of `wall_s`, `cpu_s`, `peak_memory_bytes` or `size_bytes`; None where one did not run.

    A round's ratio is of the two that ran in it, so that a slow minute strikes both.
    """
    by_round: dict[int, dict[str, float]] = {}
    for item in measured:
        by_round.setdefault(item.round, {})[item.renderer] = value(item, kind)
    found = [r[ours] / r[theirs] for r in by_round.values() if ours in r and r.get(theirs)]
    return Ratio(statistics.median(found), min(found), max(found)) if found else None


def median(measured: Iterable[Measurement], renderer: str, kind: str) -> float | None:
    """Over the rounds of one renderer; None if it did not run."""
    found = [value(item, kind) for item in measured if item.renderer == renderer]
    return statistics.median(found) if found else None


def value(item: Measurement, kind: str) -> float:
    """A figure of a measurement, by its field's name."""
    return float(item.size_bytes if kind == "size_bytes" else getattr(item.cost, kind))


def of_subject(measured: Sequence[Measurement], subject: str) -> list[Measurement]:
    """The measurements of one page."""
    return [item for item in measured if item.subject == subject]


def write_results(results: Results, path: Path) -> None:
    """As indented JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")


def read_results(path: Path) -> Results:
    """What `write_results` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Results)
