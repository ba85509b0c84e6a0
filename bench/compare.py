"""`python -m bench.compare PAGE 'OPTIONS' 'OTHER OPTIONS'`: two ways to call framefleet, in turns.

The options go to `framefleet render` besides crf and preset; ratios are first over second.
"""

from __future__ import annotations

import argparse
import os
import shlex

from bench.measure import adopt_orphans
from bench.pages import read_scenes
from bench.places import OUT
from bench.renderers import Framefleet
from bench.results import ratio
from bench.suite import compare


def main() -> None:
    """Time both, print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("page")
    parser.add_argument("options", nargs=2, help="such as '--chunk-frames 60', in quotes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, help="of the page; by default all")
    parser.add_argument("--concurrency", type=int, default=min(8, os.cpu_count() or 1))
    arguments = parser.parse_args()

    adopt_orphans()
    OUT.mkdir(parents=True, exist_ok=True)
    scene = read_scenes()[arguments.page]
    frames = min(scene.frames, arguments.frames or scene.frames)
    first, second = (options or "as it is" for options in arguments.options)
    base = Framefleet(arguments.concurrency).command(scene, frames, OUT / "compared.mp4")
    commands = {
        name: [*base, *shlex.split(options)]
        for name, options in zip((first, second), arguments.options, strict=True)
    }
    measured = compare(commands, subject=scene.id, rounds=arguments.rounds)
    for kind in ("wall_s", "cpu_s", "peak_memory_bytes"):
        print(f"{kind:18} {ratio(measured, first, second, kind)}")  # noqa: T201  its result


if __name__ == "__main__":
    main()
