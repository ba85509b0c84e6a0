"""Runs the suite: every page with every renderer, in turns, and what belongs beside it."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import psutil
from rich.console import Console

from bench.measure import Cost, measure
from bench.pages import STILL_FRAME, STILL_PAGE, Page, Scene, read_scenes
from bench.places import OUT
from bench.quality import count_frames, psnr_db, sampled_frames, take_reference
from bench.renderers import Framefleet, NpxRemotion, Remotion, Renderer, versions
from bench.results import STILL, Conditions, Filmed, Measurement, Results
from bench.rivals import AT_EQUAL_SETTINGS
from framefleet.machine import usable_cores

CHUNKS = 5

Item = TypeVar("Item")
console = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Options:
    """What to run."""

    pages: Sequence[Page]
    renderers: Sequence[Renderer]
    rounds: int
    still_rounds: int
    chunk_rounds: int
    concurrency: int
    most_frames: int | None


@dataclass(slots=True)
class ForeignLoad:
    """How busy other programs keep the machine, from its start until it is read."""

    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    _started: datetime = field(default_factory=lambda: datetime.now(UTC))
    _busy_s: float = field(default_factory=lambda: _busy_s())
    _own_s: float = field(default_factory=lambda: sum(os.times()[:4]))

    def read(self) -> float:
        """Their share of all cores."""
        elapsed = (datetime.now(UTC) - self._started).total_seconds()
        own = sum(os.times()[:4]) - self._own_s
        return max(0.0, (_busy_s() - self._busy_s - own) / (elapsed * self.cores))


def run_suite(options: Options, keep: Callable[[Results], None]) -> None:
    """Everything, stills first: they also bring each program from the disk into memory.

    Args:
        options: what to run.
        keep: is handed what there is after every round, for the case that a later one fails.
    """
    started = datetime.now(UTC)
    load = ForeignLoad()
    scenes = read_scenes()
    stills = time_stills(options, scenes[STILL_PAGE])
    chunked = time_chunking(options, scenes[options.pages[0].id])
    renders: list[Measurement] = []
    filmed: list[Filmed] = []
    for number in range(options.rounds):
        # Every page in each round, so that a slow hour strikes all pages alike.
        for page in options.pages:
            renders += time_page(options, scenes[page.id], number)
            if number == 0:
                filmed.append(look_at(options, scenes[page.id]))
        conditions = Conditions(
            started=started.isoformat(timespec="minutes"),
            processor=_processor(),
            cores=usable_cores(),
            memory_bytes=psutil.virtual_memory().total,
            concurrency=options.concurrency,
            foreign_load=load.read(),
            versions=versions(),
            most_frames=options.most_frames,
        )
        keep(Results(conditions, filmed, renders, stills, chunked))


def time_stills(options: Options, scene: Scene) -> list[Measurement]:
    """A frame with a browser of its own; the first round is not kept."""
    runners = [r for r in options.renderers if r.name not in AT_EQUAL_SETTINGS]
    if any(isinstance(runner, Remotion) for runner in runners):
        runners.append(NpxRemotion(options.concurrency))
    for renderer in runners:
        renderer.prepare(scene, scene.frames)
    found = []
    for number in range(options.still_rounds + 1 if options.still_rounds else 0):
        for renderer in in_turns(runners, number):
            output = OUT / f"{STILL}-{slug(renderer.name)}.png"
            command = renderer.still_command(scene, STILL_FRAME, output)
            cost = _measure(renderer, STILL, command)
            found.append(Measurement(renderer.name, STILL, number, cost))
    return [item for item in found if item.round > 0]


def time_page(options: Options, scene: Scene, number: int) -> list[Measurement]:
    """A page with every renderer, in the order of the round."""
    found = []
    frames = _length(scene, options)
    renderers = [r for r in options.renderers if number == 0 or r.name not in AT_EQUAL_SETTINGS]
    for renderer in in_turns(renderers, number):
        if number == 0:
            renderer.prepare(scene, frames)
        output = film_of(scene.id, renderer)
        cost = _measure(renderer, scene.id, renderer.command(scene, frames, output))
        if (seen := count_frames(output)) != frames:
            raise SystemExit(f"{output} has {seen} frames, not {frames}")
        found.append(Measurement(renderer.name, scene.id, number, cost, output.stat().st_size))
    return found


def look_at(options: Options, scene: Scene) -> Filmed:
    """Compare the films of a page, which are the same in every round, with the page."""
    folder = OUT / f"{scene.id}-reference"
    shutil.rmtree(folder, ignore_errors=True)
    frames = _length(scene, options)
    reference = take_reference(scene, sampled_frames(frames), folder)
    found = {r.name: psnr_db(film_of(scene.id, r), reference) for r in options.renderers}
    for name, value in found.items():
        console.print(f"{scene.id:10} {name:26} {value:6.2f} dB")
    return Filmed(scene.id, scene.width, scene.height, frames, found)


def time_chunking(options: Options, scene: Scene) -> list[Measurement]:
    """One stream, the frames in one chunk or in several: what do chunks cost?"""
    frames = _length(scene, options)
    one_stream = Framefleet(concurrency=1)
    commands = {
        "chunked": ["--chunk-frames", str(-(-frames // CHUNKS))],
        "unchunked": ["--chunk-frames", str(frames)],
    }
    outputs = {name: OUT / f"{scene.id}-{name}.mp4" for name in commands}
    return compare(
        {
            name: [*one_stream.command(scene, frames, outputs[name]), *more]
            for name, more in commands.items()
        },
        subject=scene.id,
        rounds=options.chunk_rounds,
    )


def compare(commands: dict[str, list[str]], *, subject: str, rounds: int) -> list[Measurement]:
    """Time commands against each other, in turns; they are measured under their keys."""
    found = []
    for number in range(rounds):
        for name in in_turns(list(commands), number):
            cost = measure(commands[name], OUT / "last.log")
            _say(subject, name, cost)
            found.append(Measurement(name, subject, number, cost))
    return found


def in_turns(items: Sequence[Item], number: int) -> Sequence[Item]:
    """The order of a round: every other one is the reverse."""
    return items if number % 2 == 0 else items[::-1]


def film_of(page: str, renderer: Renderer) -> Path:
    """Where a renderer's film of a page lies."""
    return OUT / f"{page}-{slug(renderer.name)}.mp4"


def slug(name: str) -> str:
    """The name as part of a file's."""
    return "-".join(name.lower().replace(",", "").split())


def _length(scene: Scene, options: Options) -> int:
    return min(scene.frames, options.most_frames or scene.frames)


def _measure(renderer: Renderer, subject: str, command: list[str]) -> Cost:
    cost = measure(command, OUT / "last.log", renderer.environment())
    _say(subject, renderer.name, cost)
    return cost


def _say(subject: str, name: str, cost: Cost) -> None:
    console.print(
        f"{subject:10} {name:26} {cost.wall_s:6.1f} s wall {cost.cpu_s:6.1f} s CPU "
        f"{cost.peak_memory_bytes / 1e6:6.0f} MB"
    )


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0) - getattr(times, "guest", 0))


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
