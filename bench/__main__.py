"""`python -m bench`: runs the suite and writes its report."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from bench.measure import adopt_orphans
from bench.pages import PAGES
from bench.places import OUT, ROOT
from bench.plot import write_plot
from bench.renderers import all_renderers
from bench.report import write_report
from bench.results import read_results, write_results
from bench.suite import Options, run_suite

RESULTS, REPORT = ROOT / "out/bench.json", ROOT / "docs/benchmarks.md"
# A quick run must not take the place of a real one.
QUICK_RESULTS, QUICK_REPORT = ROOT / "out/bench-quick.json", ROOT / "out/bench-quick.md"
QUICK_FRAMES = 10
NOTES = ROOT / "docs/benchmarks-notes.md"

Item = TypeVar("Item")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    pages = [page.id for page in PAGES]
    names = [renderer.name for renderer in all_renderers(1)]
    parser.add_argument("--pages", default=",".join(pages), help="of: %(default)s")
    parser.add_argument("--renderers", default=";".join(names), help="of: %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--still-rounds", type=int, default=7)
    parser.add_argument("--chunk-rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=min(8, os.cpu_count() or 1))
    parser.add_argument("--frames", type=int, help="of each page, at most; by default all")
    parser.add_argument(
        "--quick", action="store_true", help="one round of ten frames, to see that all works"
    )
    parser.add_argument("--results", type=Path, help="raw figures, as JSON [out/bench.json]")
    parser.add_argument("--report", type=Path, help="and its plot, .svg [docs/benchmarks.md]")
    parser.add_argument(
        "--report-only", action="store_true", help="from the results that are there"
    )
    arguments = parser.parse_args()
    arguments.results = arguments.results or (QUICK_RESULTS if arguments.quick else RESULTS)
    arguments.report = arguments.report or (QUICK_REPORT if arguments.quick else REPORT)
    return arguments


def picked(known: Mapping[str, Item], names: Sequence[str]) -> list[Item]:
    """Those of the names, in their order."""
    if unknown := set(names) - set(known):
        raise SystemExit(f"there is no {', '.join(unknown)}; only {', '.join(known)}")
    return [known[name] for name in names]


def options_of(arguments: argparse.Namespace) -> Options:
    """What the arguments ask for.

    Raises:
        SystemExit: a page or a renderer has another name.
    """
    pages = {page.id: page for page in PAGES}
    renderers = {r.name: r for r in all_renderers(arguments.concurrency)}
    return Options(
        pages=picked(pages, arguments.pages.split(",")),
        renderers=picked(renderers, arguments.renderers.split(";")),
        rounds=1 if arguments.quick else arguments.rounds,
        still_rounds=1 if arguments.quick else arguments.still_rounds,
        chunk_rounds=1 if arguments.quick else arguments.chunk_rounds,
        concurrency=arguments.concurrency,
        most_frames=QUICK_FRAMES if arguments.quick else arguments.frames,
    )


def main() -> None:
    """Run, keep the results, write the report."""
    arguments = parse()
    options = options_of(arguments)
    if not arguments.report_only:
        adopt_orphans()
        OUT.mkdir(parents=True, exist_ok=True)
        run_suite(options, lambda results: write_results(results, arguments.results))
    results = read_results(arguments.results)
    plot = arguments.report.with_suffix(".svg")
    write_plot(results, plot)
    write_report(results, arguments.report, notes=NOTES, plot=plot.name)


if __name__ == "__main__":
    main()
