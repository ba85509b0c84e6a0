"""The report as markdown: conditions, goals, pages, where we lose and where the time goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.findings import Goal, goals, losses
from bench.pages import PAGES, STILL_FRAME, STILL_PAGE
from bench.results import Filmed, Measurement, Results, median, of_subject, ratio
from bench.rivals import OURS, RIVALS

# Other programs' share of the machine from which on figures are not worth keeping.
BUSY = 0.05
FEWEST_ROUNDS = 3
ABOUT = {page.id: page.about for page in PAGES}
NONE = "-"


def write_report(results: Results, path: Path, *, notes: Path, plot: str) -> None:
    """Write the markdown; `notes` is what people wrote by hand, and closes it."""
    parts = [
        *introduction(results, notes.name, plot),
        *goal_table(goals(results)),
        *pages(results),
        *still(results),
        *chunking(results),
        *losing(results),
        *profile(results),
    ]
    if notes.exists():
        parts.append(notes.read_text().strip())
    path.write_text("\n\n".join(parts) + "\n")


def introduction(results: Results, notes: str, plot: str) -> Iterator[str]:
    """What this is, and under which conditions it was made."""
    now = results.conditions
    yield "# Speed beside Remotion and HyperFrames"
    yield (
        f"Made by `make bench`; only what follows “Where the time goes” is written by hand, in "
        f"[{notes}]({notes}). Ratios are ours over theirs, in the same round on the same machine: "
        f"the median, then the lowest and the highest. Below 1 we take less."
    )
    if reasons := preliminary(results):
        yield f"> **Preliminary**: {'; '.join(reasons)}. This shows that the suite works, no more."
    yield f"![Wall time, ours over theirs, for each page]({plot})"
    yield "## Conditions"
    yield table(
        ["", ""],
        [
            ["started", now.started],
            ["machine", f"{now.processor}, {now.cores} cores, {now.memory_bytes / 1e9:.0f} GB"],
            ["other programs", f"{now.foreign_load:.1%} of all cores meanwhile"],
            ["concurrency", f"{now.concurrency} browsers or workers for each renderer"],
            ["encoder", "libx264, crf 18, preset medium, yuv420p, BT.709 limited range"],
            [
                "settings of framefleet",
                "its defaults but for crf and preset: JPEG 97, `--x264-tuning page`",
            ],
            ["framefleet as Remotion", "`--jpeg-quality 80 --x264-tuning none`: all is equal"],
            ["framefleet as HyperFrames", "`--jpeg-quality 100 --x264-tuning none`"],
            ["rounds", "those at a rival's settings are filmed in the first one only"],
            *([name, version] for name, version in now.versions.items()),
        ],
    )
    yield (
        "CPU time is that of every process a renderer started. Memory is the highest sum of their "
        "proportional set sizes, looked at once a second, oftener in short renders. PSNR is over "
        "all pixels and channels of up to 20 frames, decoded by the file's own colour tags, "
        "against PNG frames of the Remotion page that framefleet took."
    )


def preliminary(results: Results) -> list[str]:
    """Why these figures cannot be final; nothing if they can."""
    now = results.conditions
    rounds = {item.round for item in results.renders}
    reasons = []
    if now.foreign_load > BUSY:
        reasons.append(f"other programs used {now.foreign_load:.0%} of the machine")
    if now.most_frames is not None:
        reasons.append(f"at most {now.most_frames} frames of each page were filmed")
    if len(rounds) < FEWEST_ROUNDS:
        reasons.append(f"{len(rounds)} of {FEWEST_ROUNDS} rounds")
    if missing := set(ABOUT) - {filmed.page for filmed in results.filmed}:
        reasons.append(f"without {', '.join(sorted(missing))}")
    return reasons


def goal_table(found: Sequence[Goal]) -> Iterator[str]:
    """Every goal, and whether it is reached."""
    yield "## Goals"
    rows = []
    for goal in found:
        row = [goal.about, f"{goal.limit:.2f}"]
        for measured in (goal.ratio, goal.at_equal_settings):
            if measured:
                row += [str(measured), "yes" if goal.is_met(measured) else "**no**"]
            else:
                row += [NONE, NONE]
        rows.append(row)
    yield table(
        ["ratio", "at most", "as it comes", "reached", "at the rival's settings", "reached"], rows
    )


def pages(results: Results) -> Iterator[str]:
    """A table for each page: medians of all renderers, and the ratios below."""
    yield "## Pages"
    for filmed in results.filmed:
        own = of_subject(results.renders, filmed.page)
        yield f"### {filmed.page}: {ABOUT[filmed.page]}"
        yield f"{filmed.frames} frames, {filmed.width}x{filmed.height}."
        yield measured_table(own, filmed)
        yield ratio_table(own)


def measured_table(measured: Sequence[Measurement], filmed: Filmed) -> str:
    """Medians over the rounds."""
    rows = []
    for name in filmed.psnr_db:
        size = median(measured, name, "size_bytes")
        row = [name, *costs(measured, name), f"{size / 1e3:.0f}" if size else NONE]
        rows.append([*row, f"{filmed.psnr_db[name]:.2f}"])
    return table(["renderer", "wall s", "CPU s", "memory MB", "file kB", "PSNR dB"], rows)


def costs(measured: Sequence[Measurement], name: str) -> list[str]:
    """Wall and CPU seconds and megabytes of a renderer."""
    wall, cpu, memory = (
        median(measured, name, kind) for kind in ("wall_s", "cpu_s", "peak_memory_bytes")
    )
    return [
        f"{wall:.2f}" if wall else NONE,
        f"{cpu:.2f}" if cpu else NONE,
        f"{memory / 1e6:.0f}" if memory else NONE,
    ]


def ratio_table(measured: Sequence[Measurement]) -> str:
    """Ours over each rival's, as it comes and at the rival's settings."""
    kinds = ("wall_s", "cpu_s", "peak_memory_bytes", "size_bytes")
    rows = [
        [f"{ours} / {rival.theirs}"]
        + [str(ratio(measured, ours, rival.theirs, kind) or NONE) for kind in kinds]
        for rival in RIVALS
        for ours in (OURS, rival.equal)
        if ratio(measured, ours, rival.theirs, "wall_s")
    ]
    return table(["ratio", "wall", "CPU", "memory", "file"], rows)


def still(results: Results) -> Iterator[str]:
    """One frame, from the command's start to its end."""
    if not results.stills:
        return
    names = list(dict.fromkeys(item.renderer for item in results.stills))
    yield "## A cold still"
    yield (
        f"Frame {STILL_FRAME} of {STILL_PAGE} as a PNG: `framefleet still`, `remotion still` with "
        f"`npx` and without, `hyperframes snapshot`, each a process and a browser of its own. "
        f"{len({item.round for item in results.stills})} rounds after one that is not kept."
    )
    rows = [[name, *costs(results.stills, name)] for name in names]
    for row, name in zip(rows, names, strict=True):
        against = ratio(results.stills, OURS, name, "wall_s") if name != OURS else None
        row.append(str(against) if against else NONE)
    yield table(["renderer", "wall s", "CPU s", "memory MB", "our wall over theirs"], rows)


