"""The plot of the report: wall time of each page, ours over each rival's, as an SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from bench.pages import PAGES, STILL_GOAL
from bench.results import Measurement, Ratio, Results, of_subject, ratio
from bench.rivals import OURS, RIVALS

LEFT, RIGHT, TOP = 110, 60, 52
WIDTH, BAR, ROW = 720, 14, 46
COLOURS = {"Remotion": "#2563eb", "HyperFrames": "#d97706"}


@dataclass(frozen=True, slots=True)
class Row:
    """Our wall time over each rival's, by rival; `goal` is that beside Remotion."""

    name: str
    goal: float
    ratios: dict[str, Ratio]
    at_equal_settings: dict[str, Ratio]


def write_plot(results: Results, path: Path) -> None:
    """Bars are medians, lines reach from the lowest to the highest round, marks are goals.

    Dots are the medians at the rival's own settings.
    """
    rows = list(measured(results))
    highest = max(
        [1.0]
        + [ratio.high for row in rows for ratio in row.ratios.values()]
        + [ratio.median for row in rows for ratio in row.at_equal_settings.values()]
    )
    scale = (WIDTH - LEFT - RIGHT) / (highest * 1.05)
    height = TOP + ROW * len(rows) + 34
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12" fill="#1e293b">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        text(LEFT, 18, "Wall time of framefleet over that of"),
        *legend(),
        *axis(scale, highest, height),
    ]
    for number, row in enumerate(rows):
        y = TOP + ROW * number
        lines.append(text(LEFT - 10, y + BAR + 4, row.name, anchor="end"))
        for offset, rival in enumerate(COLOURS):
            if rival in row.ratios:
                lines += bar(y + offset * (BAR + 2), row.ratios[rival], COLOURS[rival], scale)
            if rival in row.at_equal_settings:
                lines.append(dot(y + offset * (BAR + 2), row.at_equal_settings[rival], scale))
        lines.append(mark(y, row.goal, scale))
    path.write_text("\n".join([*lines, "</svg>"]) + "\n")


def measured(results: Results) -> Iterator[Row]:
    """The pages that were filmed, and the still."""
    for page in PAGES:
        own = of_subject(results.renders, page.id)
        yield from _row(page.id, page.goal, own)
    yield from _row("cold still", STILL_GOAL, results.stills)


def _row(name: str, goal: float, measured: Sequence[Measurement]) -> Iterator[Row]:
    def known(ours: Mapping[str, str]) -> dict[str, Ratio]:
        found = {them: ratio(measured, us, them, "wall_s") for them, us in ours.items()}
        return {them: value for them, value in found.items() if value}

    ratios = known({rival.theirs: OURS for rival in RIVALS})
    if ratios:
        yield Row(name, goal, ratios, known({rival.theirs: rival.equal for rival in RIVALS}))


def text(x: float, y: float, words: str, *, anchor: str = "start") -> str:
    # The halo keeps words legible over lines.
    halo = 'paint-order="stroke" stroke="white" stroke-width="3"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {halo}>{escape(words)}</text>'


def legend() -> Iterator[str]:
    x = LEFT + 205
    for rival, colour in COLOURS.items():
        yield f'<rect x="{x}" y="8" width="12" height="12" fill="{colour}"/>'
        yield text(x + 17, 18, rival)
        x += 100
    yield f'<circle cx="{x + 6}" cy="14" r="4" fill="white" stroke="#0f172a"/>'
    yield text(x + 17, 18, "at equal settings")
    yield f'<path d="M{x + 136} 6v16" stroke="#dc2626" stroke-width="2"/>'
    yield text(x + 144, 18, "goal")


def axis(scale: float, highest: float, height: float) -> Iterator[str]:
    step = 0.2 if highest <= 2 else 1.0
    for number in range(int(highest / step) + 1):
        x = LEFT + number * step * scale
        weight = "#64748b" if abs(number * step - 1) < 1e-9 else "#e2e8f0"
        yield f'<path d="M{x:.1f} {TOP - 8}V{height - 28}" stroke="{weight}"/>'
        yield text(x, height - 12, f"{number * step:.1f}", anchor="middle")


def bar(y: float, value: Ratio, colour: str, scale: float) -> Iterator[str]:
    width, low, high = (share * scale for share in (value.median, value.low, value.high))
    middle = y + BAR / 2
    yield f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'
    yield f'<path d="M{LEFT + low:.1f} {middle}H{LEFT + high:.1f}" stroke="#0f172a"/>'
    yield text(LEFT + max(width, high) + 6, y + 11, f"{value.median:.2f}")


def dot(y: float, value: Ratio, scale: float) -> str:
    x = LEFT + value.median * scale
    return f'<circle cx="{x:.1f}" cy="{y + BAR / 2}" r="4" fill="white" stroke="#0f172a"/>'


def mark(y: float, goal: float, scale: float) -> str:
    x = LEFT + goal * scale
    return f'<path d="M{x:.1f} {y - 3}v{BAR + 5}" stroke="#dc2626" stroke-width="2"/>'
