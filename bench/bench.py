"""Speed beside Remotion: the same pages, the same encoder settings, taking turns on this machine.

Only ratios within one run mean anything; the machine's own pace drifts. CPU time covers every
process a renderer started, its browsers included.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import av
from rich.console import Console
from rich.table import Table

from framefleet.browser.executable import find_browser

ROOT = Path(__file__).parents[1]
SITE = ROOT / "build/remotion_site"
OUT = ROOT / "out/bench"
RENDERERS = ("framefleet", "remotion")
PR_SET_CHILD_SUBREAPER = 36

console = Console()


@dataclass(frozen=True, slots=True)
class Run:
    """One render: what it cost and what it gave."""

    renderer: str
    composition: str
    wall_s: float
    cpu_s: float
    frames: int
    size_bytes: int


def framefleet_command(composition: str, output: Path, concurrency: int) -> list[str]:
    command = [str(Path(sys.executable).with_name("framefleet")), "render", str(SITE), composition]
    command += ["-o", str(output), "--overwrite", "--crf", "18", "--x264-preset", "medium"]
    command += ["--image-format", "jpeg", "--jpeg-quality", "80", "--color-space", "bt709"]
    return [*command, "--concurrency", str(concurrency)]


def remotion_command(composition: str, output: Path, concurrency: int) -> list[str]:
    command = ["node", str(ROOT / "bench/remotion_peer.mjs"), "--site", str(SITE)]
    command += ["--composition", composition, "--output", str(output)]
    command += ["--browser", str(find_browser().path)]
    return [*command, "--concurrency", str(concurrency)]


def adopt_orphans() -> None:
    """Make us the parent of processes whose own parent ended first, so that their time counts."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def timed(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of the command and of all it started.

    Raises:
        SystemExit: the command failed.
    """
    log = OUT / "last.log"
    redirect = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    start = time.monotonic()
    pid = os.posix_spawnp(
        command[0], command, os.environ, file_actions=[redirect, (os.POSIX_SPAWN_DUP2, 1, 2)]
    )
    cpu_s = 0.0
    wall_s = 0.0
    while True:
        try:
            ended, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return wall_s, cpu_s
        cpu_s += usage.ru_utime + usage.ru_stime
        if ended == pid:
            wall_s = time.monotonic() - start
            if status != 0:
                raise SystemExit(f"{' '.join(command)}\nfailed:\n{log.read_text()}")


def count_frames(video: Path) -> int:
    with av.open(str(video)) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


def measure(renderer: str, composition: str, concurrency: int) -> Run:
    output = OUT / f"{composition}-{renderer}.mp4"
    build = framefleet_command if renderer == "framefleet" else remotion_command
    wall_s, cpu_s = timed(build(composition, output, concurrency))
    run = Run(renderer, composition, wall_s, cpu_s, count_frames(output), output.stat().st_size)
    console.print(
        f"{composition:8} {renderer:10} {wall_s:6.1f} s wall {cpu_s:6.1f} s CPU "
        f"{run.frames} frames {run.size_bytes / 1000:.0f} kB",
        highlight=False,
    )
    return run


def ratios(runs: Sequence[Run], composition: str, field: str) -> list[float]:
    """Our cost over Remotion's, a value for each round."""
    ours, theirs = (
        [
            getattr(run, field)
            for run in runs
            if (run.renderer, run.composition) == (name, composition)
        ]
        for name in RENDERERS
    )
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def table(runs: Sequence[Run], compositions: Sequence[str]) -> Table:
    """Medians over all rounds; ratios are framefleet over Remotion, with their range."""
    result = Table("page", "renderer", "wall s", "CPU s", "wall ratio", "CPU ratio", "kB")
    for composition in compositions:
        for name in RENDERERS:
            own = [run for run in runs if (run.renderer, run.composition) == (name, composition)]
            is_ours = name == "framefleet"
            result.add_row(
                composition,
                name,
                f"{statistics.median(run.wall_s for run in own):.1f}",
                f"{statistics.median(run.cpu_s for run in own):.1f}",
                spread(ratios(runs, composition, "wall_s")) if is_ours else "1",
                spread(ratios(runs, composition, "cpu_s")) if is_ours else "1",
                f"{own[-1].size_bytes / 1000:.0f}",
            )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compositions", nargs="*", default=["Moving", "Holds"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=min(8, os.cpu_count() or 1))
    options = parser.parse_args()

    adopt_orphans()
    OUT.mkdir(parents=True, exist_ok=True)
    runs: list[Run] = []
    for number in range(options.rounds):
        order = RENDERERS if number % 2 == 0 else RENDERERS[::-1]
        for composition in options.compositions:
            runs += [measure(name, composition, options.concurrency) for name in order]

    console.print(table(runs, options.compositions))
    report = {
        "machine": {"cores": os.cpu_count(), "processor": platform.machine()},
        "concurrency": options.concurrency,
        "runs": [asdict(run) for run in runs],
        "ratios": {
            composition: {field: ratios(runs, composition, field) for field in ("wall_s", "cpu_s")}
            for composition in options.compositions
        },
    }
    (OUT.parent / "bench.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