def chunking(results: Results) -> Iterator[str]:
    """What it costs to cut a film into chunks."""
    if not results.chunked:
        return
    page = results.chunked[0].subject
    yield "## Chunks"
    yield f"{page} on one browser, in five chunks and in one."
    rows = [[name, *costs(results.chunked, name)] for name in ("chunked", "unchunked")]
    found = [ratio(results.chunked, "chunked", "unchunked", kind) for kind in ("wall_s", "cpu_s")]
    rows.append(["ratio", *(str(item or NONE) for item in found), NONE])
    yield table(["", "wall s", "CPU s", "memory MB"], rows)


def losing(results: Results) -> Iterator[str]:
    """Everything in which a rival did better."""
    yield "## Where we lose"
    found = list(losses(results))
    if not found:
        yield "Nowhere in these figures."
        return
    yield "\n".join(f"- {line}" for line in found)


def profile(results: Results) -> Iterator[str]:
    """CPU time by kind of process."""
    yield "## Where the time goes"
    yield (
        "CPU milliseconds a frame by kind of process, sampled from `/proc` during the timed "
        "renders: the median round's total, divided by what the samples saw."
    )
    for filmed in results.filmed:
        own = of_subject(results.renders, filmed.page)
        rows = []
        for name in filmed.psnr_db:
            total = median(own, name, "cpu_s") or 0.0
            nearest = min(
                (item.cost for item in own if item.renderer == name),
                key=lambda cost: abs(cost.cpu_s - total),
            )
            shares = [
                f"{kind} {share * total / filmed.frames * 1e3:.1f}"
                for kind, share in nearest.cpu_shares.items()
                if share >= 0.01
            ]
            rows.append([name, f"{total / filmed.frames * 1e3:.1f}", ", ".join(shares)])
        yield f"**{filmed.page}**"
        yield table(["renderer", "total", "of which"], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
